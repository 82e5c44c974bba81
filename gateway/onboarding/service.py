"""The register: who the partners are, what their clients may do, and their live public keys."""

from datetime import datetime
from typing import Any

import msgspec

from contracts import errors
from contracts.v1.clients import ClientMetadata
from contracts.v1.consents import PACKAGE_ORDER_TYPE
from contracts.v1.onboarding import DialectKey, RegisteredClient, Registration
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.kit import public_keys
from gateway.kit.ids import new_id
from gateway.kit.vault import Vault
from gateway.onboarding import keys, redirects, store

GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"]
SCOPES = frozenset(
    {
        "catalog.read",
        "order.write",
        "order.read",
        "account.limits.read",
        "account.balance.read",
        "payment.initiate",
        "event.subscribe",
    }
)


class Partner(msgspec.Struct, frozen=True):
    """A partner as the customer may see it: name and mark from the register."""

    partner_id: str
    name: str
    name_zh: str
    mark: str
    scenarios: tuple[str, ...]


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client with the public keys it authenticates by."""

    client_id: str
    partner_id: str
    name: str
    status: str
    jwks: tuple[dict[str, Any], ...]
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    grant_types: frozenset[str]
    authorization_details_types: frozenset[str]
    sector: str
    version: int
    introspection: bool = True
    metadata: ClientMetadata = ClientMetadata()


class BankDialectKey(msgspec.Struct, frozen=True):
    """The bank's own private key for one client's dialect."""

    client_id: str
    private_key_pem: str

    def __repr__(self) -> str:
        return f"BankDialectKey({self.client_id})"


class Onboarding:
    """Registers partners and answers who is who; clients are cached by version."""

    def __init__(self, database: Database, audit: Audit, vault: Vault, *, sandbox: bool) -> None:
        self._database = database
        self._audit = audit
        self._vault = vault
        self._sandbox = sandbox
        self._clients: dict[str, Client] = {}

    async def register(
        self, wanted: Registration, *, operator: str, at: datetime
    ) -> RegisteredClient:
        """Registers a partner with one client.

        Raises ``InvalidField`` for a key, scope or redirect address that is not acceptable and
        ``KeyAlreadyRegistered`` for a public key that anybody registered before.
        """
        partner_id, client_id = new_id("ptr"), new_id("cli")
        jwks = public_keys.public_jwks(wanted.jwks)
        scopes = _scopes(wanted.scope)
        for uri in wanted.redirect_uris:
            redirects.check(uri, sandbox=self._sandbox)
        unit = Unit("partner.register")
        _add_partner(unit, partner_id, wanted, at)
        _add_client(unit, partner_id, client_id, wanted, scopes, at)
        thumbprints = [
            self._add_key(unit, client_id, keys.CLIENT_AUTHENTICATION, jwk, at) for jwk in jwks
        ]
        dialects = {
            wish.dialect: self._add_dialect(unit, client_id, wish, at)
            for wish in wanted.dialect_keys
        }
        self._audit.append(
            unit,
            action="partner.register",
            actor=f"operator:{operator}",
            partner_id=partner_id,
            client_id=client_id,
            resource=partner_id,
            decision="allow",
            detail={"thumbprints": thumbprints},
            at=at,
        )
        await self._database.commit(unit)
        return RegisteredClient(
            partner_id=partner_id,
            client_id=client_id,
            partner_name=wanted.partner_name,
            redirect_uris=wanted.redirect_uris,
            scope=" ".join(scopes),
            grant_types=GRANT_TYPES,
            token_endpoint_auth_method="private_key_jwt",  # noqa: S106 - a method's name
            authorization_details_types=[PACKAGE_ORDER_TYPE],
            key_thumbprints=thumbprints,
            dialects=dialects,
        )

    async def find(self, client_id: str) -> Client | None:
        """The client, or ``None``; a changed client is read anew because its version moved."""
        current = await self._database.find(store.FIND_VERSION, client_id=client_id)
        if current is None:
            return None
        cached = self._clients.get(client_id)
        if cached and (cached.version, cached.status) == (current.version, current.status):
            return cached
        row = await self._database.find(store.FIND_CLIENT, client_id=client_id)
        if row is None:
            return None
        live = await self._database.all(
            store.LIVE_KEYS, client_id=client_id, purpose=keys.CLIENT_AUTHENTICATION
        )
        if len(self._clients) > 10_000:
            self._clients.clear()
        client = self._clients[client_id] = _client(row, [key.jwk for key in live])
        return client

    async def partner(self, partner_id: str) -> Partner | None:
        """The partner as registered, or ``None``."""
        row = await self._database.find(store.FIND_PARTNER, partner_id=partner_id)
        if row is None:
            return None
        scenarios = msgspec.json.decode(row.scenarios, type=tuple[str, ...])
        return Partner(row.partner_id, row.name, row.name_zh, row.mark, scenarios)

    async def is_registered(self, thumbprint: str) -> bool:
        """Whether a public key already has a purpose, so that it may not serve as a DPoP key."""
        return await self._database.find(store.FIND_KEY, thumbprint=thumbprint) is not None

    async def retire_key(
        self, client_id: str, thumbprint: str, *, operator: str, at: datetime
    ) -> None:
        """Ends a key at once, on every process; raises ``NotFound`` when it is not live."""
        unit = Unit("client.retire_key", locks=(client_id,))
        unit.add(
            store.RETIRE_KEY,
            otherwise=errors.NotFound,
            thumbprint=thumbprint,
            client_id=client_id,
            at=at,
        )
        unit.add(store.BUMP_CLIENT, client_id=client_id)
        self._audit.append(
            unit,
            action="client.retire_key",
            actor=f"operator:{operator}",
            client_id=client_id,
            resource=thumbprint,
            decision="allow",
            at=at,
        )
        await self._database.commit(unit)

    async def dialect_public_keys(self, client_id: str, dialect: str) -> list[str]:
        """The live public keys (PEM) that may sign the client's requests in the dialect."""
        live = await self._database.all(
            store.LIVE_KEYS, client_id=client_id, purpose=keys.dialect_purpose(dialect)
        )
        return [public_keys.pem_of_jwk(key.jwk) for key in live]

    async def bank_key(self, client_id: str, dialect: str) -> BankDialectKey | None:
        """The bank's private key for the client's dialect."""
        row = await self._database.find(
            store.FIND_DIALECT_KEY, client_id=client_id, dialect=dialect
        )
        return self._opened(row)

    async def bank_key_of_partner(self, partner_id: str, dialect: str) -> BankDialectKey | None:
        """The bank's private key for notifications to the partner in the dialect."""
        row = await self._database.find(
            store.FIND_DIALECT_KEY_OF_PARTNER, partner_id=partner_id, dialect=dialect
        )
        return self._opened(row)

    def _opened(self, row: store.DialectKeyRow | None) -> BankDialectKey | None:
        if row is None:
            return None
        return BankDialectKey(row.client_id, self._vault.open(row.sealed_private_pem).decode())

    def _add_key(
        self, unit: Unit, client_id: str, purpose: str, jwk: dict[str, Any], at: datetime
    ) -> str:
        thumbprint = public_keys.thumbprint(jwk)
        unit.add(
            store.INSERT_KEY,
            otherwise=errors.KeyAlreadyRegistered(
                "Every purpose needs a key pair of its own.", thumbprint=thumbprint
            ),
            thumbprint=thumbprint,
            client_id=client_id,
            purpose=purpose,
            jwk=_json(jwk),
            created_at=at,
        )
        return thumbprint

    def _add_dialect(self, unit: Unit, client_id: str, wish: DialectKey, at: datetime) -> str:
        jwk = public_keys.rsa_jwk_of_pem(wish.public_key_pem, "dialect_keys.public_key_pem")
        self._add_key(unit, client_id, keys.dialect_purpose(wish.dialect), jwk, at)
        private_pem, public_pem = public_keys.new_rsa_pair()
        unit.add(
            store.INSERT_DIALECT_KEY,
            client_id=client_id,
            dialect=wish.dialect,
            sealed_private_pem=self._vault.seal(private_pem),
            public_pem=public_pem,
            created_at=at,
        )
        return public_pem


