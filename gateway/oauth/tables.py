"""What the OAuth room remembers: keys, requests, codes, tokens, handles and spent proofs.

Every credential is stored as a digest only; what a partner holds is never in the database.
"""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text

from gateway.database import METADATA, Instant

SIGNING_KEY = Table(
    "signing_key",
    METADATA,
    Column("kid", Text, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("public_jwk", Text, nullable=False),
    Column("private_sealed", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("activated_at", Instant),
    Column("retired_at", Instant),
    CheckConstraint("status in ('next', 'current', 'retired')", name="status"),
)
# At most one key signs and one waits, whatever two rotations at once try.
Index(
    "uq_signing_key_live",
    SIGNING_KEY.c.status,
    unique=True,
    sqlite_where=SIGNING_KEY.c.status != "retired",
    postgresql_where=SIGNING_KEY.c.status != "retired",
)

OAUTH_SECRET = Table(
    "oauth_secret",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

OAUTH_REPLAY = Table(
    "oauth_replay",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Index("ix_oauth_replay_expires_at", "expires_at"),
)

PUSHED_REQUEST = Table(
    "pushed_request",
    METADATA,
    Column("request_digest", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("dpop_jkt", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("completed_at", Instant),
    CheckConstraint("status in ('pending', 'approved', 'denied')", name="status"),
    Index("ix_pushed_request_expires_at", "expires_at"),
)

AUTHORIZATION_CODE = Table(
    "authorization_code",
    METADATA,
    Column("code_digest", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("consent_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("code_challenge", Text, nullable=False),
    Column("dpop_jkt", Text),
    Column("scope", Text, nullable=False),
    Column("authorization_details", Text, nullable=False),
    Column("acr", Text, nullable=False),
    Column("amr", Text, nullable=False),
    # For the ID token alone: what the client put in, and which claims it asked for.
    Column("nonce", Text),
    Column("claims", Text),
    Column("authenticated_at", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
    Index("ix_authorization_code_expires_at", "expires_at"),
)

# The person's columns are null in a token that a client holds for itself (client_credentials).
ACCESS_TOKEN = Table(
    "access_token",
    METADATA,
    Column("token_digest", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("consent_id", Text),
    Column("customer_id", Text),
    Column("subject", Text),
    Column("code_digest", Text),
    # Exactly one of the two: the DPoP key, or the certificate, that the token is bound to.
    Column("jkt", Text),
    Column("x5t_s256", Text),
    Column("scope", Text, nullable=False),
    Column("authorization_details", Text),
    Column("acr", Text, nullable=False),
    # When the customer signed in, in a customer's token (OpenID Connect Core section 2).
    Column("authenticated_at", Instant),
    Column("claims", Text),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    CheckConstraint("(jkt is null) <> (x5t_s256 is null)", name="binding"),
    Index("ix_access_token_expires_at", "expires_at"),
    Index("ix_access_token_code_digest", "code_digest"),
)

REFRESH_TOKEN = Table(
    "refresh_token",
    METADATA,
    Column("token_digest", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("consent_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("code_digest", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("authorization_details", Text, nullable=False),
    Column("acr", Text, nullable=False),
    Column("amr", Text),
    Column("authenticated_at", Instant),
    Column("claims", Text),
    Column("created_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("ix_refresh_token_code_digest", "code_digest"),
)

GRANT_HANDLE = Table(
    "grant_handle",
    METADATA,
    Column("handle_digest", Text, primary_key=True),
    Column("client_id", Text, nullable=False),
    Column("partner_id", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("consent_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("code_digest", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("authorization_details", Text, nullable=False),
    Column("acr", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Index("ix_grant_handle_expires_at", "expires_at"),
    Index("ix_grant_handle_code_digest", "code_digest"),
)
