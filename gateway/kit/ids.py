"""Names and secrets: readable ids for resources, unguessable values for credentials."""

import base64
import hashlib
import secrets

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_id(prefix: str) -> str:
    """A fresh id such as ``ord_3k...`` with 130 random bits in a case-safe alphabet."""
    bits = int.from_bytes(secrets.token_bytes(17), "big")
    letters = []
    for _ in range(26):
        letters.append(_ALPHABET[bits & 31])
        bits >>= 5
    return f"{prefix}_{''.join(letters)}"


def new_secret() -> str:
    """A fresh credential of 256 bits, URL-safe (FAPI 2.0 SP 5.4.1-4 asks for at least 128)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """How a credential is stored: SHA-256, base64url without padding.

    A plain hash suffices because every credential stored so carries 256 random bits.
    """
    raw = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
