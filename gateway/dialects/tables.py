"""Accepted signatures, remembered for as long as their time could be accepted again."""

from sqlalchemy import Column, Index, Table, Text

from gateway.database import METADATA, Instant

DIALECT_REPLAY = Table(
    "dialect_replay",
    METADATA,
    Column("replay_key", Text, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Index("ix_dialect_replay_expires_at", "expires_at"),
)
