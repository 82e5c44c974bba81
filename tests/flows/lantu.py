"""A small client of Lantu's dialect: signed parameters out, and whether the answer was signed."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.flows.wire import Line

PATH = "/dialects/lantu/gateway.do"
_ZONE = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class LantuClient:
    """Signs for one client and checks the bank's signature on every answer."""

    line: Line
    client_id: str
    key: rsa.RSAPrivateKey
    bank_pem: str
    clock: Callable[[], float]

    def ask(self, method: str, content: dict[str, Any], grant: str = "") -> dict[str, Any]:
        """The members of the answer, success or failure."""
        parameters = {
            "app_id": self.client_id,
            "method": method,
            "charset": "utf-8",
            "sign_type": "RSA2",
            "version": "1.0",
            "timestamp": datetime.fromtimestamp(self.clock(), _ZONE).strftime("%Y-%m-%d %H:%M:%S"),
            "biz_content": json.dumps(content, ensure_ascii=False),
        }
        if grant:
            parameters["auth_token"] = grant
        text = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        signed = parameters | {"sign": base64.b64encode(signature).decode()}
        return self._verified(self.line.send("POST", PATH, form=signed).text)

    def _verified(self, text: str) -> dict[str, Any]:
        value, _, signature = text[text.index(":") + 1 : -2].rpartition(',"sign":"')
        key = serialization.load_pem_public_key(self.bank_pem.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(base64.b64decode(signature), value.encode(), padding.PKCS1v15(), hashes.SHA256())
        members: dict[str, Any] = json.loads(value)
        return members


def new_dialect_key() -> tuple[rsa.RSAPrivateKey, str]:
    """A private key and its public half as the registration takes it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, key.public_key().public_bytes(*form).decode()
