"""The yearly cost of credit: the internal rate of return of what is really received and paid."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext

import msgspec

from gateway.products.cost.schedules import MONTHS, schedule_of
from gateway.products.cost.spreading import EXACT
from gateway.products.offer_files import PlanEntry

# Newton's steps shrink quadratically: once one is this small, the next would be far below it.
_STEP = Decimal("1e-20")
_STEPS_MOST = 500
_SAID = Decimal("0.000001")


class YearlyCost(msgspec.Struct, frozen=True):
    """What credit costs the customer in a year; unrounded, for comparing with ceilings.

    ``apr`` is twelve times the ``monthly`` internal rate of return, ``effective_rate`` that rate
    compounded over twelve months.
    """

    monthly: Decimal
    apr: Decimal
    effective_rate: Decimal


def yearly_cost(plan: PlanEntry, principal: int, fees: int = 0, subsidy: int = 0) -> YearlyCost:
    """The yearly cost of drawing ``principal`` under ``plan``; all amounts in minor units.

    ``fees`` are what the customer pays at the draw: they make what is received smaller.
    ``subsidy`` is what somebody else pays of the charges. Raises ``ValueError`` for a plan without
    the rate of its method, and for fees that leave nothing of the principal.
    """
    schedule = schedule_of(plan, principal).subsidised(subsidy)
    return cost_of(principal - fees, schedule.payments)


def cost_of(received: int, payments: Sequence[int]) -> YearlyCost:
    """The yearly cost of receiving an amount now and paying others, one a month from then on."""
    monthly = monthly_rate(received, payments)
    with localcontext(EXACT):
        return YearlyCost(monthly, MONTHS * monthly, (1 + monthly) ** MONTHS - 1)


def monthly_rate(received: int, payments: Sequence[int]) -> Decimal:
    """The rate at which the payments are worth what was received, to well below 1e-12.

    Raises ``ValueError`` where there is none at or above zero: nothing received, or less paid
    than was received.
    """
    if received <= 0 or sum(payments) < received:
        raise ValueError("credit is received, and at least as much is paid back")
    with localcontext(EXACT):
        # What the payments are worth falls with the rate and is convex, so that Newton's steps
        # from zero lead upwards to the root and never past it.
        rate = Decimal(0)
        for _ in range(_STEPS_MOST):
            worth, slope = _worth(rate, payments)
            step = (received - worth) / slope
            rate += step
            if abs(step) < _STEP:
                return rate
    raise ValueError("the payments have no rate that could be said")


def said(rate: Decimal) -> str:
    """A rate as partners and customers read it: six decimals, a half goes up."""
    return f"{rate.quantize(_SAID, rounding=ROUND_HALF_UP, context=EXACT):f}"


def _worth(rate: Decimal, payments: Sequence[int]) -> tuple[Decimal, Decimal]:
    """What the payments are worth at a rate, and how fast that changes with it."""
    factor = 1 / (1 + rate)
    worth = slope = Decimal(0)
    for number in range(len(payments), 0, -1):
        worth = (worth + payments[number - 1]) * factor
        slope = slope * factor - number * payments[number - 1] * factor * factor
    return worth, slope
