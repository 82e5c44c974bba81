"""A partner's keys: made once, kept in a file that only its owner can read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from joserfc import jwt
from joserfc.jwk import ECKey

ALGORITHM = "ES256"


@dataclass(frozen=True)
class Partner:
    """A partner as it knows itself: who it is at the bank, and the private halves of its keys.

    Every purpose has a key of its own: one speaks for the client (it authenticates, and signs
    messages), one proves possession of tokens (DPoP), one signs the dialect's requests.
    """

    client: dict[str, Any]
    client_key: ECKey
    dpop_key: ECKey
    dialect_key: rsa.RSAPrivateKey

    @property
    def client_id(self) -> str:
        """The client's id at the bank."""
        return str(self.client["client_id"])


def new_keys() -> dict[str, Any]:
    """Fresh private keys for all purposes, as they are stored."""
    dialect_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = dialect_key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "client_key": ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True),
        "dpop_key": ECKey.generate_key("P-256", auto_kid=True).as_dict(private=True),
        "dialect_key_pem": pem.decode(),
    }


def public_jwk(private: dict[str, Any]) -> dict[str, Any]:
    """What a partner publishes of a key."""
    key = ECKey.import_key(private)
    return dict(key.as_dict(private=False)) | {"alg": ALGORITHM, "use": "sig"}


def public_pem(private_pem: str) -> str:
    """The public half of a PEM private key."""
    key = serialization.load_pem_private_key(private_pem.encode(), None)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return public.decode()


def save(path: Path, document: dict[str, Any]) -> None:
    """Writes a secret file whole or not at all, readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """What ``save`` wrote, or ``None`` when there is no such file or it cannot be read."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def partner(document: dict[str, Any]) -> Partner:
    """The partner in a stored document."""
    keys = document["keys"]
    dialect_key = serialization.load_pem_private_key(keys["dialect_key_pem"].encode(), None)
    if not isinstance(dialect_key, rsa.RSAPrivateKey):
        raise TypeError("the dialect key is not RSA")
    return Partner(
        document["client"],
        ECKey.import_key(keys["client_key"]),
        ECKey.import_key(keys["dpop_key"]),
        dialect_key,
    )


def signed_jwt(key: ECKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A compact JWS over the claims."""
    return str(jwt.encode({"alg": ALGORITHM} | header, claims, key, algorithms=[ALGORITHM]))


def raw_signature(key: ECKey, text: bytes) -> bytes:
    """ES256 over the text as it is: r and s side by side, 32 bytes each (RFC 7518 section 3.4)."""
    r, s = utils.decode_dss_signature(key.private_key.sign(text, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verifies_raw(key: ECKey, text: bytes, signature: bytes) -> bool:
    """Whether ``raw_signature`` by the key's private half made the signature."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        key.public_key.verify(utils.encode_dss_signature(r, s), text, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def rsa_signature(key: rsa.RSAPrivateKey, text: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 with SHA-256, which the dialect calls RSA2."""
    return key.sign(text, padding.PKCS1v15(), hashes.SHA256())
