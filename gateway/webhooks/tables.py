"""The tables of webhooks: endpoints, what is owed to each of them, and what was tried."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from gateway.database import METADATA, Instant

# SQLite numbers rows by itself only under the exact type INTEGER.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

WEBHOOK_ENDPOINT = Table(
    "webhook_endpoint",
    METADATA,
    Column("endpoint_id", Text, primary_key=True),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("voice", Text, nullable=False),
    Column("secret_sealed", Text),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("end_reason", Text),
    CheckConstraint("status in ('active', 'disabled', 'deleted')", name="status"),
)
Index("ix_webhook_endpoint_partner", WEBHOOK_ENDPOINT.c.partner_id)

# One event for one endpoint. `due_at` is when it may be taken next: a claim moves it to the end
# of the lease, so a delivery whose worker died becomes due again by itself.
WEBHOOK_DELIVERY = Table(
    "webhook_delivery",
    METADATA,
    Column("ordinal", _COUNTED, primary_key=True),
    Column("endpoint_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("content_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", BigInteger, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("claim_id", Text),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Column("outcome", Text),
    UniqueConstraint("event_id", "endpoint_id"),
    CheckConstraint("status in ('pending', 'delivered', 'exhausted', 'abandoned')", name="status"),
)
Index(
    "ix_webhook_delivery_due",
    WEBHOOK_DELIVERY.c.endpoint_id,
    WEBHOOK_DELIVERY.c.due_at,
    postgresql_where=WEBHOOK_DELIVERY.c.status == "pending",
    sqlite_where=WEBHOOK_DELIVERY.c.status == "pending",
)

WEBHOOK_ATTEMPT = Table(
    "webhook_attempt",
    METADATA,
    Column("delivery", BigInteger, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("milliseconds", BigInteger, nullable=False),
    Column("answer_status", BigInteger),
    Column("outcome", Text, nullable=False),
    PrimaryKeyConstraint("delivery", "number"),
)
