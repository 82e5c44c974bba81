"""Statements of the onboarding room."""

from datetime import datetime

import msgspec

from gateway.database import Query, Statement

INSERT_PARTNER = Statement(
    "insert into partner (partner_id, name, name_zh, mark, scenarios, status, created_at)"
    " values (:partner_id, :name, :name_zh, :mark, :scenarios, 'active', :created_at)"
)
INSERT_CLIENT = Statement(
    "insert into client (client_id, partner_id, status, redirect_uris, scopes, grant_types,"
    " authorization_details_types, sector, version, metadata, created_at) values (:client_id,"
    " :partner_id, 'active', :redirect_uris, :scopes, :grant_types, :authorization_details_types,"
    " :sector, 1, :metadata, :created_at)"
)
INSERT_KEY = Statement(
    "insert into client_key (thumbprint, client_id, purpose, jwk, status, created_at, retired_at)"
    " values (:thumbprint, :client_id, :purpose, :jwk, 'live', :created_at, null)"
)
RETIRE_KEY = Statement(
    "update client_key set status = 'retired', retired_at = :at"
    " where thumbprint = :thumbprint and client_id = :client_id and status = 'live'"
)
BUMP_CLIENT = Statement("update client set version = version + 1 where client_id = :client_id")
INSERT_DIALECT_KEY = Statement(
    "insert into dialect_key (client_id, dialect, sealed_private_pem, public_pem, created_at)"
    " values (:client_id, :dialect, :sealed_private_pem, :public_pem, :created_at)"
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
    """A client with its partner; lists are JSON, ``keys`` too."""

    client_id: str
    partner_id: str
    name: str
    status: str
    redirect_uris: str
    scopes: str
    grant_types: str
    authorization_details_types: str
    sector: str
    version: int
    metadata: str
    created_at: datetime


class VersionRow(msgspec.Struct, frozen=True):
    """What a cached client is checked against."""

    version: int
    status: str


class KeyRow(msgspec.Struct, frozen=True):
    """A live public key."""

    thumbprint: str
    jwk: str


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
FIND_CLIENT = Query(
    "select c.client_id, c.partner_id, p.name, case when p.status = 'active' then c.status"
    " else p.status end as status, c.redirect_uris, c.scopes, c.grant_types,"
    " c.authorization_details_types, c.sector, c.version, c.metadata, c.created_at"
    " from client c join partner p on p.partner_id = c.partner_id where c.client_id = :client_id",
    ClientRow,
)
FIND_VERSION = Query(
    "select c.version, case when p.status = 'active' then c.status else p.status end as status"
    " from client c join partner p on p.partner_id = c.partner_id where c.client_id = :client_id",
    VersionRow,
)
LIVE_KEYS = Query(
    "select thumbprint, jwk from client_key where client_id = :client_id and purpose = :purpose"
    " and status = 'live' order by created_at, thumbprint",
    KeyRow,
)
FIND_KEY = Query("select thumbprint, jwk from client_key where thumbprint = :thumbprint", KeyRow)
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
