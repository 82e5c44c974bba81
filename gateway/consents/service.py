"""What a customer allowed, until when, and the two ways of taking it back."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1 import consents as wire
from gateway.audit.service import Audit
from gateway.consents import states, store
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit import ids

# As long as account access may go without renewal elsewhere too (EU-SCA-04: 180 days).
LIFETIME: Final = timedelta(days=180)
_REVOKED_BY_CUSTOMER: Final = "customer"
_REVOKED_BY_PARTNER: Final = "partner"


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What was put before the customer, kept as evidence (CN-PIPL-03, CN-FCP-02).

    ``disclosures`` are the digests of the texts shown, ``declined`` the optional components the
    customer left out, ``language`` the tag of the page they read.
    """

    purpose: str = ""
    recipient: str = ""
    shared: tuple[str, ...] = ()
    never_shared: tuple[str, ...] = ()
    disclosures: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
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

    def status_at(self, at: datetime) -> states.Status:
        """Active, revoked or expired as of ``at``."""
        return states.status_at(self.status, self.expires_at, at)


def is_live(consent: Consent, at: datetime) -> bool:
    """Not taken back and not run out: the only question other rooms may ask."""
    return consent.status_at(at) == "active"


def promised(consent: Consent, at: datetime) -> wire.Consent:
    """The consent as its partner may see it at ``at``; the customer's id is not in it."""
    return wire.Consent(
        consent_id=consent.consent_id,
        status=consent.status_at(at),
        scope=consent.scope,
        authorization_details=msgspec.convert(
            consent.authorization_details, list[wire.PackageOrderDetail]
        ),
        created_at=consent.created_at,
        expires_at=consent.expires_at,
        revoked_at=consent.revoked_at,
    )


