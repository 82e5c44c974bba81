"""The webhook endpoints of a partner: registering, listing and deleting its own."""

from collections.abc import Awaitable, Callable
from typing import Literal, Protocol, cast

import msgspec

from contracts import errors
from contracts.v1.webhooks import WebhookEndpoint, WebhookEndpointList, WebhookEndpointRequest
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.kit.caller import Caller
from gateway.kit.http import ForbiddenAddress, Sender, Unreachable
from gateway.kit.ids import new_id
from gateway.kit.vault import Vault
from gateway.webhooks import store
from gateway.webhooks.signing import STANDARD_VOICE, WEBHOOK_SECRET, new_signing_secret
from gateway.webhooks.store import EndpointRow
from partners import Dialect

MOST_ENDPOINTS = 10


class DialectKey(Protocol):
    """The key that signs notifications in a dialect, and the client they are addressed to."""

    @property
    def client_id(self) -> str:
        """The partner's client that speaks the dialect."""
        ...

    @property
    def private_key_pem(self) -> str:
        """Our private key for that client."""
        ...


DialectKeys = Callable[[str, str], Awaitable[DialectKey | None]]
FindDialect = Callable[[str], Dialect | None]


class Webhooks:
    """Keeps the endpoints; every operation sees the caller's partner's own and no other."""

    def __init__(
        self,
        database: Database,
        *,
        audit: Audit,
        sender: Sender,
        vault: Vault,
        find_dialect: FindDialect,
        dialect_key: DialectKeys,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sender = sender
        self._vault = vault
        self._find_dialect = find_dialect
        self._dialect_key = dialect_key

    async def register(self, caller: Caller, wanted: WebhookEndpointRequest) -> WebhookEndpoint:
        """Register an address for all later events of the partner.

        The answer to the standard voice holds the signing secret, which is never shown again.
        An address that is registered already keeps its id and gets a new secret, so that a call
        whose answer was lost can be made again. Raises `EndpointForbidden` for an address that
        the gateway does not call, `InvalidField` for a voice that is not the partner's,
        `Conflict` beyond `MOST_ENDPOINTS`.
        """
        await self._check_voice(caller, wanted.voice)
        await self._check_url(wanted.url)
        secret = new_signing_secret() if wanted.voice == STANDARD_VOICE else None
        sealed = self._vault.seal(secret.encode(), purpose=WEBHOOK_SECRET) if secret else None
        made: list[WebhookEndpoint] = []

        async def compose() -> Unit:
            unit = Unit("webhook.register", locks=(caller.partner_id,))
            made[:] = [await self._place(unit, caller, wanted, sealed)]
            detail = {"url": wanted.url, "voice": wanted.voice}
            self._record(unit, caller, "webhook_endpoint.register", made[0].endpoint_id, detail)
            return unit

        await self._database.settle(compose)
        return msgspec.structs.replace(made[0], secret=secret)

    async def _place(
        self, unit: Unit, caller: Caller, wanted: WebhookEndpointRequest, sealed: str | None
    ) -> WebhookEndpoint:
        rows = await self._database.all(store.FIND_ENDPOINTS, partner_id=caller.partner_id)
        for row in rows:
            if (row.url, row.voice, row.status) == (wanted.url, wanted.voice, "active"):
                unit.add(store.REPLACE_SECRET, endpoint_id=row.endpoint_id, secret_sealed=sealed)
                return _promised(row)
        if len(rows) >= MOST_ENDPOINTS:
            raise errors.Conflict(f"A partner has at most {MOST_ENDPOINTS} endpoints.")
        endpoint_id = new_id("whe")
        unit.add(
            store.INSERT_ENDPOINT,
            endpoint_id=endpoint_id,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            url=wanted.url,
            voice=wanted.voice,
            secret_sealed=sealed,
            created_at=caller.at,
            most=MOST_ENDPOINTS,
        )
        return WebhookEndpoint(
            endpoint_id=endpoint_id,
            url=wanted.url,
            voice=wanted.voice,
            status="active",
            created_at=caller.at,
        )

    async def list(self, caller: Caller) -> WebhookEndpointList:
        """The partner's endpoints, oldest first, without secrets."""
        rows = await self._database.all(store.FIND_ENDPOINTS, partner_id=caller.partner_id)
        return WebhookEndpointList(endpoints=[_promised(row) for row in rows])

    async def delete(self, caller: Caller, endpoint_id: str) -> None:
        """Delete an endpoint with what is still owed to it; raises `NotFound`."""
        unit = Unit("webhook.delete", locks=(caller.partner_id,))
        unit.add(
            store.DELETE_ENDPOINT,
            otherwise=errors.NotFound,
            endpoint_id=endpoint_id,
            partner_id=caller.partner_id,
            at=caller.at,
        )
        unit.add(
            store.ABANDON_DELIVERIES,
            expect=None,
            endpoint_id=endpoint_id,
            at=caller.at,
            outcome="the endpoint was deleted",
        )
        self._record(unit, caller, "webhook_endpoint.delete", endpoint_id, {})
        await self._database.commit(unit)

    async def _check_voice(self, caller: Caller, voice: str) -> None:
        if voice == STANDARD_VOICE:
            return
        if (
            self._find_dialect(voice) is None
            or await self._dialect_key(caller.partner_id, voice) is None
        ):
            raise errors.InvalidField(
                f"voice must be {STANDARD_VOICE} or a dialect that the partner has a key for.",
                field="voice",
            )

    async def _check_url(self, url: str) -> None:
        try:
            await self._sender.check(url)
        except (ForbiddenAddress, Unreachable) as refusal:
            # Only the first letter: names such as URL keep theirs.
            said = str(refusal)
            detail = f"{said[:1].upper()}{said[1:]}."
            raise errors.EndpointForbidden(detail, field="url") from None

    def _record(
        self, unit: Unit, caller: Caller, action: str, endpoint_id: str, detail: dict[str, str]
    ) -> None:
        self._audit.append(
            unit,
            action=action,
            actor=caller.actor,
            partner_id=caller.partner_id,
            client_id=caller.client_id,
            resource=endpoint_id,
            detail=detail,
            at=caller.at,
        )


def _promised(row: EndpointRow) -> WebhookEndpoint:
    return WebhookEndpoint(
        endpoint_id=row.endpoint_id,
        url=row.url,
        voice=row.voice,
        status=cast("Literal['active', 'disabled']", row.status),
        created_at=row.created_at,
    )
