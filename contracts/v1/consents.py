"""Consents: what a customer lets a partner do, and the RAR entries that ask for it (RFC 9396)."""

from typing import Annotated, Literal

import msgspec

from contracts.v1.money import Money
from contracts.v1.names import Code, Id, Moment, PackageCode, PackageVersion, Scopes

PACKAGE_ORDER_TYPE = "urn:tessera:package-order"
ACCOUNT_INFORMATION_TYPE = "urn:tessera:account-information"


class PackageOrderDetail(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag=PACKAGE_ORDER_TYPE,
):
    """One ``authorization_details`` entry: one component of one version of one package."""

    package: PackageCode
    version: PackageVersion
    component: Id
    actions: Annotated[list[Code], msgspec.Meta(min_length=1, max_length=8)]
    top_up: Money | None = None
    per_debit_cap: Money | None = None
    daily_cap: Money | None = None
    # Credit is asked for by quote: its id, one of its plans, and its amount to the minor unit.
    quote: Id | None = None
    plan: Code | None = None
    amount: Money | None = None


class AccountInformationDetail(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag=ACCOUNT_INFORMATION_TYPE,
):
    """One ``authorization_details`` entry: what may be read of the accounts under this consent.

    With such an entry the scopes ``account.limits.read`` and ``account.balance.read`` reach as far
    as its ``datatypes`` (RFC 9396 section 2.2), and no further; without one they speak alone.
    """

    datatypes: Annotated[
        list[Literal["limits", "balance"]], msgspec.Meta(min_length=1, max_length=8)
    ]


# A paused consent is refused like one that is over, and its customer may let it go on.
ConsentStatus = Literal["active", "paused", "revoked", "expired"]


class Consent(msgspec.Struct, frozen=True):
    """A consent as its partner may see it."""

    consent_id: Id
    status: ConsentStatus
    scope: Scopes
    authorization_details: list[PackageOrderDetail | AccountInformationDetail]
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
