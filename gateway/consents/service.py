"""What a customer allowed, until when, and how it is narrowed, paused and taken back."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from contracts import errors
from gateway.audit.service import Audit
from gateway.consents import states, store
from gateway.consents.consent import (
    Consent,
    Notice,
    decoded,
    is_live,
    narrowed,
    promised,
    rights,
)
from gateway.consents.reading import AgreedText, ShownText, agreed, keep
from gateway.consents.uses import LastUses
from gateway.database import Database, Unit
from gateway.events.service import Events
from gateway.kit import ids

__all__ = [
    "LIFETIME",
    "AgreedText",
    "Consent",
    "Consents",
    "LastUses",
    "Notice",
    "ShownText",
    "is_live",
    "promised",
]

# As long as account access may go without renewal elsewhere too (EU-SCA-04: 180 days).
LIFETIME: Final = timedelta(days=180)
_REVOKED_BY_CUSTOMER: Final = "customer"
_REVOKED_BY_PARTNER: Final = "partner"
_REVOKED_BY_BANK: Final = "bank"
_ENDED_AT_ONCE: Final = 100


class Consents:
    """Grants, reads, changes and ends consents; none is ever widened, and an end is for good."""

    def __init__(
        self,
        database: Database,
        events: Events,
        audit: Audit,
        *,
        lifetime: timedelta = LIFETIME,
    ) -> None:
        self._database = database
        self._events = events
        self._audit = audit
        self.lifetime = lifetime
        self.uses = LastUses(database)

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
        read: Sequence[ShownText] = (),
    ) -> str:
        """Adds a new live consent to the caller's unit and returns its id.

        Nothing is durable before that unit is. ``authorization_details`` are those the customer
        approved, which may be fewer than asked, never more (RFC 9396 section 7); ``read`` are the
        texts that stood before the customer.
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
        keep(unit, consent.consent_id, read, at)
        self._record_grant(unit, consent, read)
        return consent.consent_id

    def _record_grant(self, unit: Unit, consent: Consent, read: Sequence[ShownText]) -> None:
        self._audit.append(
            unit,
            action="consent.grant",
            actor=f"customer:{consent.customer_id}",
            partner_id=consent.partner_id,
            client_id=consent.client_id,
            subject=consent.customer_id,
            resource=consent.consent_id,
            decision="allow",
            rules=("CN-PIPL-03", *sorted({rule for text in read for rule in text.rules})),
            detail={
                "scope": consent.scope,
                "authorization_details": list(consent.authorization_details),
                "acr": consent.acr,
                "amr": list(consent.amr),
                "notice": msgspec.to_builtins(consent.notice),
                "read": [
                    {
                        "code": text.code,
                        "digest": text.digest,
                        "shown_at": text.shown_at.isoformat(),
                    }
                    for text in read
                ],
            },
            at=consent.created_at,
        )

    async def find(self, consent_id: str) -> Consent | None:
        """The consent, whoever it belongs to; the caller decides who may see it."""
        row = await self._database.find(store.FIND, consent_id=consent_id)
        return None if row is None else decoded(row)

    async def read_for(self, consent_id: str) -> list[AgreedText]:
        """The texts that the consent's customer read, in the order they stood on the page."""
        rows = await self._database.all(store.READ_FOR, consent_id=consent_id)
        return [agreed(row) for row in rows]

    async def for_customer(self, customer_id: str) -> list[Consent]:
        """The customer's consents, the newest first, ended ones included."""
        rows = await self._database.all(store.FOR_CUSTOMER, customer_id=customer_id)
        return [decoded(row) for row in rows]

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

    async def end_all(self, client_id: str, *, actor: str, at: datetime) -> int:
        """The bank ends every consent of a client that has ended; returns how many.

        The client reaches nothing by then, so this may be interrupted and run again.
        """
        ended = 0
        while rows := await self._database.all(
            store.LIVE_OF_CLIENT, client_id=client_id, at=at, limit=_ENDED_AT_ONCE
        ):
            await asyncio.gather(*(self._end(row.consent_id, actor, at) for row in rows))
            ended += len(rows)
        return ended

    async def _end(self, consent_id: str, actor: str, at: datetime) -> None:
        async def compose() -> Unit:
            consent = await self.find(consent_id)
            assert consent is not None, "consents are never deleted"
            return self._revocation(consent, _REVOKED_BY_BANK, actor, at)

        await self._database.settle(compose)

    async def pause(self, consent_id: str, customer_id: str, at: datetime) -> Consent:
        """The customer stops everything under a consent, from the next call on, until resumed.

        Pausing twice succeeds; ``ConsentNotLive`` for one that is over.
        """
        return await self._turn(consent_id, customer_id, "active", "paused", at)

    async def resume(self, consent_id: str, customer_id: str, at: datetime) -> Consent:
        """The customer lets a paused consent go on as it was; its expiry has not moved.

        Resuming twice succeeds; ``ConsentNotLive`` for one that is over.
        """
        return await self._turn(consent_id, customer_id, "paused", "active", at)

    async def narrow(
        self,
        consent_id: str,
        customer_id: str,
        *,
        scope: frozenset[str],
        authorization_details: Sequence[dict[str, Any]],
        at: datetime,
    ) -> Consent:
        """Leaves the consent with less, from the next call on; what went is kept in the audit.

        Both are what remains: scope tokens and entries that the consent has now, an entry whole or
        with fewer ``datatypes``. Raises
        ``InvalidField`` for anything else and when nothing would remain, ``ConsentNotLive`` for a
        consent that is over, ``Conflict`` when it changed meanwhile.
        """

        async def compose() -> Unit:
            consent = await self.fetch_for_customer(consent_id, customer_id)
            remains = narrowed(consent, scope, tuple(authorization_details))
            unit = Unit("consent.narrow", locks=(consent_id,))
            if consent.status_at(at) not in ("active", "paused"):
                raise errors.ConsentNotLive
            if remains == consent:
                return unit
            unit.add(
                store.NARROW,
                consent_id=consent_id,
                scope=remains.scope,
                authorization_details=_text(remains.authorization_details),
                scope_before=consent.scope,
                authorization_details_before=_text(consent.authorization_details),
            )
            self._announce(unit, remains, states.NARROWED, at)
            self._record(
                unit,
                remains,
                "consent.narrow",
                f"customer:{customer_id}",
                at,
                {"before": rights(consent), "after": rights(remains)},
            )
            return unit

        await self._database.settle(compose)
        return await self.fetch_for_customer(consent_id, customer_id)

    async def _turn(
        self,
        consent_id: str,
        customer_id: str,
        from_: states.Status,
        to: states.Status,
        at: datetime,
    ) -> Consent:
        async def compose() -> Unit:
            consent = await self.fetch_for_customer(consent_id, customer_id)
            standing = consent.status_at(at)
            unit = Unit(f"consent.to_{to}", locks=(consent_id,))
            if standing == to:
                return unit
            if standing != from_:
                raise errors.ConsentNotLive
            unit.add(store.MOVE, consent_id=consent_id, from_=from_, to=to)
            turned = msgspec.structs.replace(consent, status=to)
            self._announce(unit, turned, states.event_of(from_, to), at)
            action = "consent.pause" if to == "paused" else "consent.resume"
            self._record(unit, turned, action, f"customer:{customer_id}", at, {})
            return unit

        await self._database.settle(compose)
        return await self.fetch_for_customer(consent_id, customer_id)

    def _revocation(self, consent: Consent, by: str, actor: str, at: datetime) -> Unit:
        unit = Unit("consent.revoke", locks=(consent.consent_id,))
        if consent.status == "revoked":
            return unit
        unit.add(
            store.REVOKE,
            consent_id=consent.consent_id,
            from_=consent.status,
            to="revoked",
            by=by,
            at=at,
        )
        gone = msgspec.structs.replace(consent, status="revoked", revoked_at=at, revoked_by=by)
        self._announce(unit, gone, states.event_of(consent.status, "revoked"), at)
        self._record(unit, consent, "consent.revoke", actor, at, {"by": by})
        return unit

    def _record(
        self,
        unit: Unit,
        consent: Consent,
        action: str,
        actor: str,
        at: datetime,
        detail: dict[str, Any],
    ) -> None:
        self._audit.append(
            unit,
            action=action,
            actor=actor,
            partner_id=consent.partner_id,
            client_id=consent.client_id,
            subject=consent.customer_id,
            resource=consent.consent_id,
            decision="allow",
            rules=("CN-PIPL-02",),
            detail=detail,
            at=at,
        )

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
