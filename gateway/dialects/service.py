"""From a partner's raw bytes to a canonical call, through our services, and back sealed.

Nothing that the signature did not cover reaches a command, and every failure is spoken in the
partner's own error language.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import structlog

from contracts import errors
from gateway.database import Database, Unit, sweep_out
from gateway.dialects import store
from gateway.dialects.operations import Operations
from gateway.kit.caller import Caller
from gateway.kit.clock import Clock
from gateway.oauth.service import GrantHandles
from gateway.onboarding.service import Client, Onboarding
from partners.dialect import Dialect, Verified
from partners.signatures import SigningKey, VerifyingKey
from partners.wire import Call, Matched, RawAnswer, RawRequest

journal = structlog.get_logger("tessera.dialects")

# What a client may do for itself; everything else needs a customer's grant handle.
_OWN_SCOPES = frozenset({"catalog.read"})
_KEYS_KEPT_MOST = 10_000


class Dialects:
    """Answers requests in any partner's dialect."""

    def __init__(
        self,
        database: Database,
        by_name: Mapping[str, Dialect | None],
        onboarding: Onboarding,
        handles: GrantHandles,
        operations: Operations,
        clock: Clock,
    ) -> None:
        self._database = database
        self._by_name = by_name
        self._onboarding = onboarding
        self._handles = handles
        self._operations = operations
        self._clock = clock
        # Keys as read from PEM; reading one costs more than using it. A registered key never
        # changes, and whether it is live is asked of the register every time.
        self._bank_keys: dict[tuple[str, str], SigningKey] = {}
        self._client_keys: dict[str, VerifyingKey] = {}

    def now(self) -> datetime:
        """When a request that arrives now was received."""
        return self._clock.now()

    async def answer(self, name: str, request: RawRequest, interaction_id: str) -> RawAnswer:
        """The sealed answer, whatever happens; raises ``NotFound`` for a dialect nobody speaks."""
        dialect = self._by_name.get(name)
        if dialect is None:
            raise errors.NotFound
        matched = dialect.match(request)
        client = await self._onboarding.find(matched.client_id) if matched.client_id else None
        key = await self._bank_key(client, name) if client else None
        try:
            answer = await self._carry_out(dialect, matched, client, interaction_id)
            return dialect.seal(matched, answer, key)
        except errors.GatewayError as error:
            if error.status >= 500:
                journal.error("dialect.failed", dialect=name, interaction_id=interaction_id,
                              exc_info=error)  # fmt: skip
            return dialect.seal(matched, error, key)
        except Exception as error:  # noqa: BLE001 - a partner hears its own language even then
            journal.error("dialect.failed", dialect=name, interaction_id=interaction_id,
                          exc_info=error)  # fmt: skip
            return dialect.seal(matched, errors.GatewayError(), key)

    async def forget(self) -> None:
        """Removes remembered signatures whose time can no longer be accepted."""
        await sweep_out(self._database, store.FORGET, before=self._clock.now())

    async def _carry_out(
        self, dialect: Dialect, matched: Matched, client: Client | None, interaction_id: str
    ) -> dict[str, object]:
        live = client is not None and client.status == "active"
        keys = await self._live_keys(client, dialect.name) if client and live else []
        verified = dialect.verify(matched, keys, self._clock.now())
        if client is None:
            raise errors.InvalidClient
        await self._remember(verified)
        call = verified.call()
        caller = await self._caller(dialect, call, client, interaction_id)
        return await self._operations.run(call, caller)

    async def _bank_key(self, client: Client, dialect: str) -> SigningKey | None:
        known = self._bank_keys.get((client.client_id, dialect))
        if known is not None:
            return known
        stored = await self._onboarding.bank_key(client.client_id, dialect)
        if stored is None:
            return None
        key = SigningKey(stored.private_key_pem)
        if len(self._bank_keys) < _KEYS_KEPT_MOST:
            self._bank_keys[client.client_id, dialect] = key
        return key

    async def _live_keys(self, client: Client, dialect: str) -> list[VerifyingKey]:
        pems = await self._onboarding.dialect_public_keys(client.client_id, dialect)
        keys = [self._client_keys.get(pem) or VerifyingKey(pem) for pem in pems]
        if len(self._client_keys) < _KEYS_KEPT_MOST:
            self._client_keys.update(zip(pems, keys, strict=True))
        return keys

    async def _remember(self, verified: Verified) -> None:
        unit = Unit("dialect.request")
        unit.add(
            store.REMEMBER,
            otherwise=errors.ReplayedRequest("Sign the request anew."),
            replay_key=verified.replay_key,
            expires_at=self._clock.now() + timedelta(seconds=verified.replay_seconds),
        )
        await self._database.commit(unit)

    async def _caller(
        self, dialect: Dialect, call: Call, client: Client, interaction_id: str
    ) -> Caller:
        if call.grant_handle is None:
            return Caller(
                partner_id=client.partner_id,
                client_id=client.client_id,
                scope=client.scopes & _OWN_SCOPES,
                channel=dialect.name,
                interaction_id=interaction_id,
                at=self._clock.now(),
            )
        caller = await self._handles.find(
            call.grant_handle, client.client_id, dialect.name, interaction_id=interaction_id
        )
        if caller is None:
            raise errors.GrantHandleNotLive("Obtain a new grant from the customer.")
        return caller
