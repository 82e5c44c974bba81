"""The statements of quotes and the row they answer."""

from datetime import datetime

import msgspec

from contracts.v1.quotes import Quote
from gateway.database import Query, Statement, sweeping


class QuoteRow(msgspec.Struct, frozen=True, kw_only=True):
    """A quote as stored; ``body`` is the answer that its partner got."""

    quote_id: str
    partner_id: str
    customer_id: str | None
    body: str
    expires_at: datetime
    voided_at: datetime | None
    order_id: str | None

    @property
    def quoted(self) -> Quote:
        """What was quoted."""
        return msgspec.json.decode(self.body, type=Quote)


# Units for one order of one partner share a lock, so that the count is still true here.
INSERT_QUOTE = Statement(
    """
    insert into quote (quote_id, partner_id, client_id, customer_id, order_reference, terms_digest,
        body, created_at, expires_at, voided_at, order_id, sweep_at)
    select :quote_id, :partner_id, :client_id, :customer_id, :order_reference, :terms_digest,
        :body, :created_at, :expires_at, null, null, :sweep_at
    where (
        select count(*) from quote where partner_id = :partner_id
        and order_reference = :order_reference and created_at > :since
    ) < :most
    """
)
# An order has one amount: whoever asks again with another gives the earlier quotes up.
VOID_OTHERS = Statement(
    """
    update quote set voided_at = :at
    where partner_id = :partner_id and order_reference = :order_reference
    and terms_digest <> :terms_digest and voided_at is null and order_id is null
    """
)
FIND_QUOTE = Query(
    """
    select quote_id, partner_id, customer_id, body, expires_at, voided_at, order_id
    from quote where quote_id = :quote_id
    """,
    QuoteRow,
)
# The guards say again what was read before: the first customer who uses it, once, in time.
BIND = Statement(
    """
    update quote set customer_id = :customer_id
    where quote_id = :quote_id and (customer_id is null or customer_id = :customer_id)
    and voided_at is null and order_id is null and expires_at > :at
    """
)
TAKE = Statement(
    """
    update quote set order_id = :order_id, customer_id = :customer_id, sweep_at = null
    where quote_id = :quote_id and (customer_id is null or customer_id = :customer_id)
    and voided_at is null and order_id is null and expires_at > :at
    """
)
# A quote that an order took is the order's, and stays.
SWEEP_QUOTES = sweeping("quote", "quote_id", "sweep_at")
