"""The tables of orders and their lines."""

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

ORDER = Table(
    "order_",
    METADATA,
    Column("order_id", Text, primary_key=True),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("subject", Text, nullable=True),
    Column("consent_id", Text, nullable=False),
    Column("package", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    # The key of the request that placed it: whoever ends the order answers every retry.
    Column("idempotency_key", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # Who carries the order forward, until when; empty when nobody does.
    Column("lease", Text, nullable=True),
    Column("leased_until", Instant, nullable=False),
    # When a worker takes it up, if it still has a way to go then.
    Column("due_at", Instant, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    # The texts its customer agreed to, by digest, as JSON.
    Column("disclosures", Text, nullable=True),
    CheckConstraint(
        "status in ('received', 'activating', 'active', 'compensating', 'cancelled')",
        name="status",
    ),
)
# One live order for a consent and package, whatever two requests at once try.
Index(
    "uq_order_live",
    ORDER.c.consent_id,
    ORDER.c.package,
    unique=True,
    sqlite_where=ORDER.c.status != "cancelled",
    postgresql_where=ORDER.c.status != "cancelled",
)
_UNDER_WAY = ORDER.c.status.in_(("received", "activating", "compensating"))
Index(
    "ix_order_due_at",
    ORDER.c.due_at,
    sqlite_where=_UNDER_WAY,
    postgresql_where=_UNDER_WAY,
)

ORDER_LINE = Table(
    "order_line",
    METADATA,
    Column("line_id", Text, primary_key=True),
    Column("order_id", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("component", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("boundary", Text, nullable=False),
    Column("need", Text, nullable=False),
    # The consent's entry for the component, as the customer agreed to it.
    Column("terms", Text, nullable=False),
    # The component whose account a mandate debits.
    Column("funded_by", Text, nullable=True),
    Column("status", Text, nullable=False),
    # The step under way at the bank; with the line's id it makes the operation's id.
    Column("step", Text, nullable=True),
    Column("account_id", Text, nullable=True),
    Column("mandate_id", Text, nullable=True),
    Column("topped_up", BigInteger, nullable=True),
    Column("refer_to", Text, nullable=True),
    Column("reason_family", Text, nullable=True),
    Column("reason_code", Text, nullable=True),
    # Of the plan that the line's quote promised.
    Column("schedule_digest", Text, nullable=True),
    CheckConstraint("need in ('required', 'optional')", name="need"),
    CheckConstraint(
        "status in ('pending', 'activating', 'unknown', 'active', 'referred', 'declined',"
        " 'failed', 'compensating', 'compensated')",
        name="status",
    ),
    UniqueConstraint("order_id", "component"),
)
