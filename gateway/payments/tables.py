"""The table of payments."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.database import METADATA, Instant

PAYMENT = Table(
    "payment",
    METADATA,
    # Also the operation's id at the bank, so the bank acts on a payment once.
    Column("payment_id", Text, primary_key=True),
    Column("mandate_id", Text, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("consent_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("end_to_end_id", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("remittance_information", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # The bank's day on which the mandate's daily cap holds room for it; empty when none does.
    Column("reserved_on", Text, nullable=True),
    Column("posting_id", Text, nullable=True),
    Column("reason", Text, nullable=True),
    # The key of the request that made it: whoever ends the payment answers every retry.
    Column("idempotency_key", Text, nullable=False),
    Column("interaction_id", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("settled_at", Instant, nullable=True),
    # Who is finding out what becomes of it, until when; empty when nobody does.
    Column("lease", Text, nullable=True),
    Column("leased_until", Instant, nullable=False),
    # When a worker takes it up, if it is still open then.
    Column("due_at", Instant, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
    CheckConstraint("status in ('received', 'unknown', 'settled', 'declined')", name="status"),
    UniqueConstraint("mandate_id", "end_to_end_id"),
)
_OPEN = PAYMENT.c.status.in_(("received", "unknown"))
Index("ix_payment_due_at", PAYMENT.c.due_at, sqlite_where=_OPEN, postgresql_where=_OPEN)
