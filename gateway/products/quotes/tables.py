"""The table of quotes."""

from sqlalchemy import Column, Index, Table, Text

from gateway.database import METADATA, Instant

QUOTE = Table(
    "quote",
    METADATA,
    Column("quote_id", Text, primary_key=True),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    # Whose it is: asked for with a customer's token, or the first customer who used it.
    Column("customer_id", Text, nullable=True),
    Column("order_reference", Text, nullable=False),
    # Over what the order says: quotes of another amount for the same order are void.
    Column("terms_digest", Text, nullable=False),
    # The answer as the partner got it, the price with it.
    Column("body", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("voided_at", Instant, nullable=True),
    # The one order that took it.
    Column("order_id", Text, nullable=True),
    # When it is forgotten; never, once an order took it.
    Column("sweep_at", Instant, nullable=True),
    Index("ix_quote_partner_id", "partner_id", "order_reference"),
    Index("ix_quote_sweep_at", "sweep_at"),
)
