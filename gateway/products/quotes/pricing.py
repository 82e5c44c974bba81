"""Pricing: the plans of a component for one amount, each with its schedule and yearly cost."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from contracts import errors
from contracts.v1.money import Money
from contracts.v1.quotes import QuotedInstalment, QuotedPlan, QuoteRequest
from gateway.products.cost.apr import cost_of, said
from gateway.products.cost.fees import fees_at_draw
from gateway.products.cost.schedules import Schedule, schedule_of
from gateway.products.details import CURRENCY
from gateway.products.digests import digest_of
from gateway.products.offer_files import PlanEntry
from gateway.products.package_files import PackageFile

COST_RULE: Final = "CN-LOAN-06"


def priced(package: PackageFile, request: QuoteRequest) -> list[QuotedPlan]:
    """Every plan that was asked for, shortest first.

    Raises ``InvalidField`` for another currency, for a component without plans and for a subsidy
    that a plan does not take, and ``QuoteOutOfBounds`` where no plan takes the amount or term.
    """
    amount = request.order.amount
    if amount.currency != CURRENCY:
        raise errors.InvalidField(f"The amount must be in {CURRENCY}.", field="order.amount")
    plans = [plan for plan in package.plan if plan.component == request.component]
    if not plans:
        raise errors.InvalidField("The component has no plans to quote.", field="component")
    fitting = _fitting(plans, request)
    return [_quoted(package, plan, amount.minor_units, _subsidy(plan, request)) for plan in fitting]


def _fitting(plans: Sequence[PlanEntry], request: QuoteRequest) -> list[PlanEntry]:
    amount = request.order.amount.minor_units
    wanted = [plan for plan in plans if request.terms is None or plan.terms in request.terms]
    fitting = [plan for plan in wanted if plan.principal_min <= amount <= plan.principal_max]
    asked = set(request.terms or ())
    if not fitting or asked - {plan.terms for plan in fitting}:
        raise errors.QuoteOutOfBounds(
            terms=sorted({plan.terms for plan in plans}),
            least=Money(min(plan.principal_min for plan in wanted or plans), CURRENCY),
            most=Money(max(plan.principal_max for plan in wanted or plans), CURRENCY),
        )
    return sorted(fitting, key=lambda plan: (plan.terms, plan.code))


def _subsidy(plan: PlanEntry, request: QuoteRequest) -> int:
    subsidy = request.fee_subsidy
    if subsidy is None or subsidy.minor_units == 0:
        return 0
    if not plan.subsidy:
        raise errors.InvalidField(f"The plan {plan.code} takes none.", field="fee_subsidy")
    if subsidy.currency != CURRENCY:
        raise errors.InvalidField(f"It must be in {CURRENCY}.", field="fee_subsidy")
    return subsidy.minor_units


def _quoted(package: PackageFile, plan: PlanEntry, principal: int, subsidy: int) -> QuotedPlan:
    schedule = schedule_of(plan, principal)
    if subsidy > schedule.charges:
        raise errors.InvalidField(
            f"It is more than the charges of the plan {plan.code}.",
            field="fee_subsidy",
            most=Money(schedule.charges, CURRENCY),
        )
    schedule = schedule.subsidised(subsidy)
    fees = fees_at_draw(package.price, plan, principal)
    if fees >= principal:
        raise errors.QuoteOutOfBounds("The fees would take the whole amount.")
    cost = cost_of(principal - fees, schedule.payments)
    quoted = QuotedPlan(
        plan=plan.code,
        method=plan.method,
        terms=plan.terms,
        instalments=_instalments(schedule),
        charges=Money(schedule.charges, CURRENCY),
        subsidy=Money(schedule.subsidy, CURRENCY),
        fees_at_draw=Money(fees, CURRENCY),
        total=Money(fees + sum(schedule.payments), CURRENCY),
        apr=said(cost.apr),
        effective_rate=said(cost.effective_rate),
        digest="",
    )
    return msgspec.structs.replace(quoted, digest=digest_without(quoted))


def check_ceiling(plans: Sequence[QuotedPlan], ceiling: Decimal) -> None:
    """Raises ``QuoteOutOfBounds`` for a plan that would cost more in a year than is allowed.

    The compiler holds published plans to it; for a small amount rounding and fees weigh more.
    """
    for plan in plans:
        if Decimal(plan.apr) > ceiling:
            raise errors.QuoteOutOfBounds(
                f"For this amount the plan {plan.plan} would cost too much.", rule=COST_RULE
            )


def digest_without(quoted: msgspec.Struct) -> str:
    """The digest over every member but ``digest`` itself."""
    members = msgspec.to_builtins(quoted)
    del members["digest"]
    return digest_of(members)


def _instalments(schedule: Schedule) -> list[QuotedInstalment]:
    return [
        QuotedInstalment(
            number=entry.number,
            payment=entry.payment,
            principal=entry.principal,
            charge=entry.charge,
            subsidy=entry.subsidy,
            balance=entry.balance,
        )
        for entry in schedule.instalments
    ]
