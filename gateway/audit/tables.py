"""The tables of the audit: records as they happened, and the chain that seals them."""

from sqlalchemy import BigInteger, Column, Integer, Table, Text, UniqueConstraint

from gateway.database import METADATA, Instant

# SQLite numbers rows by itself only under the exact type INTEGER.
_COUNTED = BigInteger().with_variant(Integer, "sqlite")

# Rows are inserted and never touched again.
AUDIT_RECORD = Table(
    "audit_record",
    METADATA,
    Column("ordinal", _COUNTED, primary_key=True),
    Column("record_id", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("action", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("partner_id", Text),
    Column("client_id", Text),
    Column("subject", Text),
    Column("resource", Text),
    Column("decision", Text, nullable=False),
    Column("rules", Text, nullable=False),
    Column("rule_pack", Text),
    Column("detail", Text, nullable=False),
    UniqueConstraint("record_id"),
)

# Which records wait for the sealer. Searching the records for unsealed ones would cost more with
# every record, and a watermark would pass over a unit that commits late.
AUDIT_PENDING = Table(
    "audit_pending",
    METADATA,
    Column("record_id", Text, primary_key=True),
)

# One link of the chain for each record; `seq` is the order of sealing, from 1, without gaps.
AUDIT_SEAL = Table(
    "audit_seal",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("record_id", Text, nullable=False),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("record_id"),
)

AUDIT_LEASE = Table(
    "audit_lease",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("leased_until", Instant, nullable=False),
)
