"""A consent: what it holds, what its partner may see of it, and what a narrowing leaves."""

from datetime import datetime
from typing import Any

import msgspec

from contracts import errors
from contracts.v1 import consents as wire
from gateway.consents import states
from gateway.consents.store import ConsentRow


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What was put before the customer, kept as evidence (CN-PIPL-03, CN-FCP-02).

    ``disclosures`` are the digests of the texts read, ``declined`` the optional components the
    customer left out, ``language`` the tag of the page they read. ``consents`` are what else was
    agreed to, each as package and kind, and ``consents_declined`` the optional ones left unticked.
    """

    purpose: str = ""
    recipient: str = ""
    shared: tuple[str, ...] = ()
    never_shared: tuple[str, ...] = ()
    disclosures: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    consents_declined: tuple[str, ...] = ()
    language: str = ""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's consent to one client; ``status`` is as stored, see ``is_live``."""

    consent_id: str
    partner_id: str
    client_id: str
    customer_id: str
    status: states.Status
    scope: str
    authorization_details: tuple[dict[str, Any], ...]
    acr: str
    amr: tuple[str, ...]
    notice: Notice
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    last_used_at: datetime | None = None

    def reaches(self, component: str) -> bool:
        """Whether the consent names a component; one that was taken out is named no more."""
        return any(entry.get("component") == component for entry in self.authorization_details)

    def status_at(self, at: datetime) -> states.Status:
        """Active, paused, revoked or expired as of ``at``."""
        return states.status_at(self.status, self.expires_at, at)


def is_live(consent: Consent, at: datetime) -> bool:
    """Neither taken back, paused nor run out: may anything be done under it now?"""
    return consent.status_at(at) == "active"


def promised(consent: Consent, at: datetime) -> wire.Consent:
    """The consent as its partner may see it at ``at``; the customer's id is not in it."""
    return wire.Consent(
        consent_id=consent.consent_id,
        status=consent.status_at(at),
        scope=consent.scope,
        authorization_details=msgspec.convert(
            consent.authorization_details,
            list[wire.PackageOrderDetail | wire.AccountInformationDetail],
        ),
        created_at=consent.created_at,
        expires_at=consent.expires_at,
        revoked_at=consent.revoked_at,
    )


def decoded(row: ConsentRow) -> Consent:
    """A consent from its row."""
    return Consent(
        consent_id=row.consent_id,
        partner_id=row.partner_id,
        client_id=row.client_id,
        customer_id=row.customer_id,
        status=row.status,
        scope=row.scope,
        authorization_details=msgspec.json.decode(
            row.authorization_details, type=tuple[dict[str, Any], ...]
        ),
        acr=row.acr,
        amr=msgspec.json.decode(row.amr, type=tuple[str, ...]),
        notice=msgspec.json.decode(row.notice, type=Notice),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        revoked_by=row.revoked_by,
        last_used_at=row.last_used_at,
    )


def narrowed(
    consent: Consent, scope: frozenset[str], details: tuple[dict[str, Any], ...]
) -> Consent:
    """The consent with what remains of it, in the order it has now."""
    had = consent.scope.split()
    if not scope or not scope <= frozenset(had):
        raise errors.InvalidField("Some of the consent's own scope must remain.", field="scope")
    kept = _remaining(consent.authorization_details, details)
    if len(kept) != len(details) or (consent.authorization_details and not kept):
        raise errors.InvalidField(
            "Some of the consent's own entries must remain.", field="authorization_details"
        )
    return msgspec.structs.replace(
        consent,
        scope=" ".join(name for name in had if name in scope),
        authorization_details=kept,
    )


def _remaining(
    had: tuple[dict[str, Any], ...], details: tuple[dict[str, Any], ...]
) -> tuple[dict[str, Any], ...]:
    """What is left of each entry that is left, in the order they had."""
    kept = []
    for entry in had:
        remains = next((one for one in details if one == entry or _is_less(one, entry)), None)
        if remains is not None:
            kept.append(remains)
    return tuple(kept)


def _is_less(remains: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Alike in everything but kinds of data, of which some are left (RFC 9396 section 2.2)."""
    kinds: list[str] = remains.get("datatypes", [])
    if not kinds or remains | {"datatypes": entry.get("datatypes")} != entry:
        return False
    return [kind for kind in entry["datatypes"] if kind in kinds] == kinds


def rights(consent: Consent) -> dict[str, Any]:
    """What the consent allows, as audit records tell it."""
    return {"scope": consent.scope, "authorization_details": list(consent.authorization_details)}
