"""The back office: what every desk of the sandbox bank works with, and how it says yes or no."""

from datetime import date, datetime
from typing import Any

import msgspec

from contracts.v1.money import Money
from gateway.corebank.port import DeclineCode, Declined, Done
from gateway.corebank.sandbox import store
from gateway.corebank.sandbox.limits import Limits
from gateway.corebank.sandbox.operations import Operation, Operations, Verdict
from gateway.database import Database, Unit
from gateway.kit.clock import Clock, bank_day
from gateway.rules.service import RuleBook

CURRENCY = "CNY"


def yuan(minor_units: int) -> Money:
    """An amount in the currency of every account here."""
    return Money(minor_units, CURRENCY)


class Moment(msgspec.Struct, frozen=True):
    """One instant with the bank's day that holds it and the limits of that day."""

    at: datetime
    day: date
    limits: Limits


class BackOffice:
    """Database, rules, clock and the record of operations, as the desks share them."""

    def __init__(
        self, database: Database, rules: RuleBook, clock: Clock, operations: Operations
    ) -> None:
        self.database = database
        self.rules = rules
        self.operations = operations
        self._clock = clock

    def moment(self) -> Moment:
        """Now. A decision uses one moment throughout, also across midnight."""
        at = self._clock.now()
        day = bank_day(at)
        return Moment(at, day, Limits(self.rules, day))

    def rule_pack(self, moment: Moment) -> str:
        """The version of the rules that a decision of the moment names."""
        return self.rules.version(on=moment.day)

    async def standing(self, account_id: str, moment: Moment) -> store.StandingRow | None:
        """A tiered account with what its limits have used, or ``None``."""
        return await self.database.find(
            store.FIND_STANDING,
            account_id=account_id,
            day=moment.limits.day,
            year=moment.limits.year,
        )

    def done(
        self,
        operation: Operation,
        moment: Moment,
        outcome: Any,
        unit: Unit | None,
        rules: tuple[str, ...],
    ) -> Verdict:
        """A yes with the changes that make it so."""
        answer = Done(operation.operation_id, outcome, rules, self.rule_pack(moment), moment.at)
        return Verdict(answer, unit)

    def declined(
        self,
        operation: Operation,
        moment: Moment,
        code: DeclineCode,
        detail: str,
        *rules: str,
        headroom: int | None = None,
    ) -> Verdict:
        """A definite no, recorded as such; ``detail`` is for people."""
        room = None if headroom is None else yuan(headroom)
        answer = Declined(
            operation.operation_id, code, detail, room, rules, self.rule_pack(moment), moment.at
        )
        return Verdict(answer)

    def wrong_amount(self, operation: Operation, moment: Moment, *amounts: Money) -> Verdict | None:
        """A no to amounts that are not positive or not in the currency of the accounts."""
        if any(amount.currency != CURRENCY for amount in amounts):
            detail = f"Accounts are kept in {CURRENCY}."
            return self.declined(operation, moment, "amount.currency", detail)
        if any(amount.minor_units <= 0 for amount in amounts):
            detail = "The amount must be above zero."
            return self.declined(operation, moment, "amount.not_positive", detail)
        return None

    def unknown_account(self, operation: Operation, moment: Moment) -> Verdict:
        """A no to an account that does not exist, or not for this customer."""
        detail = "There is no such account."
        return self.declined(operation, moment, "account.unknown", detail)

    def not_active(self, operation: Operation, moment: Moment) -> Verdict:
        """A no to an account that takes no part in movements."""
        detail = "The account is not active."
        return self.declined(operation, moment, "account.not_active", detail)
