"""Who is signed in to the pages, and which partners' requests their browsers have open."""

from sqlalchemy import Column, Index, Table, Text

from gateway.database import METADATA, Instant

# A row exists from sign-in on; before that a browser holds nothing but an unguessable value.
HOSTED_SESSION = Table(
    "hosted_session",
    METADATA,
    Column("session_digest", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("signed_in_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
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
