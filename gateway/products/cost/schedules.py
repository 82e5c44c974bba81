"""Schedules: what is paid back each month, under each method, exact to the minor unit."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from msgspec.structs import replace

from gateway.products.cost.spreading import EXACT, equal_parts, spread, whole
from gateway.products.offer_files import PlanEntry

MONTHS = 12


class Instalment(msgspec.Struct, frozen=True):
    """One month, in minor units: ``principal`` and ``charge`` together are what is due.

    ``charge`` is the fee or the interest; ``subsidy`` is the part of it that somebody else pays,
    and ``balance`` the principal still outstanding afterwards.
    """

    number: int
    principal: int
    charge: int
    balance: int
    subsidy: int = 0

    @property
    def payment(self) -> int:
        """What the customer pays in this month."""
        return self.principal + self.charge - self.subsidy


class Schedule(msgspec.Struct, frozen=True):
    """Every instalment of a principal, the first one month after the draw."""

    principal: int
    instalments: tuple[Instalment, ...]

    @property
    def charges(self) -> int:
        """All fees or interest, whoever pays them."""
        return sum(entry.charge for entry in self.instalments)

    @property
    def subsidy(self) -> int:
        """The part of the charges that the customer does not pay."""
        return sum(entry.subsidy for entry in self.instalments)

    @property
    def payments(self) -> tuple[int, ...]:
        """What the customer pays, month by month."""
        return tuple(entry.payment for entry in self.instalments)

    def subsidised(self, subsidy: int) -> "Schedule":
        """The schedule with so much of its charges paid by somebody else, spread over them.

        Raises ``ValueError`` for more than the charges.
        """
        if not 0 <= subsidy <= self.charges:
            raise ValueError(f"a subsidy is at most the charges, which are {self.charges}")
        if subsidy == 0:
            return self
        parts = spread(subsidy, [entry.charge for entry in self.instalments])
        return Schedule(
            self.principal,
            tuple(
                replace(entry, subsidy=part)
                for entry, part in zip(self.instalments, parts, strict=True)
            ),
        )


def schedule_of(plan: PlanEntry, principal: int) -> Schedule:
    """The schedule of ``principal`` minor units under ``plan``, whatever the plan's own bounds.

    Nothing is charged in the plan's ``free_terms``. Raises ``ValueError`` for a principal below
    one, and for a plan without the rate of its method.
    """
    if principal < 1:
        raise ValueError("a principal is at least one minor unit")
    if plan.method == "flat_fee":
        return _flat_fee(plan, principal)
    if plan.method == "equal_principal":
        return _equal_principal(plan, principal)
    return _equal_instalment(plan, principal)


def _flat_fee(plan: PlanEntry, principal: int) -> Schedule:
    fee = whole(EXACT.multiply(Decimal(principal), _rate(plan, plan.rate_monthly)))
    charges = [_charged(plan, number, fee) for number in range(1, plan.terms + 1)]
    return _drawn_up(principal, equal_parts(principal, plan.terms), charges)


def _equal_principal(plan: PlanEntry, principal: int) -> Schedule:
    parts = equal_parts(principal, plan.terms)
    charges = []
    balance = principal
    for number, part in enumerate(parts, start=1):
        charges.append(_charged(plan, number, _interest(plan, balance)))
        balance -= part
    return _drawn_up(principal, parts, charges)


def _equal_instalment(plan: PlanEntry, principal: int) -> Schedule:
    """The last instalment takes what rounding left.

    For tiny principals rounding alone may pay it all back early, or leave it all to the last.
    """
    instalment = _annuity(plan, principal)
    parts, charges = [], []
    balance = principal
    for number in range(1, plan.terms + 1):
        charge = _charged(plan, number, _interest(plan, balance))
        part = balance if number == plan.terms else max(0, min(instalment - charge, balance))
        parts.append(part)
        charges.append(charge)
        balance -= part
    return _drawn_up(principal, parts, charges)


def _annuity(plan: PlanEntry, principal: int) -> int:
    """The instalment whose present value, free months at no interest, is the principal."""
    charged = max(0, plan.terms - plan.free_terms)
    free = plan.terms - charged
    rate = EXACT.divide(_rate(plan, plan.rate_annual), Decimal(MONTHS))
    if rate == 0:
        worth = Decimal(charged)
    else:
        discount = EXACT.power(EXACT.add(Decimal(1), rate), -charged)
        worth = EXACT.divide(EXACT.subtract(Decimal(1), discount), rate)
    return whole(EXACT.divide(Decimal(principal), EXACT.add(worth, Decimal(free))))


def _interest(plan: PlanEntry, balance: int) -> int:
    yearly = EXACT.multiply(Decimal(balance), _rate(plan, plan.rate_annual))
    return whole(EXACT.divide(yearly, Decimal(MONTHS)))


def _rate(plan: PlanEntry, rate: str | None) -> Decimal:
    if rate is None:
        raise ValueError(f"{plan.code}: a plan by {plan.method} has no such rate")
    return Decimal(rate)


def _charged(plan: PlanEntry, number: int, charge: int) -> int:
    return 0 if number <= plan.free_terms else charge


def _drawn_up(principal: int, parts: Sequence[int], charges: Sequence[int]) -> Schedule:
    instalments = []
    balance = principal
    for number, (part, charge) in enumerate(zip(parts, charges, strict=True), start=1):
        balance -= part
        instalments.append(Instalment(number, part, charge, balance))
    return Schedule(principal, tuple(instalments))
