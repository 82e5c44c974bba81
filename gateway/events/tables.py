"""The table of events: the outbox of every change, and the feed that partners read."""

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, UniqueConstraint

from gateway.database import METADATA, Instant

# SQLite numbers rows by itself only under the exact type INTEGER.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

EVENT = Table(
    "event",
    METADATA,
    # The order of insertion. Within a resource it is the order of the sequence, because the unit
    # locks the resource; between resources it says nothing (see service.py on the position).
    Column("ordinal", _COUNTED, primary_key=True),
    Column("event_id", Text, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("resource_type", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("position", BigInteger, nullable=True),
    UniqueConstraint("event_id"),
    UniqueConstraint("resource_id", "sequence"),
    UniqueConstraint("position"),
)

Index(
    "ix_event_undispatched",
    EVENT.c.ordinal,
    postgresql_where=EVENT.c.position.is_(None),
    sqlite_where=EVENT.c.position.is_(None),
)
Index("ix_event_feed", EVENT.c.partner_id, EVENT.c.position)
