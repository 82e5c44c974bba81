"""How clients with a scope of level A2 may authenticate: rule CN-API-03 of the pack in force."""

from datetime import date, datetime
from typing import Final

from gateway.kit.clock import bank_day
from gateway.oauth.clients import CLIENT_METHODS
from gateway.rules.service import RuleBook, UnknownRule

_RULE: Final = "CN-API-03"
_PARAMETER: Final = "a2_auth"


class A2Methods:
    """Looks the rule up once for each day of the bank."""

    def __init__(self, rules: RuleBook) -> None:
        self._rules = rules
        self._day: date | None = None
        self._methods: frozenset[str] = frozenset()

    def on(self, at: datetime) -> frozenset[str]:
        """The methods that the rule names on that day; all of ours where no rule is in force.

        None of ours is a shared secret, so without the rule nothing weaker gets in.
        """
        day = bank_day(at)
        if day != self._day:
            try:
                self._methods = frozenset(self._rules.words(_RULE, _PARAMETER, on=day))
            except UnknownRule:
                self._methods = frozenset(CLIENT_METHODS)
            self._day = day
        return self._methods
