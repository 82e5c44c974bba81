"""Costs: what credit costs a customer in a year, all in, stays under the ceiling (CN-LOAN-06)."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from gateway.products.compiler.problems import CATALOGUE, Context, Part, Problem, offered
from gateway.products.component_types import Figure
from gateway.products.cost.apr import yearly_cost
from gateway.products.cost.fees import fees_at_draw
from gateway.products.offer_files import PlanEntry
from gateway.products.package_files import PackageFile

CEILING = Figure(rule="CN-LOAN-06", parameter="all_in_cap")
_QUOTED = (CEILING.rule, CEILING.parameter)
_HUNDREDTH = Decimal("0.01")


class PlanCost(msgspec.Struct, frozen=True):
    """What a plan costs in a year for one principal; ``why`` says why it cannot be reckoned."""

    principal: int
    apr: Decimal = Decimal(0)
    why: str | None = None


def check_costs(package: PackageFile, context: Context) -> Iterator[Problem]:
    """Plans above the ceiling, plans that cannot be reckoned, and credit without a plan."""
    credit = {part.entry.id: part for part in offered(package, context) if part.family.credit}
    if credit and not package.plan:
        yield Problem(
            "$.plan",
            CEILING.rule,
            f"{', '.join(credit)} is credit, and no plan says what it costs.",
            "Add a plan for each way of repaying it.",
        )
    ceiling = context.figure(CEILING, context.on(package))
    for index, plan in enumerate(package.plan):
        path = f"$.plan[{index}]"
        if plan.component in credit:
            most = _ceiling(ceiling, credit[plan.component])
            yield from _plan(path, plan, package, most)
        elif any(entry.id == plan.component for entry in package.component):
            yield Problem(
                f"{path}.component",
                CATALOGUE,
                f"{plan.component} is no credit that a partner offers, so there is no plan for it.",
                "Name the component that is repaid so.",
            )


def costs_of(plan: PlanEntry, package: PackageFile) -> tuple[PlanCost, ...]:
    """What the plan costs for its least and for its largest principal, fees included."""
    return tuple(
        _cost(plan, package, principal)
        for principal in dict.fromkeys((plan.principal_min, plan.principal_max))
    )


def per_cent(rate: Decimal) -> str:
    """A rate as product managers read it: 0.34937 is 34.94 %."""
    return f"{(rate * 100).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)} %"


def _cost(plan: PlanEntry, package: PackageFile, principal: int) -> PlanCost:
    fees = fees_at_draw(package.price, plan, principal)
    try:
        return PlanCost(principal, yearly_cost(plan, principal, fees).apr)
    except ValueError as error:
        return PlanCost(principal, why=str(error))


def _ceiling(of_rule: Decimal | None, part: Part) -> Decimal | None:
    """The rule's ceiling, or the component's own where that is lower."""
    own = [
        Decimal(limit.rate)
        for limit in part.entry.limit
        if limit.rate is not None and (limit.rule, limit.parameter) == _QUOTED
    ]
    figures = [figure for figure in (of_rule, *own) if figure is not None]
    return min(figures, default=None)


def _plan(
    path: str, plan: PlanEntry, package: PackageFile, most: Decimal | None
) -> Iterator[Problem]:
    if not 1 <= plan.principal_min <= plan.principal_max:
        yield Problem(
            f"{path}.principal_min",
            CATALOGUE,
            f"{plan.code} lends from {plan.principal_min} to {plan.principal_max} fen.",
            "Write a principal_min of at least 1 and a principal_max that is not below it.",
        )
        return
    for cost in costs_of(plan, package):
        if cost.why is not None:
            yield Problem(
                path,
                CEILING.rule,
                f"What {plan.code} costs for {cost.principal} fen cannot be reckoned: {cost.why}.",
                "Give the plan the rate of its method, and keep fees below the principal.",
            )
        elif most is not None and cost.apr > most:
            yield Problem(
                path,
                CEILING.rule,
                f"{plan.code} costs {per_cent(cost.apr)} a year for {cost.principal} fen, with "
                f"every fee; {per_cent(most)} is the ceiling.",
                "Lower the rate or the fees of the plan.",
            )
