"""Orders: a customer's request for a package, one line per component."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Id, PackageCode, PackageVersion, Reference

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
    code: Annotated[str, msgspec.Meta(examples=["limit.balance"])]


class OrderLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One component of the order; ids appear once the line is active."""

    line_id: Id
    component: Id
    type: str
    required: bool
    status: LineStatus
    account_id: Id | None = None
    mandate_id: Id | None = None
    topped_up: Money | None = None
    refer_to: str | None = None
    reason: LineReason | None = None


class Order(msgspec.Struct, frozen=True):
    """An order with its lines; ``sequence`` grows by one with every published change."""

    order_id: Id
    reference: Reference
    package: PackageCode
    version: PackageVersion
    consent_id: Id
    status: OrderStatus
    lines: list[OrderLine]
    sequence: int
    created_at: datetime
    updated_at: datetime
