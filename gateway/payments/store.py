"""The statements of the payments room and the rows they answer."""

from datetime import datetime

import msgspec

from contracts.v1.payments import PaymentStatus
from gateway.database import Query, Statement


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as stored; ``reason`` is JSON, ``amount`` in minor units of ``currency``."""

    payment_id: str
    mandate_id: str
    partner_id: str
    client_id: str
    consent_id: str
    customer_id: str
    end_to_end_id: str
    amount: int
    currency: str
    remittance_information: str
    status: PaymentStatus
    sequence: int
    reserved_on: str | None
    posting_id: str | None
    reason: str | None
    idempotency_key: str
    interaction_id: str
    created_at: datetime
    updated_at: datetime
    settled_at: datetime | None
    attempts: int


class PaymentId(msgspec.Struct, frozen=True):
    """A payment of which only the name matters."""

    payment_id: str


_COLUMNS = (
    "payment_id, mandate_id, partner_id, client_id, consent_id, customer_id, end_to_end_id,"
    " amount, currency, remittance_information, status, sequence, reserved_on, posting_id, reason,"
    " idempotency_key, interaction_id, created_at, updated_at, settled_at, attempts"
)
INSERT = Statement(
    f"insert into payment ({_COLUMNS}, lease, leased_until, due_at)"  # noqa: S608
    " values (:payment_id, :mandate_id, :partner_id, :client_id, :consent_id, :customer_id,"
    " :end_to_end_id, :amount, :currency, :remittance_information, :status, :sequence,"
    " :reserved_on, :posting_id, :reason, :idempotency_key, :interaction_id, :created_at,"
    " :updated_at, :settled_at, :attempts, :lease, :until, :until)"
)
FIND = Query(
    f"select {_COLUMNS} from payment where payment_id = :payment_id",  # noqa: S608
    PaymentRow,
)
FIND_OF = Query(
    f"select {_COLUMNS} from payment where payment_id = :payment_id"  # noqa: S608
    " and partner_id = :partner_id and consent_id = :consent_id",
    PaymentRow,
)
FIND_TWIN = Query(
    "select payment_id from payment"
    " where mandate_id = :mandate_id and end_to_end_id = :end_to_end_id",
    PaymentId,
)
# The lease is the guard: whoever has lost it writes nothing.
SAVE = Statement(
    "update payment set status = :status, sequence = :sequence, reserved_on = :reserved_on,"
    " posting_id = :posting_id, reason = :reason, updated_at = :updated_at,"
    " settled_at = :settled_at, attempts = :attempts, lease = :lease, leased_until = :until,"
    " due_at = :due_at where payment_id = :payment_id and lease = :held"
)
_LEASE = "update payment set lease = :lease, leased_until = :until, due_at = :until"
TAKE = Query(
    _LEASE + " where payment_id = :payment_id and leased_until <= :now"
    " and status in ('received', 'unknown') returning " + _COLUMNS,
    PaymentRow,
)
CLAIM = Query(
    _LEASE  # noqa: S608
    + " where payment_id in (select payment_id from payment where due_at <= :now"
    " and leased_until <= :now and status in ('received', 'unknown')"
    " order by due_at limit 20 {skip_locked}) returning " + _COLUMNS,
    PaymentRow,
)
