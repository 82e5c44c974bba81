"""The statements of the consents room and the rows they answer."""

from datetime import datetime

import msgspec

from gateway.consents.states import Status
from gateway.database import Query, Statement


class ConsentRow(msgspec.Struct, frozen=True):
    """A consent as stored; the JSON columns are still text."""

    consent_id: str
    partner_id: str
    client_id: str
    customer_id: str
    status: Status
    scope: str
    authorization_details: str
    acr: str
    amr: str
    notice: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None


class ReadRow(msgspec.Struct, frozen=True):
    """A text that was read for a consent, as stored; ``text`` is JSON by language tag."""

    package: str
    version: str
    code: str
    disclosure_version: str
    kind: str
    digest: str
    language: str
    text: str
    shown_at: datetime
    agreed_at: datetime


INSERT = Statement(
    "insert into consent (consent_id, partner_id, client_id, customer_id, status, scope,"
    " authorization_details, acr, amr, notice, created_at, expires_at, revoked_at, revoked_by)"
    " values (:consent_id, :partner_id, :client_id, :customer_id, 'active', :scope,"
    " :authorization_details, :acr, :amr, :notice, :created_at, :expires_at, null, null)"
)
REVOKE = Statement(
    "update consent set status = :to, revoked_at = :at, revoked_by = :by"
    " where consent_id = :consent_id and status = :from_"
)
MOVE = Statement(
    "update consent set status = :to where consent_id = :consent_id and status = :from_"
)
# What stands there is compared as it was read, so that of two narrowings none is lost.
NARROW = Statement(
    "update consent set scope = :scope, authorization_details = :authorization_details"
    " where consent_id = :consent_id and status in ('active', 'paused') and scope = :scope_before"
    " and authorization_details = :authorization_details_before"
)
# At most one write a minute for each consent, whichever process was asked.
NOTE_USE = Statement(
    "update consent set last_used_at = :at where consent_id = :consent_id"
    " and (last_used_at is null or last_used_at <= :before)"
)
_SELECT = (
    "select consent_id, partner_id, client_id, customer_id, status, scope, authorization_details,"
    " acr, amr, notice, created_at, expires_at, revoked_at, revoked_by, last_used_at from consent"
)
FIND = Query(_SELECT + " where consent_id = :consent_id", ConsentRow)
# The customer's page shows the newest; a person with more than this has a machine behind them.
FOR_CUSTOMER = Query(
    _SELECT + " where customer_id = :customer_id order by created_at desc, consent_id desc"
    " limit 200",
    ConsentRow,
)
LIVE_OF_CLIENT = Query(
    _SELECT + " where client_id = :client_id and status in ('active', 'paused')"
    " and expires_at > :at order by consent_id limit :limit",
    ConsentRow,
)

# The digest stands for the content, so whoever kept it before kept the same.
KEEP_TEXT = Statement(
    "insert into disclosure_text (digest, code, version, text, kept_since)"
    " values (:digest, :code, :version, :text, :at) on conflict (digest) do nothing"
)
INSERT_READ = Statement(
    "insert into disclosure_read (consent_id, package, version, code, disclosure_version, kind,"
    " digest, language, position, shown_at, agreed_at) values (:consent_id, :package, :version,"
    " :code, :disclosure_version, :kind, :digest, :language, :position, :shown_at, :at)"
)
READ_FOR = Query(
    "select r.package, r.version, r.code, r.disclosure_version, r.kind, r.digest, r.language,"
    " t.text, r.shown_at, r.agreed_at from disclosure_read r"
    " join disclosure_text t on t.digest = r.digest where r.consent_id = :consent_id"
    " order by r.package, r.position",
    ReadRow,
)
