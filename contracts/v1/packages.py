"""Packages as partners read them: what is sold, inside which bounds, at what price."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Code, Digest, Id, LocalisedText, PackageCode, PackageVersion, Rule

SalesBoundary = Literal["EMBED", "REFER", "LICENSED"]


class Limit(msgspec.Struct, frozen=True):
    """One bound the component keeps; ``rule`` names the rule it comes from, or ``design``."""

    code: Annotated[Code, msgspec.Meta(examples=["balance"])]
    title: LocalisedText
    amount: Money
    rule: Rule
    period: Literal["each", "day", "year", "balance"]


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


class Price(msgspec.Struct, frozen=True):
    """What the customer pays; an amount of zero is said, not left out."""

    code: Annotated[Code, msgspec.Meta(examples=["account_fee"])]
    title: LocalisedText
    amount: Money


class Disclosure(msgspec.Struct, frozen=True):
    """A text the customer is shown before agreeing; ``digest`` is SHA-256 over all languages."""

    code: Annotated[Code, msgspec.Meta(examples=["account-tiers"])]
    version: Annotated[Code, msgspec.Meta(examples=["1"])]
    text: LocalisedText
    digest: Digest


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
    scopes: list[Code]
    shared_with_partner: list[Code]
    never_shared: list[Code]


class PackageList(msgspec.Struct, frozen=True):
    """Packages on sale through the calling partner."""

    packages: list[PackageSummary]
