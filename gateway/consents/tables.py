"""Consents, and the texts read for them; the guard joins tokens with status, expiry and rights."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, PrimaryKeyConstraint, Table, Text

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

# Every text that a customer ever agreed to, kept once, whatever becomes of its package.
DISCLOSURE_TEXT = Table(
    "disclosure_text",
    METADATA,
    # SHA-256 over code, version and both languages (gateway/products/disclosure_files.py).
    Column("digest", Text, primary_key=True),
    Column("code", Text, nullable=False),
    Column("version", Text, nullable=False),
    # By language tag, as JSON.
    Column("text", Text, nullable=False),
    Column("kept_since", Instant, nullable=False),
)

# Which of them stood before the customer of a consent, in which language, from when, until yes.
DISCLOSURE_READ = Table(
    "disclosure_read",
    METADATA,
    Column("consent_id", Text, nullable=False),
    Column("package", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("disclosure_version", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("shown_at", Instant, nullable=False),
    Column("agreed_at", Instant, nullable=False),
    PrimaryKeyConstraint("consent_id", "package", "code"),
)
