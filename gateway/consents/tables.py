"""The table of consents; the resource guard joins tokens with its status, expiry and rights."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from gateway.database import METADATA, Instant

CONSENT = Table(
    "consent",
    METADATA,
    Column("consent_id", Text, primary_key=True),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("authorization_details", Text, nullable=False),
    # How sure the bank was of the person, as recorded at the moment of approval.
    Column("acr", Text, nullable=False),
    Column("amr", Text, nullable=False),
    # What was put before the customer: purpose, recipient, kinds of data (PIPL article 23).
    Column("notice", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant, nullable=True),
    Column("revoked_by", Text, nullable=True),
    # Told by the guards now and then, not with every call: to the minute, and maybe a minute late.
    Column("last_used_at", Instant, nullable=True),
    CheckConstraint("status in ('active', 'paused', 'revoked')", name="status"),
    Index("ix_consent_customer_id", "customer_id", "created_at"),
)
