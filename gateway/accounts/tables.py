"""The tables of accounts, of mandates, and of what each mandate has used of a day."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text, UniqueConstraint

from gateway.database import METADATA, Instant

ACCOUNT = Table(
    "account",
    METADATA,
    # The partner's name for the account. The bank's own never leaves the gateway.
    Column("account_id", Text, primary_key=True),
    Column("bank_account_id", Text, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("consent_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("closed_at", Instant, nullable=True),
    CheckConstraint("status in ('active', 'closed')", name="status"),
    UniqueConstraint("bank_account_id"),
    UniqueConstraint("order_id", "component"),
)

MANDATE = Table(
    "mandate",
    METADATA,
    Column("mandate_id", Text, primary_key=True),
    Column("bank_mandate_id", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("consent_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("order_id", Text, nullable=False),
    Column("component", Text, nullable=False),
    Column("payee_id", Text, nullable=False),
    Column("per_debit_cap", BigInteger, nullable=False),
    Column("daily_cap", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("ended_at", Instant, nullable=True),
    CheckConstraint("status in ('active', 'ended')", name="status"),
    UniqueConstraint("bank_mandate_id"),
    UniqueConstraint("order_id", "component"),
    Index("ix_mandate_account_id", "account_id"),
)

# A counter a day: reserved when a debit is accepted, given back when the bank declines it.
MANDATE_DAY = Table(
    "mandate_day",
    METADATA,
    Column("mandate_id", Text, primary_key=True),
    Column("bank_day", Text, primary_key=True),
    Column("used", BigInteger, nullable=False),
    CheckConstraint("used >= 0", name="used"),
)
