"""The soak of schedules: random plans and amounts, every sum exact and every rate a true root."""

import random
import time
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final

from gateway.products.cost.apr import cost_of, monthly_rate
from gateway.products.cost.schedules import Schedule, schedule_of
from gateway.products.cost.spreading import spread
from gateway.products.offer_files import Method, PlanEntry
from tests.soak.tale import BrokenPromise

_METHODS: Final[tuple[Method, ...]] = ("flat_fee", "equal_instalment", "equal_principal")
_NEAR: Final = Decimal("1e-9")
_BRACKET: Final = Decimal("1e-12")


@dataclass
class Figures:
    """What a run came to."""

    seed: int
    schedules: int
    instalments: int
    rates: int
    splits: int
    seconds: float

    @property
    def lines(self) -> list[str]:
        """The figures, for a note."""
        return [
            f"schedules: seed {self.seed}, {self.schedules} schedules of {self.instalments}"
            f" instalments sum exactly, {self.rates} rates are roots within 1e-12 and worth the"
            f" principal within 1e-9, {self.splits} splits sum exactly, in {self.seconds:.0f} s"
        ]


def run(*, count: int, seed: int) -> Figures:
    """Raises ``BrokenPromise`` at the first schedule, rate or split that is not exact."""
    chance = random.Random(seed)
    started = time.monotonic()
    figures = Figures(seed, 0, 0, 0, 0, 0)
    for _ in range(count):
        plan = _any_plan(chance)
        principal = int(10 ** chance.uniform(0, 12))
        schedule = schedule_of(plan, principal)
        schedule = schedule.subsidised(chance.randint(0, schedule.charges))
        _check_sums(plan, schedule)
        figures.schedules += 1
        figures.instalments += len(schedule.instalments)
        received = principal - principal * chance.randint(0, 30) // 100
        _check_rate(plan, received, schedule.payments)
        figures.rates += 1
        _check_split(chance)
        figures.splits += 1
    figures.seconds = time.monotonic() - started
    return figures


def _any_plan(chance: random.Random) -> PlanEntry:
    method = chance.choice(_METHODS)
    rate = Decimal(chance.randint(0, 10**8)) / 10**8
    monthly = method == "flat_fee"
    return PlanEntry(
        code="any",
        component="any",
        method=method,
        terms=chance.randint(1, 360),
        principal_min=1,
        principal_max=10**13,
        rate_monthly=f"{rate / 12:.8f}" if monthly else None,
        rate_annual=None if monthly else f"{rate:.8f}",
        free_terms=chance.choice((0, 0, chance.randint(1, 36))),
    )


def _check_sums(plan: PlanEntry, schedule: Schedule) -> None:
    entries = schedule.instalments
    charges = sum(entry.charge for entry in entries)
    subsidy = sum(entry.subsidy for entry in entries)
    broken = (
        len(entries) != plan.terms
        or sum(entry.principal for entry in entries) != schedule.principal
        or sum(schedule.payments) != schedule.principal + charges - subsidy
        or entries[-1].balance != 0
        or min(min(entry.principal, entry.charge, entry.payment) for entry in entries) < 0
        or any(entry.charge for entry in entries[: plan.free_terms])
    )
    if broken:
        raise BrokenPromise(f"schedules: {plan} of {schedule.principal} does not sum")


def _check_rate(plan: PlanEntry, received: int, payments: tuple[int, ...]) -> None:
    if received == 0:
        return
    rate = cost_of(received, payments).monthly
    near = abs(_worth(rate, payments) - received) <= _NEAR * received
    below = rate < _BRACKET or _worth(rate - _BRACKET, payments) > received
    if not (near and below and _worth(rate + _BRACKET, payments) < received):
        raise BrokenPromise(f"schedules: {rate} is no root for {received} under {plan}")
    if monthly_rate(received, payments) != rate:
        raise BrokenPromise(f"schedules: another rate at the second try for {plan}")


def _worth(rate: Decimal, payments: tuple[int, ...]) -> Decimal:
    with localcontext() as context:
        context.prec = 80
        factor = 1 / (1 + rate)
        worth, discount = Decimal(0), Decimal(1)
        for payment in payments:
            discount *= factor
            worth += payment * discount
        return worth


def _check_split(chance: random.Random) -> None:
    weights = [chance.randint(0, 10**6) for _ in range(chance.randint(1, 40))]
    weights.append(1)
    total = int(10 ** chance.uniform(0, 13))
    parts = spread(total, weights)
    over = sum(weights)
    off = max(
        abs(part * over - total * weight) for part, weight in zip(parts, weights, strict=True)
    )
    if sum(parts) != total or off >= over:
        raise BrokenPromise(f"schedules: {total} over {weights} became {parts}")
