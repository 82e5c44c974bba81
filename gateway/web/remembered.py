"""Remembered refusals: an error as it is stored under its key, to be raised again word for word."""

from typing import Any, Final

import msgspec

from contracts import errors

# Backwards, because a room's own kind shares the code of its parent, which stands before it.
_KINDS: Final = {kind.code: kind for kind in reversed(errors.tree())}


class _Document(msgspec.Struct, frozen=True):
    code: str
    detail: str
    extras: dict[str, Any]


def remember(error: errors.GatewayError, interaction_id: str) -> bytes:
    """The error without any voice, so that native routes and dialects can each speak it again.

    ``instance`` names the request that met it (RFC 9457 section 3.1.5), also in every replay.
    """
    extras = {**error.extras, "instance": f"urn:uuid:{interaction_id}"}
    return msgspec.json.encode(_Document(error.code, error.detail, extras))


def recall(body: bytes, *, replayed: bool = False) -> errors.GatewayError:
    """The error that ``remember`` kept; ``replayed`` marks the answer as a repetition.

    The first answer is recalled too, so that it and every replay are the same bytes.
    """
    document = msgspec.json.decode(body, type=_Document)
    error = _KINDS[document.code](document.detail, **document.extras)
    return error.with_headers(Idempotent_Replayed="true") if replayed else error