def _add_partner(unit: Unit, partner_id: str, wanted: Registration, at: datetime) -> None:
    unit.add(
        store.INSERT_PARTNER,
        partner_id=partner_id,
        name=wanted.partner_name,
        name_zh=wanted.partner_name_zh,
        mark=wanted.mark,
        scenarios=_json(wanted.scenarios),
        created_at=at,
    )


def _add_client(
    unit: Unit,
    partner_id: str,
    client_id: str,
    wanted: Registration,
    scopes: list[str],
    at: datetime,
) -> None:
    unit.add(
        store.INSERT_CLIENT,
        client_id=client_id,
        partner_id=partner_id,
        redirect_uris=_json(wanted.redirect_uris),
        scopes=_json(scopes),
        grant_types=_json(GRANT_TYPES),
        authorization_details_types=_json([PACKAGE_ORDER_TYPE]),
        sector=redirects.sector(wanted.redirect_uris[0]),
        metadata=_json(wanted.metadata),
        created_at=at,
    )


def _client(row: store.ClientRow, jwks: list[str]) -> Client:
    return Client(
        client_id=row.client_id,
        partner_id=row.partner_id,
        name=row.name,
        status=row.status,
        jwks=tuple(msgspec.json.decode(jwk, type=dict[str, Any]) for jwk in jwks),
        redirect_uris=msgspec.json.decode(row.redirect_uris, type=tuple[str, ...]),
        scopes=msgspec.json.decode(row.scopes, type=frozenset[str]),
        grant_types=msgspec.json.decode(row.grant_types, type=frozenset[str]),
        authorization_details_types=msgspec.json.decode(
            row.authorization_details_types, type=frozenset[str]
        ),
        sector=row.sector,
        version=row.version,
        metadata=msgspec.json.decode(row.metadata, type=ClientMetadata),
    )


def _scopes(scope: str) -> list[str]:
    wanted = sorted(set(scope.split()))
    unknown = [name for name in wanted if name not in SCOPES]
    if unknown or not wanted:
        raise errors.InvalidField(
            f"Choose from: {', '.join(sorted(SCOPES))}.", field="scope", unknown=unknown
        )
    return wanted


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
