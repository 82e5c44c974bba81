"""Limits of tiered accounts as pure arithmetic: which sums apply, and what they leave."""

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from contracts.v1.money import LARGEST_MINOR_UNITS
from gateway.corebank.port import DeclineCode
from gateway.corebank.sandbox.store import MandateRow, StandingRow
from gateway.rules.service import RuleBook

Leg = Literal["in", "out"]
# Names as the rules list them; "spend" and "transfer" stand for every flow that is counted.
Flow = Literal["spend", "transfer", "bound_account", "invest_purchase"]

# The rule whose sums a tier keeps on its legs.
SUM_RULES = {"T2": "CN-ACC-03", "T3": "CN-ACC-05"}
BALANCE_RULE = "CN-ACC-04"
INFLOW_RULE = "CN-ACC-06"
MANDATE_RULE = "TS-MANDATE-01"
_SUM_CODES: tuple[DeclineCode, DeclineCode] = ("limit.day", "limit.year")


class Sum(msgspec.Struct, frozen=True):
    """A counter row and how far it may rise; ``code`` is the refusal when it may not."""

    code: DeclineCode
    owner_id: str
    leg: str
    period: str
    cap: int
    used: int

    @property
    def left(self) -> int:
        """What the next movement may add; never negative, even after a cap was lowered."""
        return max(0, self.cap - self.used)


class Bound(msgspec.Struct, frozen=True):
    """One thing that bounds an amount: what it leaves, and how a refusal names it.

    ``told`` is false for the money on a bound account, of which a refusal says no figure.
    """

    code: DeclineCode
    left: int
    rules: tuple[str, ...] = ()
    told: bool = True


def passed(bounds: Sequence[Bound], amount: int) -> Bound | None:
    """The first bound that the amount passes."""
    return next((bound for bound in bounds if amount > bound.left), None)


def acceptable(bounds: Sequence[Bound]) -> int:
    """The largest amount that all bounds accept together, as far as they may be told."""
    return min(bound.left for bound in bounds if bound.told)


class Limits:
    """The rule book as it bears on one bank day."""

    def __init__(self, rules: RuleBook, on: date) -> None:
        self._rules = rules
        self._on = on
        self.day = on.isoformat()
        self.year = f"{on.year:04d}"

    def sums(self, standing: StandingRow, leg: Leg, flow: Flow) -> tuple[Sum, ...]:
        """The day's and the year's sum that a flow counts in; none when the flow is exempt."""
        rule = SUM_RULES[standing.tier]
        if flow in self._rules.words(rule, "exempt", on=self._on):
            return ()
        if leg not in self._rules.words(rule, "legs", on=self._on):
            return ()
        used = (
            (standing.in_day, standing.in_year)
            if leg == "in"
            else (standing.out_day, standing.out_year)
        )
        periods = (self.day, self.year)
        caps = [self._rules.number(rule, name, on=self._on) for name in ("day_fen", "year_fen")]
        return tuple(
            Sum(code, standing.account_id, leg, period, cap, spent)
            for code, period, cap, spent in zip(_SUM_CODES, periods, caps, used, strict=True)
        )

    def mandate_sum(self, mandate: MandateRow) -> Sum:
        """What a mandate's own daily cap leaves."""
        return Sum(
            "limit.mandate_day",
            mandate.mandate_id,
            "debit",
            self.day,
            mandate.daily_cap,
            mandate.used_today,
        )

    def balance_cap(self, tier: str) -> int:
        """The highest balance; accounts without one end where JSON numbers do."""
        if tier == "T3":
            return self._rules.number(BALANCE_RULE, "balance_fen", on=self._on)
        return LARGEST_MINOR_UNITS

    def balance_left(self, standing: StandingRow) -> int:
        """What may still be paid in before the highest balance is reached."""
        return max(0, self.balance_cap(standing.tier) - standing.balance)

    def bounds_out(self, standing: StandingRow, flow: Flow) -> list[Bound]:
        """What bounds money leaving the account: its sums first, what it holds last."""
        return [*self._sum_bounds(standing, "out", flow), _held(standing)]

    def bounds_in(self, standing: StandingRow, flow: Flow) -> list[Bound]:
        """What bounds money arriving on the account: its sums, then its highest balance."""
        rules = (BALANCE_RULE,) if standing.tier == "T3" else ()
        left = self.balance_left(standing)
        return [*self._sum_bounds(standing, "in", flow), Bound("limit.balance", left, rules)]

    def bounds_under(self, mandate: MandateRow) -> list[Bound]:
        """What a mandate itself allows, whatever the account could."""
        used = self.mandate_sum(mandate)
        return [
            Bound("limit.per_debit", mandate.per_debit_cap, (MANDATE_RULE,)),
            Bound(used.code, used.left, (MANDATE_RULE,)),
        ]

    def _sum_bounds(self, standing: StandingRow, leg: Leg, flow: Flow) -> list[Bound]:
        rule = SUM_RULES[standing.tier]
        return [Bound(used.code, used.left, (rule,)) for used in self.sums(standing, leg, flow)]

    def inflow_needs(self, standing: StandingRow) -> tuple[str, ...]:
        """Conditions of CN-ACC-06 for money from strangers that the account does not meet yet."""
        met = {
            "L4": standing.confirmed_at,
            "bound_funded": standing.bound_funded_at,
            "consent": standing.inflow_agreed_at,
        }
        asked = self._rules.words(
            INFLOW_RULE, f"{standing.tier.lower()}_nonbound_in_requires", on=self._on
        )
        return tuple(condition for condition in asked if met.get(condition) is None)

    def open_max(self, tier: str) -> int:
        """How many accounts of the tier one customer may have (CN-ACC-02)."""
        return self._rules.number("CN-ACC-02", f"{tier.lower()}_max", on=self._on)

    def rules(self, standing: StandingRow, *more: str) -> tuple[str, ...]:
        """The rules that bear on movements of the account, sorted."""
        bearing = {SUM_RULES[standing.tier], *more}
        if standing.tier == "T3":
            bearing.add(BALANCE_RULE)
        return tuple(sorted(bearing))


def _held(standing: StandingRow) -> Bound:
    return Bound("balance.insufficient", standing.balance)
