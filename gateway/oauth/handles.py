"""Grant handles: what a dialect carries in the place of a token.

A handle is bound to its client and one dialect and is useless without a fresh signature by a
live key of the client, which the dialect's room demands. Handles and native tokens live in
different tables, so neither is ever taken for the other. A handle ends with its consent, with
the tokens of the grant it came from, and by itself (RFC 7009).
"""

from datetime import datetime

from contracts import errors
from contracts.v1 import consents as wire
from gateway.audit.service import Audit
from gateway.consents.service import Consents, is_live
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock
from gateway.kit.ids import digest, new_secret
from gateway.oauth import store
from gateway.oauth.details import encode_details
from gateway.oauth.rights import effective_rights
from gateway.oauth.scopes import join_scope
from gateway.onboarding.service import Onboarding


class GrantHandles:
    """Issues handles to callers with a customer's token, and finds them again in dialects."""

    def __init__(
        self,
        database: Database,
        onboarding: Onboarding,
        consents: Consents,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._database = database
        self._onboarding = onboarding
        self._consents = consents
        self._audit = audit
        self._clock = clock

    async def issue(self, caller: Caller, dialect: str) -> wire.GrantHandle:
        """A new handle for the caller's consent in one dialect, shown this once.

        Raises ``InvalidField`` when the client has no live key for the dialect, and
        ``ConsentNotLive`` when the caller brings no live consent, or no token that still stands.
        """
        if caller.consent_id is None or caller.token_digest is None:
            raise errors.ConsentNotLive
        if not await self._onboarding.dialect_public_keys(caller.client_id, dialect):
            raise errors.InvalidField(
                "The client has no live signing key for this dialect.", field="dialect"
            )
        consent = await self._consents.find(caller.consent_id)
        if consent is None or not is_live(consent, caller.at):
            raise errors.ConsentNotLive
        handle = new_secret()
        unit = Unit("grant_handle.issue", locks=(caller.consent_id,))
        unit.add(
            store.INSERT_HANDLE,
            otherwise=errors.ConsentNotLive,
            token_digest=caller.token_digest,
            handle_digest=digest(handle),
            client_id=caller.client_id,
            partner_id=caller.partner_id,
            dialect=dialect,
            consent_id=caller.consent_id,
            customer_id=caller.customer_id,
            subject=caller.subject,
            scope=join_scope(caller.scope),
            authorization_details=encode_details(caller.authorization_details),
            acr=caller.acr,
            created_at=caller.at,
            expires_at=consent.expires_at,
        )
        self._record(unit, caller, dialect)
        await self._database.commit(unit)
        return wire.GrantHandle(
            grant_handle=handle,
            dialect=dialect,
            consent_id=caller.consent_id,
            expires_at=consent.expires_at,
        )

    def _record(self, unit: Unit, caller: Caller, dialect: str) -> None:
        self._audit.append(
            unit,
            action="grant_handle.issue",
            actor=caller.actor,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            subject=caller.customer_id,
            resource=caller.consent_id,
            detail={"dialect": dialect},
            at=caller.at,
        )

    async def find(
        self, handle: str, client_id: str, dialect: str, *, interaction_id: str = ""
    ) -> Caller | None:
        """The caller a handle stands for, or ``None`` unless it is live for just this pair.

        The dialect's room has verified the signature of this request before it asks. Raises
        ``AssessmentExpired`` when the partner may not reach customers' data now (CN-API-02).
        """
        at = self._clock.now()
        row = await self._database.find(store.FIND_HANDLE, handle_digest=digest(handle))
        if row is None or not _is_live(row, client_id, dialect, at):
            return None
        if not row.is_assessed(at):
            # What dialects carry is of level A2 throughout.
            raise errors.AssessmentExpired(rule="CN-API-02")
        if row.consent_id is not None:
            self._consents.uses.note(row.consent_id, at)
        rights = effective_rights(row)
        return Caller(
            partner_id=row.partner_id,
            client_id=row.client_id,
            customer_id=row.customer_id,
            subject=row.subject,
            consent_id=row.consent_id,
            scope=rights.scope,
            authorization_details=rights.details,
            acr=row.acr,
            channel=dialect,
            interaction_id=interaction_id,
            at=at,
        )


def _is_live(row: store.HandleRow, client_id: str, dialect: str, at: datetime) -> bool:
    return (
        row.client_id == client_id
        and row.dialect == dialect
        and at < row.expires_at
        and row.stands(at)
    )
