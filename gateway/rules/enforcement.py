"""Enforcement: which module of the gateway holds to a rule and which test shows it, as a table."""

from importlib.resources import files
from typing import Annotated

import msgspec

from gateway.rules.pack_files import RuleId

_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]


class Enforcement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a rule is kept: modules and tests by their paths in the source, or why not yet.

    ``note`` says what of the rule is not kept, where something of it is.
    """

    id: RuleId
    where: tuple[_Words, ...] = ()
    tests: tuple[_Words, ...] = ()
    not_yet: _Words | None = None
    note: _Words | None = None


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: tuple[Enforcement, ...]


def enforcements() -> dict[str, Enforcement]:
    """Every row of the table by rule id, in the order of the file."""
    text = files("gateway.rules").joinpath("enforcement.toml").read_bytes()
    return {row.id: row for row in msgspec.toml.decode(text, type=_Table).rule}
