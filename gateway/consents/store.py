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
