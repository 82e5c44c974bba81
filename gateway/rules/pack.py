"""One rule pack: what each rule and parameter of it is on a given day of the bank."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from gateway.rules.pack_files import Confidence, PackFile, Rule, Unit, Value, decode_file


class UnknownRule(LookupError):
    """No rule or parameter is in force for what was asked, or it is of another kind."""


class RuleRow(msgspec.Struct, frozen=True):
    """One parameter of one rule as it stands on a day, with where it comes from."""

    rule: str
    parameter: str
    value: Value
    unit: Unit
    effective_from: date
    instrument: str
    confidence: Confidence


class RulePack:
    """An immutable pack, looked up by rule, parameter and the bank's day."""

    def __init__(self, content: PackFile) -> None:
        self.version = content.version
        self.effective_from = content.effective_from
        self.digest = content.digest
        self.rules: Mapping[str, Rule] = {rule.id: rule for rule in content.rule}
        self._rows = {rule.id: _rows(rule) for rule in content.rule}

    @property
    def order(self) -> tuple[date, tuple[int, ...]]:
        """Of two packs in force the one with the greater order is the newer."""
        return self.effective_from, tuple(int(number) for number in self.version.split("."))

    def rule(self, rule_id: str, *, on: date) -> Rule:
        """The rule in force on the bank's day ``on``; ``UnknownRule`` when it is not."""
        rule = self.rules.get(rule_id)
        if rule is None:
            raise UnknownRule(f"pack {self.version} has no rule {rule_id}")
        if not rule.holds(on):
            raise UnknownRule(f"{rule_id} is not in force on {on.isoformat()}")
        return rule

    def row(self, rule_id: str, parameter: str, *, on: date) -> RuleRow:
        """The parameter in force on the bank's day ``on``; ``UnknownRule`` when there is none."""
        self.rule(rule_id, on=on)
        for row in self._rows[rule_id].get(parameter, ()):
            if row.effective_from <= on:
                return row
        raise UnknownRule(f"{rule_id}.{parameter} has no row in force on {on.isoformat()}")

    def number(self, rule_id: str, parameter: str, *, on: date) -> int:
        """The whole number in force, in the unit of its row."""
        value = self.row(rule_id, parameter, on=on).value
        if not isinstance(value, int):
            raise UnknownRule(f"{rule_id}.{parameter} is {_kind(value)}, not a number")
        return value

    def rate(self, rule_id: str, parameter: str, *, on: date) -> Decimal:
        """The rate in force, exactly as written; 0.24 is 24 %."""
        value = self.row(rule_id, parameter, on=on).value
        if not isinstance(value, str):
            raise UnknownRule(f"{rule_id}.{parameter} is {_kind(value)}, not a rate")
        return Decimal(value)

    def words(self, rule_id: str, parameter: str, *, on: date) -> tuple[str, ...]:
        """The list in force, in the order of its row."""
        value = self.row(rule_id, parameter, on=on).value
        if not isinstance(value, tuple):
            raise UnknownRule(f"{rule_id}.{parameter} is {_kind(value)}, not a list")
        return value

    def in_force(self, on: date) -> tuple[RuleRow, ...]:
        """Every parameter as it stands on the bank's day ``on``, by rule and parameter."""
        return tuple(
            row
            for rule_id, named in sorted(self._rows.items())
            if self.rules[rule_id].holds(on)
            for _, dated in sorted(named.items())
            for row in [next((row for row in dated if row.effective_from <= on), None)]
            if row is not None
        )

    def history(self, rule_id: str) -> tuple[RuleRow, ...]:
        """Every dated entry of the rule's parameters, the newest of each first."""
        return tuple(row for dated in self._rows.get(rule_id, {}).values() for row in dated)


def decode_pack(text: bytes, source: str) -> RulePack:
    """A pack from TOML; ``UnreadablePack`` names ``source`` and the path of what is wrong."""
    return RulePack(decode_file(text, source))


def _rows(rule: Rule) -> dict[str, list[RuleRow]]:
    named: dict[str, list[RuleRow]] = {}
    for entry in rule.parameter:
        day = entry.effective_from or rule.effective_from
        if day is None:
            # A rule without a day sets nothing yet.
            continue
        row = RuleRow(
            rule=rule.id,
            parameter=entry.name,
            value=entry.value,
            unit=entry.unit,
            effective_from=day,
            instrument=rule.instrument,
            confidence=entry.confidence or rule.confidence,
        )
        named.setdefault(entry.name, []).append(row)
    for dated in named.values():
        # The newest first, so that the first row not in the future is the one in force.
        dated.sort(key=lambda row: row.effective_from, reverse=True)
    return named


def _kind(value: Value) -> str:
    if isinstance(value, int):
        return "a number"
    return "a rate" if isinstance(value, str) else "a list"
