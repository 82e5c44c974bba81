"""Consents: what a customer lets a partner do, and the RAR entries that ask for it (RFC 9396)."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Code, Id, Moment, PackageCode, PackageVersion, Scopes

PACKAGE_ORDER_TYPE = "urn:tessera:package-order"


class PackageOrderDetail(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One ``authorization_details`` entry: one component of one version of one package."""

    type: Literal["urn:tessera:package-order"]
    package: PackageCode
    version: PackageVersion
    component: Id
    actions: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=8)]
    top_up: Money | None = None
    per_debit_cap: Money | None = None
    daily_cap: Money | None = None


ConsentStatus = Literal["active", "revoked", "expired"]


class Consent(msgspec.Struct, frozen=True):
    """A consent as its partner may see it."""

    consent_id: Id
    status: ConsentStatus
    scope: Scopes
    authorization_details: list[PackageOrderDetail]
    created_at: Moment
    expires_at: Moment
    revoked_at: Moment | None = None


class GrantHandleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for the opaque handle that stands for this consent inside one dialect."""

    dialect: Id


class GrantHandle(msgspec.Struct, frozen=True):
    """Shown once; useless without a fresh signature by a live key registered for the dialect."""

    grant_handle: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=512,
            pattern=r"^[\x21-\x7e]+$",
            description="Opaque; shown in this answer only.",
        ),
    ]
    dialect: Id
    consent_id: Id
    expires_at: Moment
