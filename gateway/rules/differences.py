"""Differences: what another day asks other than today, rule by rule and figure by figure."""

from datetime import date

import msgspec

from gateway.rules.pack_files import Value
from gateway.rules.service import RuleBook


class Difference(msgspec.Struct, frozen=True):
    """One rule or parameter that is not the same; ``None`` is where it does not hold.

    Without a ``parameter`` it is the rule itself that begins or ceases to hold.
    """

    rule: str
    parameter: str | None
    before: Value | None
    after: Value | None
    change: str


def differences(book: RuleBook, before: date, after: date) -> tuple[Difference, ...]:
    """What changes between two days of the bank, by rule and parameter.

    ``NoPackInForce`` for a day before every pack.
    """
    found = []
    earlier, later = book.pack(on=before), book.pack(on=after)
    for rule_id in sorted({*earlier.rules, *later.rules}):
        held, holds = book.holds(rule_id, on=before), book.holds(rule_id, on=after)
        if held != holds:
            change = "begins to hold" if holds else "ceases to hold"
            found.append(Difference(rule_id, None, None, None, change))
    then = {(row.rule, row.parameter): row.value for row in earlier.in_force(before)}
    now = {(row.rule, row.parameter): row.value for row in later.in_force(after)}
    for rule_id, parameter in sorted({*then, *now}):
        was, will = then.get((rule_id, parameter)), now.get((rule_id, parameter))
        if was != will:
            change = f"{said(was)} becomes {said(will)}"
            found.append(Difference(rule_id, parameter, was, will, change))
    return tuple(sorted(found, key=lambda each: (each.rule, each.parameter or "")))


def said(value: Value | None) -> str:
    """A value as people read it."""
    if value is None:
        return "nothing"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
