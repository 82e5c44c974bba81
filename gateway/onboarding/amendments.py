"""Amendments: a client's metadata replaced and keys added, by the checks of a registration."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

import msgspec

from contracts import errors
from contracts.v1.clients import ClientMetadata
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.kit.public_keys import thumbprint
from gateway.onboarding import jwks, store
from gateway.onboarding.clients import Client
from gateway.onboarding.registrar import Judged, Registrar

Find = Callable[[str], Awaitable[Client | None]]
_NO_CLIENT: Final = "There is no such client: see `tessera client list`."


class Amendments:
    """Changes clients that exist; what they may never change is refused with the reason.

    Every change makes a new version of the client, which each process reads at the next call.
    """

    def __init__(self, database: Database, audit: Audit, registrar: Registrar, find: Find) -> None:
        self._database = database
        self._audit = audit
        self._registrar = registrar
        self._find = find

    async def replace(
        self,
        client_id: str,
        wanted: ClientMetadata,
        *,
        version: int,
        operator: str,
        at: datetime,
    ) -> list[str]:
        """Puts the whole document in the place of the one in force; returns the changed members.

        ``version`` is the one that the change was made from. Keys by value become exactly those
        of the document: others end at once. Raises ``NotFound``; ``Conflict`` for an ended client
        and at another version; ``InvalidField`` as a registration does, and for what may never
        change; ``KeyAlreadyRegistered``.
        """
        client = await self._alive(client_id)
        if client.version != version:
            raise _moved_on(client.version)
        judged = await self._registrar.judge(wanted, at)
        self._refuse_lasting(client, judged, at)
        changed = _differing(client.metadata, judged.document)
        if not changed:
            return []
        unit = Unit("client.set", locks=(client_id,))
        self._registrar.set_client(
            unit,
            client_id,
            judged,
            # Whoever takes its last address back finds its customers under the same names.
            sector=judged.sector or client.sector,
            version=version,
            otherwise=_moved_on(None),
        )
        added, retired = await self._exchange_keys(unit, client, judged.jwks, at)
        detail = {
            "version": version + 1,
            "members": changed,
            "added": added,
            "retired": retired,
        }
        self._record(unit, "client.set", client, operator, detail, at)
        await self._database.commit(unit)
        return changed

    async def add_keys(
        self, client_id: str, document: dict[str, Any], *, operator: str, at: datetime
    ) -> list[str]:
        """Adds the keys of a JWK set to those that are live, which stay; their thumbprints.

        Keys of the set that are live already are passed over. Raises ``NotFound``, ``Conflict``
        for a client that has ended, that publishes its keys, or that has all of these,
        ``InvalidField`` for a key that is not acceptable, and ``KeyAlreadyRegistered``.
        """
        added: list[str] = []

        async def compose() -> Unit:
            client = await self._alive(client_id)
            if client.metadata.jwks_uri is not None:
                raise errors.Conflict(
                    f"The client publishes its keys at {client.metadata.jwks_uri}: have the new"
                    " key published there beside the old one."
                )
            live = {thumbprint(key) for key in client.jwks}
            new = [key for key in jwks.registered(document) if thumbprint(key) not in live]
            if not new:
                raise errors.Conflict("Every key of the file is live already.")
            # Judged together, because every key has a kid of its own.
            jwks.registered({"keys": [*client.jwks, *new]})
            unit = Unit("client.add_key", locks=(client_id,))
            unit.add(store.BUMP_CLIENT_FROM, client_id=client_id, version=client.version)
            added[:] = [await self._add_key(unit, client_id, key, at) for key in new]
            detail = {"version": client.version + 1, "added": added}
            self._record(unit, "client.add_key", client, operator, detail, at)
            return unit

        await self._database.settle(compose)
        return added

    async def _alive(self, client_id: str) -> Client:
        client = await self._find(client_id)
        if client is None:
            raise errors.NotFound(_NO_CLIENT)
        if client.status == "ended":
            raise errors.Conflict(f"{client_id} has ended, and an end is for good.")
        return client

    def _refuse_lasting(self, client: Client, judged: Judged, at: datetime) -> None:
        """What customers and their tokens rest on, and what would make the client weaker."""
        before, after = client.metadata, judged.metadata
        strong = self._registrar.a2_methods(at)
        method, wanted = before.token_endpoint_auth_method, after.token_endpoint_auth_method
        if method in strong and wanted not in strong:
            raise errors.InvalidField(
                f"A client of {method} never changes to a weaker way: register another client.",
                field="token_endpoint_auth_method",
            )
        if taken := sorted(client.scopes - set(after.scope.split())):
            raise errors.InvalidField(
                f"Tokens that are out would keep {', '.join(taken)}: a client's scopes only grow."
                " End it, and register another one with fewer.",
                field="scope",
            )
        if judged.sector and client.sector and judged.sector != client.sector:
            raise errors.InvalidField(
                f"The client would know its customers by other names (sub) than those of"
                f" {client.sector}: list its addresses in a sector_identifier_uri on that host, or"
                " register another client.",
                field="redirect_uris",
            )

    async def _exchange_keys(
        self, unit: Unit, client: Client, wanted: tuple[dict[str, Any], ...], at: datetime
    ) -> tuple[list[str], list[str]]:
        live = {thumbprint(key): key for key in client.jwks}
        named = {thumbprint(key): key for key in wanted}
        for name, key in named.items():
            if name not in live:
                await self._add_key(unit, client.client_id, key, at)
            elif key != live[name]:
                text = msgspec.json.encode(key).decode()
                unit.add(store.SET_KEY, thumbprint=name, client_id=client.client_id, jwk=text)
        retired = sorted(live.keys() - named.keys())
        for name in retired:
            unit.add(store.RETIRE_KEY, thumbprint=name, client_id=client.client_id, at=at)
        return sorted(named.keys() - live.keys()), retired

    async def _add_key(self, unit: Unit, client_id: str, jwk: dict[str, Any], at: datetime) -> str:
        # Told now with the reason; the unit decides.
        known = await self._database.find(store.FIND_KEY, thumbprint=thumbprint(jwk))
        if known is not None and (known.client_id, known.status) == (client_id, "retired"):
            raise errors.KeyAlreadyRegistered(
                f"{jwk['kid']} was retired, and a retired key never comes back: use a new pair."
            )
        return self._registrar.add_key(unit, client_id, jwk, at)

    def _record(
        self,
        unit: Unit,
        action: str,
        client: Client,
        operator: str,
        detail: dict[str, Any],
        at: datetime,
    ) -> None:
        self._audit.append(
            unit,
            action=action,
            actor=f"operator:{operator}",
            partner_id=client.partner_id,
            client_id=client.client_id,
            resource=client.client_id,
            rules=("CN-API-03",),
            detail=detail,
            at=at,
        )


def _differing(before: ClientMetadata, after: ClientMetadata) -> list[str]:
    return sorted(
        name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name)
    )


def _moved_on(version: int | None) -> errors.Conflict:
    by_now = "another" if version is None else str(version)
    return errors.Conflict(
        f"The client is at version {by_now} by now: read it again with `tessera client show`, and"
        " make your change to what that prints."
    )
