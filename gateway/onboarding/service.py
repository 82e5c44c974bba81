"""The register: who the partners are, what their clients may do, and their live public keys."""

from datetime import datetime
from typing import Any

import msgspec

from contracts import errors
from contracts.v1.clients import ClientMetadata
from contracts.v1.onboarding import RegisteredClient, Registration, RiskAssessment
from gateway.audit.service import Audit
from gateway.database import Database, Unit
from gateway.kit import public_keys
from gateway.kit.clock import Clock
from gateway.kit.http import Sender
from gateway.kit.ids import new_id
from gateway.kit.jose import PublicKey
from gateway.kit.vault import Vault
from gateway.onboarding import assessments, keys, store
from gateway.onboarding.amendments import Amendments
from gateway.onboarding.clients import Client, Partner, client_document, client_of, echoed
from gateway.onboarding.issuers import TrustedIssuers
from gateway.onboarding.jwks import parse as parse_keys
from gateway.onboarding.key_sets import KeySets, Wanted
from gateway.onboarding.levels import LEVELS, Level, level_of
from gateway.onboarding.metadata import (
    DETAILS_TYPES,
    GRANT_TYPES,
    decode_amendment,
    decode_registration,
)
from gateway.onboarding.registrar import Judged, Registrar
from gateway.onboarding.standings import HeldLicence, PartnerStanding, Standings
from gateway.onboarding.statement_registration import StatementRegistration
from gateway.onboarding.suspensions import Kind, Suspensions, Verb
from gateway.rules.service import RuleBook, load_book

__all__ = [
    "DETAILS_TYPES",
    "GRANT_TYPES",
    "LEVELS",
    "SCOPES",
    "BankDialectKey",
    "Client",
    "HeldLicence",
    "Kind",
    "Level",
    "Onboarding",
    "Partner",
    "PartnerStanding",
    "Standings",
    "StatementRegistration",
    "TrustedIssuers",
    "Verb",
    "client_document",
    "decode_amendment",
    "decode_registration",
    "level_of",
    "parse_keys",
]

SCOPES = frozenset(LEVELS)


class BankDialectKey(msgspec.Struct, frozen=True):
    """The bank's own private key for one client's dialect."""

    client_id: str
    private_key_pem: str

    def __repr__(self) -> str:
        return f"BankDialectKey({self.client_id})"


