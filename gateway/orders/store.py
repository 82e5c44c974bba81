"""The statements of the orders room and the rows they answer."""

from datetime import datetime
from typing import Literal

import msgspec

from contracts.v1.consents import PackageOrderDetail
from contracts.v1.orders import LineStatus, OrderStatus, ReasonFamily
from contracts.v1.packages import SalesBoundary
from gateway.database import Query, Statement

Need = Literal["required", "optional"]


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """An order as stored."""

    order_id: str
    partner_id: str
    client_id: str
    customer_id: str
    subject: str | None
    consent_id: str
    package: str
    version: str
    reference: str
    status: OrderStatus
    sequence: int
    idempotency_key: str
    created_at: datetime
    updated_at: datetime
    attempts: int
    # What its customer agreed to, as JSON; an order from before that was kept has nothing.
    disclosures: str | None = None


class LineRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line as stored; ``terms`` is the consent's entry as JSON, amounts are minor units."""

    line_id: str
    order_id: str
    position: int
    component: str
    type: str
    boundary: SalesBoundary
    need: Need
    terms: str
    funded_by: str | None
    status: LineStatus
    step: str | None = None
    account_id: str | None = None
    mandate_id: str | None = None
    topped_up: int | None = None
    refer_to: str | None = None
    reason_family: ReasonFamily | None = None
    reason_code: str | None = None
    # Of the plan that the line's quote promised, where the consent names one.
    schedule_digest: str | None = None

    @property
    def agreed(self) -> PackageOrderDetail:
        """What the customer agreed to for this line."""
        return msgspec.json.decode(self.terms, type=PackageOrderDetail)


class OrderId(msgspec.Struct, frozen=True):
    """An order of which only the name matters."""

    order_id: str


_ORDER_COLUMNS = (
    "order_id, partner_id, client_id, customer_id, subject, consent_id, package, version,"
    " reference, status, sequence, idempotency_key, created_at, updated_at, attempts, disclosures"
)
_LINE_COLUMNS = (
    "line_id, order_id, position, component, type, boundary, need, terms, funded_by, status, step,"
    " account_id, mandate_id, topped_up, refer_to, reason_family, reason_code, schedule_digest"
)
INSERT_ORDER = Statement(
    f"insert into order_ ({_ORDER_COLUMNS}, lease, leased_until, due_at)"  # noqa: S608
    " values (:order_id, :partner_id, :client_id, :customer_id, :subject, :consent_id, :package,"
    " :version, :reference, :status, :sequence, :idempotency_key, :created_at, :updated_at, 0,"
    " :disclosures, :lease, :leased_until, :due_at)"
)
FIND_ORDER = Query(
    f"select {_ORDER_COLUMNS} from order_ where order_id = :order_id",  # noqa: S608
    OrderRow,
)
FIND_ORDER_OF = Query(
    f"select {_ORDER_COLUMNS} from order_ where order_id = :order_id"  # noqa: S608
    " and partner_id = :partner_id and consent_id = :consent_id",
    OrderRow,
)
FIND_LIVE = Query(
    "select order_id from order_ where consent_id = :consent_id and package = :package"
    " and status <> 'cancelled'",
    OrderId,
)
# The lease is the guard: whoever has lost it writes nothing.
SAVE_ORDER = Statement(
    "update order_ set status = :status, sequence = :sequence, updated_at = :updated_at,"
    " lease = :lease, leased_until = :leased_until, due_at = :due_at, attempts = 0"
    " where order_id = :order_id and lease = :held"
)
TAKE = Statement(
    "update order_ set lease = :lease, leased_until = :until, due_at = :until"
    " where order_id = :order_id and leased_until <= :now"
    " and status in ('received', 'activating', 'compensating')"
)
CLAIM = Query(
    "update order_ set lease = :lease, leased_until = :until, due_at = :until"
    " where order_id in (select order_id from order_ where due_at <= :now"
    " and leased_until <= :now and status in ('received', 'activating', 'compensating')"
    " order by due_at limit 20 {skip_locked}) returning order_id",
    OrderId,
)
LET_GO = Statement(
    "update order_ set lease = null, leased_until = :now, due_at = :due_at,"
    " attempts = attempts + 1 where order_id = :order_id and lease = :held"
)

INSERT_LINE = Statement(
    f"insert into order_line ({_LINE_COLUMNS})"  # noqa: S608
    " values (:line_id, :order_id, :position, :component, :type, :boundary, :need, :terms,"
    " :funded_by, :status, :step, :account_id, :mandate_id, :topped_up, :refer_to, :reason_family,"
    " :reason_code, :schedule_digest)"
)
FIND_LINES = Query(
    f"select {_LINE_COLUMNS} from order_line where order_id = :order_id"  # noqa: S608
    " order by position",
    LineRow,
)
SAVE_LINE = Statement(
    "update order_line set status = :status, step = :step, account_id = :account_id,"
    " mandate_id = :mandate_id, topped_up = :topped_up, refer_to = :refer_to,"
    " reason_family = :reason_family, reason_code = :reason_code where line_id = :line_id"
)
