"""Names and secrets: readable ids for resources, unguessable values for credentials."""

import hashlib
import secrets

# 32 letters that nobody mistakes for one another, none of them a capital; written in pairs,
# because the standard library's base 32 is several times slower.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]


def new_id(prefix: str) -> str:
    """A fresh id such as ``ord_3k...`` with 130 random bits in a case-safe alphabet."""
    bits = secrets.randbits(130)
    return f"{prefix}_{''.join([_PAIRS[bits >> shift & 1023] for shift in range(0, 130, 10)])}"


def new_secret() -> str:
    """A fresh credential of 256 bits, URL-safe (FAPI 2.0 SP 5.4.1-4 asks for at least 128)."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """How a credential is stored: SHA-256 in hexadecimal.

    A plain hash suffices because every credential stored so carries 256 random bits.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
