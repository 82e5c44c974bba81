"""Quotes in orders: a line keeps the schedule it was quoted, and the order takes the quote."""

from collections.abc import Sequence

from msgspec.structs import replace

from gateway.database import Unit
from gateway.orders.store import LineRow, OrderRow
from gateway.products.service import NamedQuotes


async def scheduled(
    quotes: NamedQuotes, lines: Sequence[LineRow], order: OrderRow
) -> list[LineRow]:
    """The lines, each with the digest of the schedule that its quote promises.

    Raises ``QuoteMismatch`` or ``QuoteExpired``; nothing has happened yet.
    """
    return [
        replace(
            line,
            schedule_digest=await quotes.schedule_digest(
                line.agreed,
                partner_id=order.partner_id,
                customer_id=order.customer_id,
                reference=order.reference,
                at=order.created_at,
            ),
        )
        for line in lines
    ]


def take(quotes: NamedQuotes, unit: Unit, lines: Sequence[LineRow], order: OrderRow) -> None:
    """Gives the order every quote that its lines name: of two orders for one, one wins."""
    for line in lines:
        quote_id = line.agreed.quote
        if quote_id is not None:
            quotes.take(
                unit,
                quote_id,
                order_id=order.order_id,
                customer_id=order.customer_id,
                at=order.created_at,
            )
