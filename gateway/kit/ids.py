"""Names and secrets: readable ids for resources, unguessable values for credentials."""

import base64
import hashlib
import secrets

# RFC 4648's base 32 in letters that nobody mistakes for one another, none of them a capital.
_LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghjkmnpqrstvwxyz")


def new_id(prefix: str) -> str:
    """A fresh id such as ``ord_3k...`` with 130 random bits in a case-safe alphabet."""
    letters = base64.b32encode(secrets.token_bytes(20))[:26].translate(_LETTERS)
    return f"{prefix}_{letters.decode()}"


def new_secret() -> str:
    """A fresh credential of 256 bits, URL-safe (FAPI 2.0 SP 5.4.1-4 asks for at least 128)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """How a credential is stored: SHA-256 in hexadecimal.

    A plain hash suffices because every credential stored so carries 256 random bits.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
