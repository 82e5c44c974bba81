"""Which levels need a risk assessment of the partner: rule CN-API-02 of the pack in force."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Final

from gateway.kit.clock import bank_day
from gateway.onboarding.service import level_of
from gateway.rules.service import RuleBook, UnknownRule

_RULE: Final = "CN-API-02"
_PARAMETER: Final = "assessed_levels"
# What is held to the rule where nobody says which levels are.
STRICTEST: Final = frozenset({"A2"})


class AssessedLevels:
    """Looks the rule up once for each day of the bank."""

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._day: date | None = None
        self._levels: frozenset[str] = frozenset()

    def on(self, at: datetime) -> frozenset[str]:
        """The levels that the rule names on that day; none where no rule is in force."""
        day = bank_day(at)
        if day != self._day:
            try:
                self._levels = frozenset(self._rules.words(_RULE, _PARAMETER, on=day))
            except UnknownRule:
                self._levels = frozenset()
            self._day = day
        return self._levels


def assessed_scopes(scopes: Iterable[str], levels: frozenset[str]) -> list[str]:
    """Those of the scopes that a partner may use only while its assessment stands."""
    return sorted(scope for scope in scopes if level_of(scope) in levels)