class Onboarding:
    """Registers partners and answers who is who; clients are cached by version."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        vault: Vault,
        *,
        sandbox: bool,
        rules: RuleBook | None = None,
        sender: Sender | None = None,
        mutual_tls: bool = True,
    ) -> None:
        """Without ``rules`` the shipped packs hold; without a ``sender`` nothing is fetched, so
        that a registration that needs a document elsewhere is refused. ``mutual_tls`` is whether
        the server asks for certificates anywhere; else no client can be known by one."""
        self._database = database
        self._audit = audit
        self._vault = vault
        self.registrar = Registrar(
            vault, sender, rules or load_book(), sandbox=sandbox, mutual_tls=mutual_tls
        )
        self.key_sets = KeySets(sender)
        self.issuers = TrustedIssuers(database, audit, self.key_sets, sandbox=sandbox)
        self.suspensions = Suspensions(database, audit)
        self.standings = Standings(database, audit)
        self.amendments = Amendments(database, audit, self.registrar, self.find)
        self._clients: dict[str, Client] = {}

    async def register(
        self, wanted: Registration, *, operator: str, at: datetime
    ) -> RegisteredClient:
        """Registers a partner with one client.

        Raises ``InvalidField`` for metadata, keys or an assessment that are not acceptable, and
        ``KeyAlreadyRegistered`` for a public key that has another purpose already. In a sandbox a
        registration without a risk assessment gets one for a year.
        """
        registrar = self.registrar
        judged = await registrar.judge(_whole(wanted), at)
        assessment = wanted.risk_assessment
        if assessment is None and registrar.sandbox:
            assessment = assessments.sandbox_assessment(at)
        partner_id, client_id = new_id("ptr"), new_id("cli")
        unit = Unit("partner.register")
        _add_partner(unit, partner_id, wanted, at)
        if assessment is not None:
            assessments.check(assessment, at)
            assessments.add(unit, partner_id, assessment, recorded_by=operator, at=at)
        thumbprints = registrar.add_client(unit, partner_id, client_id, judged, at)
        dialects = {
            wish.dialect: registrar.add_dialect(unit, client_id, wish, at)
            for wish in wanted.dialect_keys
        }
        if wanted.introspection != "own":
            introspection = wanted.introspection
            unit.add(store.SET_INTROSPECTION, introspection=introspection, client_id=client_id)
        self._audit.append(
            unit,
            action="partner.register",
            actor=f"operator:{operator}",
            partner_id=partner_id,
            client_id=client_id,
            resource=partner_id,
            decision="allow",
            rules=("CN-API-02", "CN-API-03"),
            detail={"thumbprints": thumbprints, "assessment": assessment},
            at=at,
        )
        await self._database.commit(unit)
        return _registered(wanted, partner_id, client_id, judged, thumbprints, dialects, assessment)

    def by_statement(self, clock: Clock, *, server: str) -> StatementRegistration:
        """Registration over HTTP; ``server`` is the authorization server's issuer identifier."""
        return StatementRegistration(
            self._database, self.registrar, self.issuers, self._audit, clock, server=server
        )

    async def assess(
        self, partner_id: str, assessment: RiskAssessment, *, operator: str, at: datetime
    ) -> datetime:
        """Records a partner's risk assessment (CN-API-02) and returns until when it stands.

        It holds for the partner's next call on every process. Raises ``InvalidField`` for days
        that cannot be and ``NotFound`` for an unknown partner.
        """
        assessments.check(assessment, at)
        unit = Unit("partner.assess", locks=(partner_id,))
        assessments.add(unit, partner_id, assessment, recorded_by=operator, at=at)
        self._audit.append(
            unit,
            action="partner.assess",
            actor=f"operator:{operator}",
            partner_id=partner_id,
            resource=partner_id,
            rules=("CN-API-02",),
            detail=assessment,
            at=at,
        )
        await self._database.commit(unit)
        return assessments.stands_until(assessment)

    async def find(self, client_id: str) -> Client | None:
        """The client, or ``None``; a changed client is read anew because its version moved."""
        current = await self._database.find(store.FIND_VERSION, client_id=client_id)
        if current is None:
            return None
        cached = self._clients.get(client_id)
        if cached is not None and _is_current(cached, current):
            return cached
        row = await self._database.find(store.FIND_CLIENT, client_id=client_id)
        if row is None:
            return None
        live = await self._database.all(
            store.LIVE_KEYS, client_id=client_id, purpose=keys.CLIENT_AUTHENTICATION
        )
        if len(self._clients) > 10_000:
            self._clients.clear()
        client = self._clients[client_id] = client_of(row, [key.jwk for key in live])
        return client

    def remembered(self, client_id: str) -> Client | None:
        """The client as it was last found by this process; it may have changed since."""
        return self._clients.get(client_id)

    async def fetched_keys(
        self, client: Client, at: datetime, wanted: Wanted | None = None
    ) -> tuple[PublicKey, ...]:
        """The keys at the client's `jwks_uri`, parsed; see ``KeySets.keys`` for ``wanted``."""
        assert client.metadata.jwks_uri is not None, "asked only for clients that have one"
        owner = f"client {client.client_id}"
        return await self.key_sets.keys(owner, client.metadata.jwks_uri, at, wanted)

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
        """Ends a key at once, on every process.

        Raises ``NotFound`` for a client or key that is not known, and ``Conflict`` for a key that
        was retired before: nothing else ends a client that has none here.
        """
        await self._check_live(client_id, thumbprint)
        unit = Unit("client.retire_key", locks=(client_id,))
        unit.add(
            store.RETIRE_KEY,
            otherwise=errors.Conflict(f"{thumbprint} was retired already."),
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

    async def live_keys(self, client_id: str) -> list[dict[str, str | None]]:
        """What an operator reads of the client's keys by value: thumbprint, purpose and `kid`."""
        rows = await self._database.all(store.LIVE_KEYS_OF_CLIENT, client_id=client_id)
        return [
            {
                "thumbprint": row.thumbprint,
                "purpose": row.purpose,
                "kid": msgspec.json.decode(row.jwk, type=dict[str, Any]).get("kid"),
            }
            for row in rows
        ]

    async def _check_live(self, client_id: str, thumbprint: str) -> None:
        client = await self.find(client_id)
        if client is None:
            raise errors.NotFound("There is no such client: see `tessera client list`.")
        known = await self._database.find(store.FIND_KEY, thumbprint=thumbprint)
        if known is not None and known.client_id == client_id:
            if known.status == "live":
                return
            raise errors.Conflict(f"{thumbprint} was retired already.")
        raise errors.NotFound(_no_key(client.metadata))

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
        private_pem = self._vault.open(row.sealed_private_pem, purpose=keys.DIALECT_KEY)
        return BankDialectKey(row.client_id, private_pem.decode())


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


def _registered(
    wanted: Registration,
    partner_id: str,
    client_id: str,
    judged: Judged,
    thumbprints: list[str],
    dialects: dict[str, str],
    assessment: RiskAssessment | None,
) -> RegisteredClient:
    document = judged.metadata
    return RegisteredClient(
        partner_id=partner_id,
        client_id=client_id,
        partner_name=wanted.partner_name,
        redirect_uris=document.redirect_uris,
        scope=document.scope,
        grant_types=list(document.grant_types),
        token_endpoint_auth_method=document.token_endpoint_auth_method,
        authorization_details_types=document.authorization_details_types,
        key_thumbprints=thumbprints,
        dialects=dialects,
        metadata=echoed(judged.document),
        assessed_until=assessments.stands_until(assessment) if assessment else None,
    )


def _whole(wanted: Registration) -> ClientMetadata:
    """One document of the members beside ``metadata`` and those in it, which must agree."""
    document = wanted.metadata
    for name in ("redirect_uris", "scope", "jwks"):
        beside, inside = getattr(wanted, name), getattr(document, name)
        if beside and inside and beside != inside:
            raise errors.InvalidField("Differs from the same member of metadata.", field=name)
        if beside:
            document = msgspec.structs.replace(document, **{name: beside})
    return document


def _no_key(document: ClientMetadata) -> str:
    """Why the client has no such key here, and what ends its keys instead."""
    if document.jwks_uri is not None:
        return (
            f"The client publishes its keys at {document.jwks_uri}: a key ends within a minute"
            " after it left the set there. To stop the client at once, use `tessera client"
            " suspend`."
        )
    if document.token_endpoint_auth_method == "tls_client_auth":  # noqa: S105
        return (
            "The client has no such key: it is known by its certificate. Have the authority"
            " revoke that, or use `tessera client set` for another subject, or `tessera client"
            " suspend`."
        )
    return "The client has no key of this thumbprint: `tessera client show` lists its keys."


def _is_current(client: Client, current: store.VersionRow) -> bool:
    known = (client.version, client.status, client.assessed_until, client.standing_revision)
    return known == (current.version, current.status, current.assessed_until, current.standing)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
