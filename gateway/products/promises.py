"""Promises: a package, whole or as somebody may sell it, in the shape of the contract."""

from datetime import date

from contracts.v1.money import Money
from contracts.v1.packages import (
    Commission,
    Component,
    CoolingOff,
    Disclosure,
    Limit,
    NeededConsent,
    Package,
    PackageSummary,
    Plan,
    Price,
)
from gateway.products.component_files import ComponentEntry, LimitEntry
from gateway.products.cost.apr import said, yearly_cost
from gateway.products.cost.fees import fees_at_draw
from gateway.products.details import CURRENCY
from gateway.products.offer_files import CommissionEntry, PlanEntry, PriceEntry
from gateway.products.package_files import PackageFile
from gateway.rules.service import RuleBook, UnknownRule


def promised(
    package: PackageFile, rules: RuleBook, on: date, *, digest: str | None = None
) -> Package:
    """The package as its contract shows it; what is the bank's alone is left out.

    ``digest`` is that of the published file where ``package`` is somebody's view of it.
    """
    return Package(
        code=package.code,
        version=package.version,
        title=package.title.localised(),
        scenarios=list(package.scenarios),
        digest=digest or package.digest,
        components=[_component(part, rules, on) for part in package.offered],
        prices=[_price(price) for price in package.price],
        disclosures=_disclosures(package),
        plans=[_plan(plan, package) for plan in package.plan],
        consents=[
            NeededConsent(
                entry.kind, entry.purpose.localised(), entry.required, list(entry.components)
            )
            for entry in package.consent
        ],
        cooling_off=[
            CoolingOff(entry.days, entry.kind, list(entry.components), entry.rule)
            for entry in package.cooling_off
        ],
        commissions=[_commission(entry) for entry in package.commission],
        scopes=list(package.scopes),
        shared_with_partner=list(package.data.to_partner),
        never_shared=list(package.data.never),
    )


def summary(package: Package) -> PackageSummary:
    """The package as lists show it."""
    return PackageSummary(
        package.code, package.version, package.title, package.scenarios, package.digest
    )


def _component(part: ComponentEntry, rules: RuleBook, on: date) -> Component:
    if part.boundary == "BANK_ONLY":
        raise ValueError(f"{part.id} is the bank's alone")
    return Component(
        component=part.id,
        type=part.type,
        boundary=part.boundary,
        required=part.required,
        title=part.title.localised(),
        summary=part.summary.localised(),
        actions=list(part.actions),
        limits=[_limit(limit, rules, on) for limit in part.limit],
    )


def _limit(limit: LimitEntry, rules: RuleBook, on: date) -> Limit:
    return Limit(
        code=limit.code,
        title=limit.title.localised(),
        rule=_named(limit, rules, on),
        period=limit.period,
        sense=limit.sense,
        amount=None if limit.minor_units is None else Money(limit.minor_units, limit.currency),
        count=limit.count,
        unit=None if limit.count is None else limit.unit,
        rate=limit.rate,
    )


def _named(limit: LimitEntry, rules: RuleBook, on: date) -> str:
    """The rule; our own caps are no law, and the contract calls them what they are."""
    try:
        row = rules.row(limit.rule, limit.parameter, on=on)
    except UnknownRule:
        # A rule may end while what was signed under it stands.
        return limit.rule
    return "design" if row.confidence == "design" else limit.rule


def _price(price: PriceEntry) -> Price:
    return Price(
        price.code,
        price.title.localised(),
        price.payer,
        None if price.minor_units is None else Money(price.minor_units, CURRENCY),
        price.rate,
        price.of,
    )


def _plan(plan: PlanEntry, package: PackageFile) -> Plan:
    principal = plan.principal_max
    cost = yearly_cost(plan, principal, fees_at_draw(package.price, plan, principal))
    return Plan(
        code=plan.code,
        component=plan.component,
        method=plan.method,
        terms=plan.terms,
        principal_min=Money(plan.principal_min, CURRENCY),
        principal_max=Money(principal, CURRENCY),
        apr=said(cost.apr),
        effective_rate=said(cost.effective_rate),
        rate_monthly=plan.rate_monthly,
        rate_annual=plan.rate_annual,
        free_terms=plan.free_terms,
    )


def _commission(entry: CommissionEntry) -> Commission:
    return Commission(
        components=list(entry.components),
        basis=entry.basis,
        period=entry.period,
        hold_days=entry.hold_days,
        amount=None if entry.minor_units is None else Money(entry.minor_units, CURRENCY),
        rate=entry.rate,
        qualifying_event=entry.qualifying_event,
    )


def _disclosures(package: PackageFile) -> list[Disclosure]:
    # Texts about what a partner may not offer stay in the bank, too.
    offered = {part.id for part in package.offered}
    return [
        Disclosure(
            text.code,
            text.version,
            text.kind,
            [name for name in text.components if name in offered],
            text.read_seconds,
            text.text.localised(),
            text.digest,
        )
        for text in package.disclosure
        if offered.intersection(text.components)
    ]
