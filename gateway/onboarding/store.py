"""Statements of the onboarding room."""

from datetime import datetime

import msgspec

from gateway.database import Query, SealedColumn, Statement

SEALED = SealedColumn("dialect_key", "sealed_private_pem", "client_id", "dialect")
INSERT_PARTNER = Statement(
    "insert into partner (partner_id, name, name_zh, mark, scenarios, status, created_at)"
    " values (:partner_id, :name, :name_zh, :mark, :scenarios, 'active', :created_at)"
)
INSERT_CLIENT = Statement(
    "insert into client (client_id, partner_id, status, redirect_uris, scopes, grant_types,"
    " authorization_details_types, sector, version, metadata, created_at) select :client_id,"
    " p.partner_id, 'active', :redirect_uris, :scopes, :grant_types, :authorization_details_types,"
    " :sector, 1, :metadata, :created_at from partner p"
    " where p.partner_id = :partner_id and p.status = 'active'"
)
SET_INTROSPECTION = Statement(
    "update client set introspection = :introspection where client_id = :client_id"
)
# A key that a live token is bound to has its one purpose already (the OAuth room's columns).
INSERT_KEY = Statement(
    "insert into client_key (thumbprint, client_id, purpose, jwk, status, created_at, retired_at)"
    " select :thumbprint, :client_id, :purpose, :jwk, 'live', :created_at, null"
    " where not exists (select 1 from access_token t where t.jkt = :thumbprint"
    " and t.revoked_at is null and t.expires_at > :created_at)"
)
RETIRE_KEY = Statement(
    "update client_key set status = 'retired', retired_at = :at"
    " where thumbprint = :thumbprint and client_id = :client_id and status = 'live'"
)
BUMP_CLIENT = Statement("update client set version = version + 1 where client_id = :client_id")
# Whoever changes a client says which version was read: of two operators at once, one is told.
BUMP_CLIENT_FROM = Statement(
    "update client set version = version + 1"
    " where client_id = :client_id and version = :version and status <> 'ended'"
)
SET_CLIENT = Statement(
    "update client set version = version + 1, redirect_uris = :redirect_uris, scopes = :scopes,"
    " grant_types = :grant_types, authorization_details_types = :authorization_details_types,"
    " sector = :sector, metadata = :metadata"
    " where client_id = :client_id and version = :version and status <> 'ended'"
)
SET_KEY = Statement(
    "update client_key set jwk = :jwk"
    " where thumbprint = :thumbprint and client_id = :client_id and status = 'live'"
)
MOVE_CLIENT = Statement(
    "update client set status = :to where client_id = :client_id and status = :from_"
)
MOVE_PARTNER = Statement(
    "update partner set status = :to where partner_id = :partner_id and status = :from_"
)
INSERT_DIALECT_KEY = Statement(
    "insert into dialect_key (client_id, dialect, sealed_private_pem, public_pem, created_at)"
    " values (:client_id, :dialect, :sealed_private_pem, :public_pem, :created_at)"
)
INSERT_ASSESSMENT = Statement(
    "insert into risk_assessment (assessment_id, partner_id, reference, assessed_on, expires_on,"
    " recorded_by, created_at) values (:assessment_id, :partner_id, :reference, :assessed_on,"
    " :expires_on, :recorded_by, :created_at)"
)
SET_ASSESSED = Statement(
    "update partner set assessed_until = :assessed_until where partner_id = :partner_id"
)
SET_STANDING = Statement(
    "insert into partner_standing (partner_id, listed, licences, revision, changed_at)"
    " values (:partner_id, :listed, :licences, :revision + 1, :at)"
    " on conflict (partner_id) do update set listed = excluded.listed,"
    " licences = excluded.licences, revision = excluded.revision,"
    " changed_at = excluded.changed_at where partner_standing.revision = :revision"
)
TRUST_ISSUER = Statement(
    "insert into trusted_issuer (issuer, partner_id, jwks, jwks_uri, status, created_at)"
    " values (:issuer, :partner_id, :jwks, :jwks_uri, 'trusted', :created_at)"
    " on conflict (issuer) do update set partner_id = excluded.partner_id, jwks = excluded.jwks,"
    " jwks_uri = excluded.jwks_uri, status = excluded.status, created_at = excluded.created_at"
)
REVOKE_ISSUER = Statement(
    "update trusted_issuer set status = 'revoked' where issuer = :issuer and status = 'trusted'"
)
# A registration rests on an issuer that is trusted at its commit, not only when it was read.
HOLD_ISSUER = Statement(
    "update trusted_issuer set status = 'trusted' where issuer = :issuer and status = 'trusted'"
)
SPEND_STATEMENT = Statement(
    "insert into software_statement (issuer, jti_digest, client_id, used_at)"
    " values (:issuer, :jti_digest, :client_id, :used_at)"
)


class PartnerRow(msgspec.Struct, frozen=True):
    """A partner as stored; ``scenarios`` is a JSON list."""

    partner_id: str
    name: str
    name_zh: str
    mark: str
    scenarios: str
    status: str


class ClientRow(msgspec.Struct, frozen=True):
    """A client with its partner; ``metadata`` is the JSON document that tells what it may do."""

    client_id: str
    partner_id: str
    name: str
    status: str
    sector: str
    version: int
    metadata: str
    created_at: datetime
    introspection: str
    assessed_until: datetime | None
    listed: int
    licences: str
    standing: int


class VersionRow(msgspec.Struct, frozen=True):
    """What a cached client is checked against."""

    version: int
    status: str
    assessed_until: datetime | None
    standing: int


