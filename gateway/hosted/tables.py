"""Who is signed in, what their browsers have open and confirm, their passkeys, their failures."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text

from gateway.database import METADATA, Instant

# A row exists from sign-in on; before that a browser holds nothing but an unguessable value.
HOSTED_SESSION = Table(
    "hosted_session",
    METADATA,
    Column("session_digest", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("signed_in_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    # How surely the bank knows the person, and by which methods (RFC 8176), space-separated.
    Column("acr", Text, nullable=True),
    Column("amr", Text, nullable=True),
    Index("ix_hosted_session_seen_at", "seen_at"),
)

# One request of one partner in one browser, so that several tabs do not disturb each other.
HOSTED_FLOW = Table(
    "hosted_flow",
    METADATA,
    Column("flow_id", Text, primary_key=True),
    Column("session_digest", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("request_uri_sealed", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("answered_at", Instant, nullable=True),
    Index("ix_hosted_flow_session_digest", "session_digest"),
    Index("ix_hosted_flow_expires_at", "expires_at"),
)

# What stood on a request's page, and since when: one row for each customer, language and content.
HOSTED_SHOWN = Table(
    "hosted_shown",
    METADATA,
    Column("shown_id", Text, primary_key=True),
    Column("flow_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("content_digest", Text, nullable=False),
    Column("shown_at", Instant, nullable=False),
    Index("ix_hosted_shown_shown_at", "shown_at"),
)

# One thing that a customer is about to confirm with a second factor: what exactly, and once.
HOSTED_CONFIRMATION = Table(
    "hosted_confirmation",
    METADATA,
    Column("confirmation_id", Text, primary_key=True),
    Column("session_digest", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("status", Text, nullable=False),
    # What is confirmed: the flow or the passkey it is about, and all that must stay as it was.
    Column("subject", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("content_digest", Text, nullable=False),
    # Changes with every attempt, and every passkey's challenge with it.
    Column("nonce", Text, nullable=False),
    Column("tries", BigInteger, nullable=False),
    # Keyed with the browser's own secret, which is nowhere in the database.
    Column("code_digest", Text, nullable=True),
    Column("codes_sent", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    CheckConstraint("status in ('pending', 'confirmed', 'spent', 'void')", name="status"),
    Index("ix_hosted_confirmation_customer_id", "customer_id", "created_at"),
    Index("ix_hosted_confirmation_expires_at", "expires_at"),
)

# A customer's passkeys: public keys only.
PASSKEY = Table(
    "passkey",
    METADATA,
    Column("credential_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    # ``hwk`` where the key never leaves its authenticator, ``swk`` where it is synced (RFC 8176).
    Column("method", Text, nullable=False),
    Column("transports", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, nullable=True),
    CheckConstraint("method in ('hwk', 'swk')", name="method"),
    Index("ix_passkey_customer_id", "customer_id"),
)

# Failures in a row, of passcode and second factor together, of one customer at every partner.
CUSTOMER_LOCKOUT = Table(
    "customer_lockout",
    METADATA,
    Column("customer_key", Text, primary_key=True),
    Column("passcode_failures", BigInteger, nullable=False),
    Column("factor_failures", BigInteger, nullable=False),
    Column("failed_at", Instant, nullable=False),
    Index("ix_customer_lockout_failed_at", "failed_at"),
)

# Where a sandbox's one-time codes arrive, instead of on a telephone.
SANDBOX_MESSAGE = Table(
    "sandbox_message",
    METADATA,
    Column("confirmation_id", Text, primary_key=True),
    Column("code_sealed", Text, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Index("ix_sandbox_message_sent_at", "sent_at"),
)
