"""What may be missing, by code: its family, who mends it where, and in which words."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, get_args

import msgspec

from contracts.v1.money import Money
from contracts.v1.orders import ReasonFamily
from contracts.v1.qualifications import Missing, MissingCode, NextAction, Outcome, Place
from gateway.products.words import Entry, Text

# From the best to the worst.
_OUTCOMES: Final = get_args(Outcome)


class MissingEntry(Entry, frozen=True):
    """A code as the table says it."""

    code: MissingCode
    reason_family: ReasonFamily
    outcome: Outcome
    next_action: NextAction
    at: Place
    text: Text


class MissingFile(Entry, frozen=True):
    """The file as written."""

    missing: tuple[MissingEntry, ...]


class MissingTable:
    """The table, which holds every code of the contract."""

    def __init__(self, content: MissingFile) -> None:
        """Raises ``ValueError`` for a code that stands twice or not at all."""
        self._entries: Mapping[str, MissingEntry] = {entry.code: entry for entry in content.missing}
        if sorted(entry.code for entry in content.missing) != sorted(get_args(MissingCode)):
            raise ValueError("missing.toml must hold every code of the contract once")

    def said(
        self, code: MissingCode, *, least: Money | None = None, most: Money | None = None
    ) -> Missing:
        """The code in the contract's words."""
        entry = self._entries[code]
        return Missing(
            code=code,
            reason_family=entry.reason_family,
            next_action=entry.next_action,
            at=entry.at,
            text=entry.text.localised(),
            least=least,
            most=most,
        )

    def outcome(self, missing: Iterable[Missing]) -> Outcome:
        """The worst that any of them leads to."""
        return worst(self._entries[found.code].outcome for found in missing)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of them; ``available`` for none."""
    return max(outcomes, key=_OUTCOMES.index, default="available")


@cache
def load_missing() -> MissingTable:
    """The table that ships with the gateway."""
    text = files("gateway.products.qualification").joinpath("missing.toml").read_bytes()
    return MissingTable(msgspec.toml.decode(text, type=MissingFile))
