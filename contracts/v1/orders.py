"""Orders: a customer's request for a package, one line per component."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import (
    Code,
    Digest,
    Id,
    Moment,
    PackageCode,
    PackageVersion,
    Reference,
    Sequence,
    Url,
)

OrderStatus = Literal["received", "activating", "active", "compensating", "cancelled"]
LineStatus = Literal[
    "pending",
    "activating",
    "unknown",
    "active",
    "referred",
    "declined",
    "failed",
    "compensating",
    "compensated",
]
ReasonFamily = Literal["identity", "policy", "risk", "duplicate", "limit", "technical"]


class OrderRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Places the order that the consent in the access token allows."""

    package: PackageCode
    version: PackageVersion
    reference: Reference


class LineReason(msgspec.Struct, frozen=True):
    """Why a line did not become active; only the family leaves the bank."""

    reason_family: ReasonFamily
    code: Annotated[Code, msgspec.Meta(examples=["limit.balance"])]


class OrderLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One component of the order; ids appear once the line is active.

    ``schedule_digest`` is that of the plan in the quote that the order took.
    """

    line_id: Id
    component: Id
    type: Code
    required: bool
    status: LineStatus
    account_id: Id | None = None
    mandate_id: Id | None = None
    topped_up: Money | None = None
    refer_to: Url | None = None
    reason: LineReason | None = None
    schedule_digest: Digest | None = None


class AgreedDisclosure(msgspec.Struct, frozen=True):
    """A text that the customer read on the bank's page and agreed to, known by its digest.

    ``language`` is the tag of the language it was read in.
    """

    code: Annotated[Code, msgspec.Meta(examples=["account-tiers"])]
    version: Annotated[Code, msgspec.Meta(examples=["1"])]
    kind: Annotated[Code, msgspec.Meta(examples=["account_tiers"])]
    digest: Digest
    language: Annotated[Code, msgspec.Meta(examples=["zh-CN"])]
    agreed_at: Moment


class Order(msgspec.Struct, frozen=True):
    """An order with its lines; ``sequence`` grows by one with every published change.

    ``disclosures`` are what the customer agreed to before the order could be placed.
    """

    order_id: Id
    reference: Reference
    package: PackageCode
    version: PackageVersion
    consent_id: Id
    status: OrderStatus
    lines: list[OrderLine]
    sequence: Sequence
    created_at: Moment
    updated_at: Moment
    disclosures: list[AgreedDisclosure] = []