class StandingRow(msgspec.Struct, frozen=True):
    """A partner's standing; ``licences`` is JSON, and ``revision`` counts its changes."""

    listed: int
    licences: str
    revision: int


class ListedRow(msgspec.Struct, frozen=True):
    """A partner on the bank's list."""

    partner_id: str


class KeyRow(msgspec.Struct, frozen=True):
    """A live public key."""

    thumbprint: str
    jwk: str


class LiveKeyRow(msgspec.Struct, frozen=True):
    """A live public key of a client, whatever it is for."""

    thumbprint: str
    purpose: str
    jwk: str


class KnownKeyRow(msgspec.Struct, frozen=True):
    """Whose a public key is, or was; a key that was retired stays known."""

    client_id: str
    status: str


class ListedPartnerRow(msgspec.Struct, frozen=True):
    """A partner in an operator's list."""

    partner_id: str
    name: str
    name_zh: str
    status: str
    assessed_until: datetime | None
    created_at: datetime


class ListedClientRow(msgspec.Struct, frozen=True):
    """A client in an operator's list; it lives while both statuses say ``active``."""

    client_id: str
    partner_id: str
    partner_name: str
    status: str
    partner_status: str
    version: int
    created_at: datetime


class IssuerRow(msgspec.Struct, frozen=True):
    """Who may vouch for clients: of one partner, or of the one its statements name."""

    issuer: str
    partner_id: str | None
    jwks: str | None
    jwks_uri: str | None
    status: str


class SpentRow(msgspec.Struct, frozen=True):
    """A software statement that a client was registered with."""

    client_id: str


class DialectKeyRow(msgspec.Struct, frozen=True):
    """The bank's key pair for one client's dialect."""

    client_id: str
    sealed_private_pem: str
    public_pem: str


FIND_PARTNER = Query(
    "select partner_id, name, name_zh, mark, scenarios, status from partner"
    " where partner_id = :partner_id",
    PartnerRow,
)
FIND_STANDING = Query(
    "select coalesce(s.listed, 0) as listed, coalesce(s.licences, '[]') as licences,"
    " coalesce(s.revision, 0) as revision from partner p"
    " left join partner_standing s on s.partner_id = p.partner_id"
    " where p.partner_id = :partner_id",
    StandingRow,
)
LISTED_PARTNERS = Query(
    "select partner_id from partner_standing where listed = 1 order by partner_id", ListedRow
)
FIND_CLIENT = Query(
    "select c.client_id, c.partner_id, p.name, case when p.status = 'active' then c.status"
    " else p.status end as status, c.sector, c.version, c.metadata, c.created_at,"
    " c.introspection, p.assessed_until, coalesce(s.listed, 0) as listed,"
    " coalesce(s.licences, '[]') as licences, coalesce(s.revision, 0) as standing"
    " from client c join partner p on p.partner_id = c.partner_id"
    " left join partner_standing s on s.partner_id = c.partner_id"
    " where c.client_id = :client_id",
    ClientRow,
)
FIND_VERSION = Query(
    "select c.version, case when p.status = 'active' then c.status else p.status end as status,"
    " p.assessed_until, coalesce(s.revision, 0) as standing"
    " from client c join partner p on p.partner_id = c.partner_id"
    " left join partner_standing s on s.partner_id = c.partner_id"
    " where c.client_id = :client_id",
    VersionRow,
)
LIVE_KEYS = Query(
    "select thumbprint, jwk from client_key where client_id = :client_id and purpose = :purpose"
    " and status = 'live' order by created_at, thumbprint",
    KeyRow,
)
LIVE_KEYS_OF_CLIENT = Query(
    "select thumbprint, purpose, jwk from client_key where client_id = :client_id"
    " and status = 'live' order by purpose, created_at, thumbprint",
    LiveKeyRow,
)
FIND_KEY = Query(
    "select client_id, status from client_key where thumbprint = :thumbprint", KnownKeyRow
)
ALL_PARTNERS = Query(
    "select partner_id, name, name_zh, status, assessed_until, created_at from partner"
    " order by created_at, partner_id",
    ListedPartnerRow,
)
_LISTED_CLIENT = (
    "select c.client_id, c.partner_id, p.name as partner_name, c.status, p.status as"
    " partner_status, c.version, c.created_at"
    " from client c join partner p on p.partner_id = c.partner_id"
)
ALL_CLIENTS = Query(_LISTED_CLIENT + " order by c.created_at, c.client_id", ListedClientRow)
FIND_LISTED_CLIENT = Query(_LISTED_CLIENT + " where c.client_id = :client_id", ListedClientRow)
FIND_DIALECT_KEY = Query(
    "select client_id, sealed_private_pem, public_pem from dialect_key"
    " where client_id = :client_id and dialect = :dialect",
    DialectKeyRow,
)
FIND_DIALECT_KEY_OF_PARTNER = Query(
    "select d.client_id, d.sealed_private_pem, d.public_pem from dialect_key d"
    " join client c on c.client_id = d.client_id"
    " where c.partner_id = :partner_id and d.dialect = :dialect order by d.created_at",
    DialectKeyRow,
)
FIND_ISSUER = Query(
    "select issuer, partner_id, jwks, jwks_uri, status from trusted_issuer where issuer = :issuer",
    IssuerRow,
)
ALL_ISSUERS = Query(
    "select issuer, partner_id, jwks, jwks_uri, status from trusted_issuer order by issuer",
    IssuerRow,
)
FIND_SPENT = Query(
    "select client_id from software_statement where issuer = :issuer and jti_digest = :jti_digest",
    SpentRow,
)
