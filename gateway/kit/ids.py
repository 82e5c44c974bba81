"""Names and secrets: readable ids for resources, unguessable values for credentials."""

import hashlib
import secrets

# 32 letters that nobody mistakes for one another, none of them a capital.
_LETTERS = b"0123456789abcdefghjkmnpqrstvwxyz"
# A letter for each byte, by its five lowest bits: all letters alike often.
_LETTER_OF_BYTE = _LETTERS * (256 // len(_LETTERS))
_ID_LETTERS = 26


def new_id(prefix: str) -> str:
    """A fresh id such as ``ord_3k...`` with 130 random bits in a case-safe alphabet."""
    return f"{prefix}_{secrets.token_bytes(_ID_LETTERS).translate(_LETTER_OF_BYTE).decode()}"


def new_secret() -> str:
    """A fresh credential of 256 bits, URL-safe (FAPI 2.0 SP 5.4.1-4 asks for at least 128)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """How a credential is stored: SHA-256 in hexadecimal.

    A plain hash suffices because every credential stored so carries 256 random bits.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
