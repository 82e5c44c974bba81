"""Cached answers: JSON with a strong entity tag, and 304 for whoever has it already (RFC 9110)."""

import hashlib
import re
from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec
from litestar import Response

Document = TypeVar("Document", bound=msgspec.Struct)
_TAG: Final = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_encode = msgspec.json.Encoder().encode


def cached_answer(
    document: Document, if_none_match: str | None, headers: Mapping[str, str]
) -> Response[Document]:
    """The document, or 304 without a body when ``if_none_match`` names its tag.

    ``headers`` say how long it may be kept and what it depends on; both answers carry them, as
    section 15.4.5 wants it.
    """
    body = _encode(document)
    tag = f'"{hashlib.sha256(body).hexdigest()}"'
    known = if_none_match is not None and _names(if_none_match, tag)
    return Response(
        b"" if known else body,  # type: ignore[arg-type]
        status_code=304 if known else 200,
        media_type="application/json",
        headers={"ETag": tag, **headers},
    )


def _names(field: str, tag: str) -> bool:
    """Section 13.1.2: any tag, or one that is the same but for its weakness."""
    if field.strip() == "*":
        return True
    return any(entry.removeprefix("W/") == tag for entry in _TAG.findall(field))
