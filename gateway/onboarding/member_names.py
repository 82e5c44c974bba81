"""Members of an operator's file: one that nobody knows is refused with the name that was meant."""

import difflib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1.clients import ClientMetadata
from contracts.v1.onboarding import Registration

_METADATA: Final = ClientMetadata.__struct_fields__
_BESIDE: Final = tuple(name for name in Registration.__struct_fields__ if name not in _METADATA)
# What `client show` and RFC 7591 print around or among the metadata.
_NEVER_SET: Final = {
    "client_id": "The bank chose it, and it never changes.",
    "client_id_issued_at": "The bank wrote it, and it never changes.",
    "partner_id": "A client never changes its partner: register another client there.",
    "software_statement": "A statement counts once, when it registers a client.",
    "status": "Use `tessera client suspend`, `reinstate` or `end`.",
    "version": "Give it as --from-version.",
}
_SHOWN_CHARACTERS: Final = 64


def check_registration(document: dict[str, Any]) -> None:
    """Raises ``InvalidField`` for an unknown member of a registration or of its metadata."""
    for name in document:
        if name not in Registration.__struct_fields__:
            if name in _METADATA:
                raise errors.InvalidField(f"`{name}` belongs in metadata.", field=name)
            raise _unknown(name, Registration.__struct_fields__)
    inner = document.get("metadata")
    if isinstance(inner, dict):
        check_metadata(inner, field="metadata.")


def check_metadata(document: dict[str, Any], *, field: str) -> None:
    """Raises ``InvalidField`` for an unknown member; ``field`` is what stands before its name."""
    for name in document:
        if name in _METADATA:
            continue
        if name in _NEVER_SET:
            raise errors.InvalidField(_NEVER_SET[name], field=f"{field}{name}")
        if name == "metadata":
            raise errors.InvalidField(
                "Give the members of metadata alone, without what stands around them.", field=name
            )
        if name in _BESIDE:
            raise errors.InvalidField(
                f"`{name}` is none of a client's metadata: it stands beside it in a registration.",
                field=f"{field}{name}",
            )
        raise _unknown(name, _METADATA, field)


def _unknown(name: str, known: Iterable[str], field: str = "") -> errors.InvalidField:
    shown = msgspec.json.encode(name[:_SHOWN_CHARACTERS]).decode().strip('"')
    near = difflib.get_close_matches(name[:_SHOWN_CHARACTERS], list(known), 1)
    hint = f"did you mean `{near[0]}`?" if near else "take it out."
    return errors.InvalidField(f"Nobody here knows `{shown}`: {hint}", field=f"{field}{shown}")
