"""Stored outcomes of writes, so that a retry is answered and not repeated."""

from sqlalchemy import Column, Index, Integer, Table, Text

from gateway.database import METADATA, Instant

IDEMPOTENCY = Table(
    "idempotency",
    METADATA,
    Column("client_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("status", Integer, nullable=True),
    Column("body", Text, nullable=True),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_idempotency_expires_at", "expires_at"),
)
