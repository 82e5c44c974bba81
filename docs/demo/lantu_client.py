"""A client for Lantu's own dialect: signed parameters out, signed JSON back, signed forms in.

Requests sign the sorted ``k=v`` pairs of everything but ``sign``; answers sign the raw text of
their one member; notifications leave out ``sign_type`` too. All with RSASSA-PKCS1-v1_5, SHA-256.
"""

import base64
import json
import time
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qsl, urlencode

import keyring
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from keyring import Partner
from receiver import Accepted
from wire import Ask, Broken, Exchange, Wire

DIALECT = "lantu"
GATEWAY_PATH = f"/dialects/{DIALECT}/gateway.do"
SUCCESS = "10000"
ACKNOWLEDGEMENT = b"success"
ZONE = timezone(timedelta(hours=8))
FORM = "application/x-www-form-urlencoded;charset=utf-8"


class LantuClient:
    """Asks and checks in the dialect; an answer that does not verify is no answer."""

    def __init__(self, wire: Wire, address: str, partner: Partner) -> None:
        self._wire = wire
        self._url = address + GATEWAY_PATH
        self._partner = partner
        pem = partner.client["dialects"][DIALECT]
        key = serialization.load_pem_public_key(pem.encode())
        if not isinstance(key, rsa.RSAPublicKey):
            raise TypeError("the bank's key is not RSA")
        self._bank_key = key
        self._signed: set[bytes] = set()

    def ask(
        self, verb: str, method: str, content: dict[str, Any], *fields: str, grant: str = ""
    ) -> tuple[Exchange, dict[str, Any]]:
        """One request; the verified members of its answer, whether success or failure.

        ``verb`` POST sends a form, GET puts everything into the query, as older clients do.
        """
        parameters = self._signed_parameters(method, content, grant)
        body = urlencode(parameters)
        told = (f"method: {method}", *fields, "sign: RSA2")
        if verb == "GET":
            exchange = self._wire.send(Ask("GET", f"{self._url}?{body}", {}), *told)
        else:
            headers = {"Content-Type": FORM}
            exchange = self._wire.send(Ask("POST", self._url, headers, body.encode()), *told)
        return exchange, self._verified(exchange.expect(200), method)

    def verify_notification(self, headers: Mapping[str, str], body: bytes) -> Accepted:
        """The fields of a signed notification, to be answered with exactly ``success``."""
        if not headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            raise Broken("the notification is not a form")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        text = _sorted_pairs(form, omitted=("sign", "sign_type"))
        self._check(form.get("sign", ""), text, "the notification")
        if form["app_id"] != self._partner.client_id:
            raise Broken("the notification is addressed to somebody else")
        return Accepted(form, ACKNOWLEDGEMENT)

    def _signed_parameters(
        self, method: str, content: dict[str, Any], grant: str
    ) -> dict[str, str]:
        parameters = {
            "app_id": self._partner.client_id,
            "method": method,
            "format": "JSON",
            "charset": "utf-8",
            "sign_type": "RSA2",
            "version": "1.0",
            "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
        }
        if grant:
            parameters["auth_token"] = grant
        while True:
            parameters["timestamp"] = datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")
            text = _sorted_pairs(parameters, omitted=("sign",))
            if text not in self._signed:
                break
            # The dialect has no nonce: the same words within one second would be a replay.
            time.sleep(0.1)
        self._signed.add(text)
        signature = keyring.rsa_signature(self._partner.dialect_key, text)
        return parameters | {"sign": base64.b64encode(signature).decode()}

    def _verified(self, exchange: Exchange, method: str) -> dict[str, Any]:
        text = exchange.reply.body.decode()
        key = method.replace(".", "_") + "_response"
        head, tail = f'{{"{key}":', ',"sign":"'
        if not text.startswith(head) or tail not in text or not text.endswith('"}'):
            raise Broken(f"the answer is not a signed {key}: {text[:200]}")
        # The bank signs the member's text as sent, so it is cut out and never re-encoded.
        value, _, signature = text[len(head) : -2].rpartition(tail)
        self._check(signature, value.encode(), "the answer")
        members = json.loads(value)
        if not isinstance(members, dict):
            raise Broken("the answer is not an object")
        return members

    def _check(self, signature: str, text: bytes, what: str) -> None:
        try:
            raw = base64.b64decode(signature, validate=True)
            self._bank_key.verify(raw, text, padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, InvalidSignature):
            raise Broken(f"the bank's signature on {what} does not verify") from None


def _sorted_pairs(parameters: Mapping[str, str], omitted: tuple[str, ...]) -> bytes:
    pairs = sorted(parameters.items())
    return "&".join(
        f"{name}={value}" for name, value in pairs if value and name not in omitted
    ).encode()
