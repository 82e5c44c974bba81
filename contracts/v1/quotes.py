"""Quotes: what credit for one order would cost, month by month, under each of a package's plans."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import MinorUnits, Money
from contracts.v1.names import (
    Code,
    Digest,
    Id,
    Moment,
    PackageCode,
    PackageVersion,
    Reference,
    ShortText,
)
from contracts.v1.packages import RateText

Months = Annotated[int, msgspec.Meta(ge=1, le=360, description="Months.", examples=[12])]


class QuotedOrder(msgspec.Struct, frozen=True):
    """The order that is to be paid: one quote is for one order and one amount of it.

    Beside these it takes, as texts and by their names, the facts that the package asks partners
    for, such as ``merchant_id``. Anything else is refused.
    """

    reference: Reference
    amount: Money


class QuoteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks what a component's plans cost for an order; without ``terms``, every plan that fits.

    ``fee_subsidy`` is what the seller pays of the charges of each plan that is quoted.
    """

    component: Id
    order: Annotated[QuotedOrder, msgspec.Meta(extra_json_schema={"maxProperties": 34})]
    version: PackageVersion | None = None
    terms: Annotated[list[Months], msgspec.Meta(min_length=1, max_length=12)] | None = None
    fee_subsidy: Money | None = None


class QuotedInstalment(msgspec.Struct, frozen=True):
    """What is due so many months after the draw, in minor units of the quote's currency.

    ``payment`` is what the customer pays: principal and charge, less the subsidy.
    """

    number: Months
    payment: MinorUnits
    principal: MinorUnits
    charge: MinorUnits
    subsidy: MinorUnits
    balance: MinorUnits


class QuotedPlan(msgspec.Struct, frozen=True):
    """One plan for the whole amount: every instalment, what they add up to, and the yearly cost.

    ``apr`` is twelve times the monthly internal rate of return of what the customer receives,
    which is the amount less ``fees_at_draw``, and pays; ``effective_rate`` is its compound. Both
    are the customer's, after the subsidy. ``digest`` is SHA-256 over all the rest of the plan.
    """

    plan: Code
    method: Literal["flat_fee", "equal_instalment", "equal_principal"]
    terms: Months
    instalments: list[QuotedInstalment]
    charges: Money
    subsidy: Money
    fees_at_draw: Money
    total: Money
    apr: RateText
    effective_rate: RateText
    digest: Digest


class QuotedDisclosure(msgspec.Struct, frozen=True):
    """A text that the customer must have read before agreeing to any of the plans."""

    code: Code
    version: Code
    digest: Digest


class Quote(msgspec.Struct, frozen=True):
    """What one order would cost until ``expires_at``; used once, by one customer, as it stands.

    ``digest`` is SHA-256 over all the rest, as JSON with sorted members and no blanks.
    """

    quote_id: Id
    package: PackageCode
    version: PackageVersion
    component: Id
    order_reference: Reference
    amount: Money
    facts: Annotated[
        dict[Code, ShortText],
        msgspec.Meta(description="What else was told of the order.", max_length=32),
    ]
    lender: Annotated[Literal["bank"], msgspec.Meta(description="Who lends, and alone: the bank.")]
    plans: list[QuotedPlan]
    disclosures: list[QuotedDisclosure]
    created_at: Moment
    expires_at: Moment
    digest: Digest
