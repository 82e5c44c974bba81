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
_SELECT = (
    "select consent_id, partner_id, client_id, customer_id, status, scope, authorization_details,"
    " acr, amr, notice, created_at, expires_at, revoked_at, revoked_by from consent"
)
FIND = Query(_SELECT + " where consent_id = :consent_id", ConsentRow)
# The customer's page shows the newest; a person with more than this has a machine behind them.
FOR_CUSTOMER = Query(
    _SELECT + " where customer_id = :customer_id order by created_at desc, consent_id desc"
    " limit 200",
    ConsentRow,
)
