"""The rule pack: which number or list a rule sets on a given day of the bank."""

from datetime import date
from importlib.resources import files
from typing import Annotated, Literal

import msgspec

RuleId = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{2}-[A-Z]+-[0-9]{2}$")]
Confidence = Literal["high", "medium", "low", "design"]
Unit = Literal[
    "accounts",
    "attempts",
    "conditions",
    "elements",
    "factors",
    "fen",
    "flows",
    "legs",
    "level",
    "methods",
    "minutes",
    "years",
]


class UnreadablePack(ValueError):
    """The pack's file breaks its grammar; the message names the file and the path inside it."""


class UnknownRule(LookupError):
    """No row of the pack is in force for what was asked, or it is of the other kind."""


class RuleRow(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"effective_from": "from"}
):
    """One parameter of one rule, from a day of the bank onwards."""

    rule: RuleId
    parameter: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    value: Annotated[int, msgspec.Meta(ge=0)] | tuple[str, ...]
    unit: Unit
    effective_from: date
    instrument: Annotated[str, msgspec.Meta(min_length=1)]
    confidence: Confidence


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as written."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}\.[0-9]{2}(\.[0-9]+)?$")]
    row: tuple[RuleRow, ...]


class RulePack:
    """An immutable pack; every decision that leans on it records ``version``."""

    def __init__(self, version: str, rows: tuple[RuleRow, ...]) -> None:
        """Raises ``UnreadablePack`` where rows contradict each other."""
        self.version = version
        self._rows: dict[tuple[str, str], list[RuleRow]] = {}
        for row in rows:
            self._rows.setdefault((row.rule, row.parameter), []).append(row)
        for key, dated in self._rows.items():
            # The newest first, so that the first row not in the future is the one in force.
            dated.sort(key=lambda row: row.effective_from, reverse=True)
            _check_agreement(key, dated)

    def row(self, rule_id: str, parameter: str, *, on: date) -> RuleRow:
        """The row in force on the bank's day ``on``; ``UnknownRule`` when there is none."""
        for row in self._rows.get((rule_id, parameter), ()):
            if row.effective_from <= on:
                return row
        raise UnknownRule(f"{rule_id}.{parameter} has no row in force on {on.isoformat()}")

    def number(self, rule_id: str, parameter: str, *, on: date) -> int:
        """The number in force, in the unit of its row."""
        value = self.row(rule_id, parameter, on=on).value
        if not isinstance(value, int):
            raise UnknownRule(f"{rule_id}.{parameter} is a list, not a number")
        return value

    def words(self, rule_id: str, parameter: str, *, on: date) -> tuple[str, ...]:
        """The list in force, in the order of its row."""
        value = self.row(rule_id, parameter, on=on).value
        if isinstance(value, int):
            raise UnknownRule(f"{rule_id}.{parameter} is a number, not a list")
        return value

    def in_force(self, on: date) -> tuple[RuleRow, ...]:
        """Every parameter as it stands on the bank's day ``on``, by rule and parameter."""
        current = (
            next((row for row in dated if row.effective_from <= on), None)
            for _, dated in sorted(self._rows.items())
        )
        return tuple(row for row in current if row is not None)


def decode_pack(text: bytes, source: str) -> RulePack:
    """A pack from TOML; ``UnreadablePack`` names ``source`` and the path of what is wrong."""
    try:
        pack = msgspec.toml.decode(text, type=PackFile)
        return RulePack(pack.version, pack.row)
    except (msgspec.MsgspecError, UnicodeDecodeError, UnreadablePack) as error:
        raise UnreadablePack(f"{source}: {error}") from error


def load_pack() -> RulePack:
    """The pack that ships with the gateway."""
    pack = files("gateway.rules").joinpath("pack.toml")
    return decode_pack(pack.read_bytes(), "gateway/rules/pack.toml")


def _check_agreement(key: tuple[str, str], dated: list[RuleRow]) -> None:
    name = ".".join(key)
    days = [row.effective_from for row in dated]
    if len(set(days)) < len(days):
        raise UnreadablePack(f"{name} has two rows from the same day")
    if len({(row.unit, isinstance(row.value, int)) for row in dated}) > 1:
        raise UnreadablePack(f"{name} changes its unit or its kind between rows")