class Consents:
    """Grants, reads and ends consents; a consent that ended stays ended."""

    def __init__(
        self,
        database: Database,
        events: Events,
        audit: Audit,
        *,
        rule_pack: str,
        lifetime: timedelta = LIFETIME,
    ) -> None:
        """``rule_pack`` is the version that audit records of this room cite."""
        self._database = database
        self._events = events
        self._audit = audit
        self._rule_pack = rule_pack
        self.lifetime = lifetime

    def grant(
        self,
        unit: Unit,
        *,
        partner_id: str,
        client_id: str,
        customer_id: str,
        scope: str,
        authorization_details: Sequence[dict[str, Any]],
        acr: str,
        amr: Sequence[str],
        at: datetime,
        notice: Notice | None = None,
    ) -> str:
        """Adds a new live consent to the caller's unit and returns its id.

        Nothing is durable before that unit is. ``authorization_details`` are those the customer
        approved, which may be fewer than asked, never more (RFC 9396 section 7).
        """
        consent = Consent(
            consent_id=ids.new_id("cns"),
            partner_id=partner_id,
            client_id=client_id,
            customer_id=customer_id,
            status="active",
            scope=scope,
            authorization_details=tuple(authorization_details),
            acr=acr,
            amr=tuple(amr),
            notice=notice or Notice(),
            created_at=at,
            expires_at=at + self.lifetime,
        )
        self._insert(unit, consent)
        self._announce(unit, consent, "consent.granted", at)
        self._record_grant(unit, consent)
        return consent.consent_id

    def _record_grant(self, unit: Unit, consent: Consent) -> None:
        self._audit.append(
            unit,
            action="consent.grant",
            actor=f"customer:{consent.customer_id}",
            partner_id=consent.partner_id,
            client_id=consent.client_id,
            subject=consent.customer_id,
            resource=consent.consent_id,
            decision="allow",
            rules=("CN-PIPL-03",),
            rule_pack=self._rule_pack,
            detail={
                "scope": consent.scope,
                "authorization_details": list(consent.authorization_details),
                "acr": consent.acr,
                "amr": list(consent.amr),
                "notice": msgspec.to_builtins(consent.notice),
            },
            at=consent.created_at,
        )

    async def find(self, consent_id: str) -> Consent | None:
        """The consent, whoever it belongs to; the caller decides who may see it."""
        row = await self._database.find(store.FIND, consent_id=consent_id)
        return None if row is None else _decoded(row)

    async def for_customer(self, customer_id: str) -> list[Consent]:
        """The customer's consents, the newest first, ended ones included."""
        rows = await self._database.all(store.FOR_CUSTOMER, customer_id=customer_id)
        return [_decoded(row) for row in rows]

    async def fetch_for_customer(self, consent_id: str, customer_id: str) -> Consent:
        """The customer's own consent; anybody else's answers as one that does not exist."""
        consent = await self.find(consent_id)
        if consent is None or consent.customer_id != customer_id:
            raise errors.NotFound
        return consent

    async def fetch_for_partner(
        self, consent_id: str, partner_id: str, customer_id: str | None
    ) -> Consent:
        """The partner's own consent; with ``customer_id`` only that customer's.

        Anybody else's answers as one that does not exist.
        """
        consent = await self.find(consent_id)
        if consent is None or consent.partner_id != partner_id:
            raise errors.NotFound
        if customer_id is not None and consent.customer_id != customer_id:
            raise errors.NotFound
        return consent

    async def revoke(self, consent_id: str, customer_id: str, at: datetime) -> Consent:
        """The customer takes a consent back; it is dead for every call that starts after this.

        Taking back what was taken back already changes nothing and succeeds (CN-PIPL-02).
        """

        async def read() -> Consent:
            return await self.fetch_for_customer(consent_id, customer_id)

        async def compose() -> Unit:
            return self._revocation(
                await read(), _REVOKED_BY_CUSTOMER, f"customer:{customer_id}", at
            )

        await self._database.settle(compose)
        return await read()

    async def give_back(
        self, consent_id: str, *, partner_id: str, customer_id: str | None, actor: str, at: datetime
    ) -> None:
        """The partner gives a consent back; the same guarantees as ``revoke``."""

        async def compose() -> Unit:
            consent = await self.fetch_for_partner(consent_id, partner_id, customer_id)
            return self._revocation(consent, _REVOKED_BY_PARTNER, actor, at)

        await self._database.settle(compose)

    def _revocation(self, consent: Consent, by: str, actor: str, at: datetime) -> Unit:
        unit = Unit("consent.revoke", locks=(consent.consent_id,))
        if consent.status == "revoked":
            return unit
        event = states.event_of("active", "revoked")
        unit.add(
            store.REVOKE,
            consent_id=consent.consent_id,
            from_="active",
            to="revoked",
            by=by,
            at=at,
        )
        gone = msgspec.structs.replace(consent, status="revoked", revoked_at=at, revoked_by=by)
        self._announce(unit, gone, event, at)
        self._audit.append(
            unit,
            action="consent.revoke",
            actor=actor,
            partner_id=consent.partner_id,
            client_id=consent.client_id,
            subject=consent.customer_id,
            resource=consent.consent_id,
            decision="allow",
            rules=("CN-PIPL-02",),
            rule_pack=self._rule_pack,
            detail={"by": by},
            at=at,
        )
        return unit

    def _insert(self, unit: Unit, consent: Consent) -> None:
        unit.lock(consent.consent_id)
        unit.add(
            store.INSERT,
            consent_id=consent.consent_id,
            partner_id=consent.partner_id,
            client_id=consent.client_id,
            customer_id=consent.customer_id,
            scope=consent.scope,
            authorization_details=_text(consent.authorization_details),
            acr=consent.acr,
            amr=_text(consent.amr),
            notice=_text(consent.notice),
            created_at=consent.created_at,
            expires_at=consent.expires_at,
        )

    def _announce(self, unit: Unit, consent: Consent, event: str | None, at: datetime) -> None:
        if event is not None:
            self._events.record(
                unit,
                type=event,
                partner_id=consent.partner_id,
                resource_type="consent",
                resource_id=consent.consent_id,
                content=promised(consent, at),
                at=at,
            )


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _decoded(row: store.ConsentRow) -> Consent:
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
    )
