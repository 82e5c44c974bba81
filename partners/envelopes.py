"""Envelopes: percent-encoded forms and compact JSON, read strictly and written exactly."""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes

import msgspec

from contracts.errors import MalformedBody

BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
FORM = "application/x-www-form-urlencoded"

Pairs = list[tuple[str, str]]


def read_form(raw: bytes, most: int) -> Pairs:
    """The pairs of a form in order, repeats kept; at most ``most`` of them.

    Refuses with MalformedBody: a pair without ``=``, a broken escape, text that is not UTF-8.
    """
    if not raw:
        return []
    parts = raw.split(b"&", most)
    if len(parts) > most:
        raise MalformedBody(f"more than {most} parameters")
    pairs: Pairs = []
    for part in parts:
        name, equals, value = part.partition(b"=")
        if not equals or not name:
            raise MalformedBody("a parameter is not written as name=value")
        pairs.append((_unescape(name), _unescape(value)))
    return pairs


def write_form(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The form of these pairs: UTF-8, space as ``+``, everything unsafe escaped."""
    return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


def is_form(content_type: str) -> bool:
    """Whether a media type announces a form in UTF-8, said or left unsaid."""
    media_type, *settings = (part.strip().lower() for part in content_type.split(";"))
    charsets = {part.removeprefix("charset=").strip('"') for part in settings if "charset=" in part}
    return media_type == FORM and charsets <= {"utf-8", "utf8"}


def read_object(text: str) -> dict[str, Any]:
    """A JSON object read strictly; refuses doubled members, NaN, lone surrogates, deep nesting."""
    try:
        # msgspec judges the grammar, surrogates and depth; json then sees doubled members.
        msgspec.json.decode(text)
        value = json.loads(text, object_pairs_hook=_members)
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise MalformedBody("the content is not well-formed JSON") from None
    if not isinstance(value, dict):
        raise MalformedBody("the content is not a JSON object")
    return value


def write_json(value: Any, *, escape_braces: bool = False) -> str:
    """Compact JSON text, non-ASCII as it is.

    With ``escape_braces`` every brace inside a string is written as an escape, so that a client
    that finds the end of an object by counting braces finds the right one.
    """
    text = msgspec.json.encode(value).decode()
    if not escape_braces:
        return text
    return JSON_STRING.sub(_escape_braces, text)


def _escape_braces(match: re.Match[str]) -> str:
    return match[0].replace("{", "\\u007b").replace("}", "\\u007d")


def _unescape(raw: bytes) -> str:
    if BAD_ESCAPE.search(raw):
        raise MalformedBody("a percent escape is broken")
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise MalformedBody("the form is not UTF-8") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is sent more than once")
    return members
