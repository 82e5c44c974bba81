"""Content-Digest: what a message's content hashes to, written and checked (RFC 9530 section 2)."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

import http_sf

FIELD_LIMIT_CHARACTERS: Final = 1024

# RFC 9530 section 5; the other registered algorithms are insecure.
_HASHES: Final[dict[str, Callable[[bytes], Any]]] = {
    "sha-256": hashlib.sha256,
    "sha-512": hashlib.sha512,
}


class DigestRefused(ValueError):
    """A digest that is not of this content; the text is fit for the sender's eyes."""


def content_digest(content: bytes) -> str:
    """The field's value for the content, by SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


def check_content_digest(value: str, content: bytes) -> None:
    """Raises ``DigestRefused`` unless the field vouches for the content.

    At least one of sha-256 and sha-512 must be there, and each that is there must match; digests
    by other algorithms are passed over, as RFC 9530 section 2 allows.
    """
    if len(value) > FIELD_LIMIT_CHARACTERS:
        raise DigestRefused("Content-Digest is too long.")
    try:
        members: dict[str, Any] = http_sf.parse(  # type: ignore[assignment]
            value.encode("latin-1"), tltype="dictionary", on_duplicate_key=_refuse_repeated
        )
    except ValueError as error:
        raise DigestRefused("Content-Digest is not a dictionary of byte sequences.") from error
    known = [name for name in members if name in _HASHES]
    if not known:
        raise DigestRefused("Content-Digest holds no sha-256 and no sha-512.")
    for name in known:
        stated = members[name][0]
        if not isinstance(stated, bytes):
            raise DigestRefused(f"The {name} of Content-Digest is not a byte sequence.")
        if not hmac.compare_digest(stated, _HASHES[name](content).digest()):
            raise DigestRefused(f"The {name} of Content-Digest is not that of the body received.")


def _refuse_repeated(name: str, context: str) -> None:
    raise DigestRefused(f"Content-Digest repeats the {context} {name}.")
