"""Packages as partners read them: what is sold, inside which bounds, at what price."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Code, Digest, Id, LocalisedText, PackageCode, PackageVersion, Rule

# To a partner, LICENSED has become EMBED or REFER; only the public list still says it.
SalesBoundary = Literal["EMBED", "REFER", "LICENSED"]
Period = Literal["each", "day", "month", "year", "balance", "total"]
RateText = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[0-9]{1,3}(\.[0-9]{1,12})?$",
        description="A decimal fraction: 0.0050 is half a per cent.",
        examples=["0.0050"],
    ),
]


Days = Annotated[int, msgspec.Meta(ge=0, le=3_660, description="Bank days.")]
Terms = Annotated[int, msgspec.Meta(ge=0, le=360, description="Months.")]


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One bound the component keeps; ``rule`` names the rule it comes from, or ``design``.

    Money is in ``amount``; anything else is a ``count`` of ``unit``, or a ``rate``.
    """

    code: Annotated[Code, msgspec.Meta(examples=["balance"])]
    title: LocalisedText
    rule: Rule
    period: Period
    sense: Literal["most", "least"] = "most"
    amount: Money | None = None
    count: Annotated[int, msgspec.Meta(ge=0, le=10**9)] | None = None
    unit: Code | None = None
    rate: RateText | None = None


class Component(msgspec.Struct, frozen=True):
    """A part of a package; a line of an order is its counterpart."""

    component: Id
    type: Annotated[Code, msgspec.Meta(examples=["account_t3"])]
    boundary: SalesBoundary
    required: bool
    title: LocalisedText
    summary: LocalisedText
    actions: list[Code]
    limits: list[Limit]


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody pays; zero is said, not left out. ``rate`` is taken of what ``of`` names."""

    code: Annotated[Code, msgspec.Meta(examples=["account_fee"])]
    title: LocalisedText
    payer: Annotated[Code, msgspec.Meta(examples=["customer"])]
    amount: Money | None = None
    rate: RateText | None = None
    of: Code | None = None


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """A way of repaying credit.

    ``apr`` is twelve times the monthly internal rate of return, ``effective_rate`` its compound;
    both are those of the largest principal, and of that alone: a quote says them for an amount.
    """

    code: Code
    component: Id
    method: Literal["flat_fee", "equal_instalment", "equal_principal"]
    terms: Terms
    principal_min: Money
    principal_max: Money
    apr: RateText
    effective_rate: RateText
    rate_monthly: RateText | None = None
    rate_annual: RateText | None = None
    free_terms: Terms = 0


class Disclosure(msgspec.Struct, frozen=True):
    """A text the customer is shown before agreeing; ``digest`` is SHA-256 over all languages.

    The customer's page accepts no agreement before the text was on it for ``read_seconds``.
    """

    code: Annotated[Code, msgspec.Meta(examples=["account-tiers"])]
    version: Annotated[Code, msgspec.Meta(examples=["1"])]
    kind: Annotated[Code, msgspec.Meta(examples=["account_tiers"])]
    components: list[Id]
    read_seconds: Annotated[int, msgspec.Meta(ge=0, le=300)]
    text: LocalisedText
    digest: Digest


class NeededConsent(msgspec.Struct, frozen=True):
    """A consent the customer is asked for; declining one that is not required changes nothing.

    With ``components`` it is asked for together with any of them, else with the whole package.
    """

    kind: Code
    purpose: LocalisedText
    required: bool
    components: list[Id]


class CoolingOff(msgspec.Struct, frozen=True, omit_defaults=True):
    """In how many bank days the customer may go back on it, and whether the law says so."""

    days: Days
    kind: Literal["none", "contractual", "statutory"]
    components: list[Id]
    rule: Rule | None = None


class Commission(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the bank pays the calling partner; never part of the public list."""

    components: list[Id]
    basis: Code
    period: Literal["once", "month", "each"]
    hold_days: Days
    amount: Money | None = None
    rate: RateText | None = None
    qualifying_event: Code | None = None


class PackageSummary(msgspec.Struct, frozen=True):
    """A package as listed."""

    code: PackageCode
    version: PackageVersion
    title: LocalisedText
    scenarios: list[Code]
    digest: Digest


class Package(msgspec.Struct, frozen=True):
    """One published version of a package; a published version never changes."""

    code: PackageCode
    version: PackageVersion
    title: LocalisedText
    scenarios: list[Code]
    digest: Digest
    components: list[Component]
    prices: list[Price]
    disclosures: list[Disclosure]
    plans: list[Plan]
    consents: list[NeededConsent]
    cooling_off: list[CoolingOff]
    commissions: list[Commission]
    scopes: list[Code]
    shared_with_partner: list[Code]
    never_shared: list[Code]


class PackageList(msgspec.Struct, frozen=True):
    """Packages on sale through the calling partner."""

    packages: list[PackageSummary]
