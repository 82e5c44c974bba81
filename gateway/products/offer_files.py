"""What a package costs, pays and promises: prices, plans, commission, cooling-off, tiles."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.names import Id
from gateway.products.words import Entry, Fen, Name, Rate, Text

Payer = Literal["customer", "merchant", "institution", "lessor", "partner", "borrower"]
Method = Literal["flat_fee", "equal_instalment", "equal_principal"]
# Bases that the law forbids can be written down, so that the compiler can say which rule forbids.
Basis = Literal[
    "none",
    "flat_per_activation",
    "service_fee_on_drawn",
    "mdr_share",
    "licensed_commission",
    "technical_flat",
    "balance_share",
    "borrower_fee",
]


class PriceEntry(Entry, frozen=True):
    """What somebody pays; zero is said. Either ``minor_units`` or ``rate``, or both as a minimum.

    ``of`` says what a rate is taken of, such as ``released_amount``.
    """

    code: Name
    title: Text
    payer: Payer = "customer"
    minor_units: Fen | None = None
    rate: Rate | None = None
    of: Name | None = None
    component: Id | None = None


class PlanEntry(Entry, frozen=True):
    """A way of repaying credit: what the quotes of this component are computed from.

    ``flat_fee`` charges ``rate_monthly`` of the first principal with every instalment; the other
    two charge ``rate_annual`` / 12 of what is outstanding. ``terms`` are months.
    """

    code: Name
    component: Id
    method: Method
    terms: Annotated[int, msgspec.Meta(ge=1, le=360)]
    principal_min: Fen
    principal_max: Fen
    rate_monthly: Rate | None = None
    rate_annual: Rate | None = None
    # Instalments in which nothing is charged, at the start.
    free_terms: Annotated[int, msgspec.Meta(ge=0, le=36)] = 0
    # Whether somebody else, such as the seller, may pay a part of the charges.
    subsidy: bool = False


class CommissionEntry(Entry, frozen=True):
    """What the bank pays the partner for some components, and when it is earned or taken back."""

    components: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    basis: Basis
    minor_units: Fen | None = None
    rate: Rate | None = None
    # The upper end of the bank's published interval of service fees (CN-LOAN-06).
    cap_rate: Rate | None = None
    period: Literal["once", "month", "each"] = "once"
    requires: Name | None = None
    qualifying_event: Name | None = None
    hold_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    min_tenure_days: Annotated[int, msgspec.Meta(ge=0, le=3_660)] = 0
    clawback: Rate = "0"
    attribution_window_hours: Annotated[int, msgspec.Meta(ge=0, le=8_784)] = 0


class CoolingOff(Entry, frozen=True):
    """In how many bank days a customer may go back on it; ``rule`` where the law says so."""

    days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    kind: Literal["none", "contractual", "statutory"] = "none"
    rule: str | None = None
    components: tuple[Id, ...] = ()
    note: Text | None = None


class BenefitEntry(Entry, frozen=True):
    """Something the bank adds; ``of`` names what its size depends on, if anything."""

    code: Name
    title: Text
    of: Name | None = None
    component: Id | None = None


class TileEntry(Entry, frozen=True):
    """The advertisement a partner may show; credit shows its yearly cost (CN-LOAN-09)."""

    code: Name
    title: Text
    text: Text
    components: Annotated[tuple[Id, ...], msgspec.Meta(min_length=1)]
    preselected: tuple[Id, ...] = ()
    apr_min: Rate | None = None
    apr_max: Rate | None = None
    benchmark: Text | None = None
    warning: Text | None = None
