"""Partners, clients, and every public key with its one purpose."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from gateway.database import METADATA, Instant

PARTNER = Table(
    "partner",
    METADATA,
    Column("partner_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_zh", Text, nullable=False),
    Column("mark", Text, nullable=False),
    Column("scenarios", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

CLIENT = Table(
    "client",
    METADATA,
    Column("client_id", Text, primary_key=True),
    Column("partner_id", Text, ForeignKey("partner.partner_id"), nullable=False),
    Column("status", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("grant_types", Text, nullable=False),
    Column("authorization_details_types", Text, nullable=False),
    Column("sector", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # The whole RFC 7591 document as registered; the columns before it are what queries need.
    Column("metadata", Text, nullable=False, server_default="{}"),
    Column("created_at", Instant, nullable=False),
    Index("ix_client_partner_id", "partner_id"),
)

# The thumbprint is the primary key: one public key has one purpose of one client, for good.
CLIENT_KEY = Table(
    "client_key",
    METADATA,
    Column("thumbprint", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.client_id"), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("jwk", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("retired_at", Instant, nullable=True),
    Index("ix_client_key_client_id", "client_id", "purpose"),
)

# The bank's own key pair for one client's dialect; answers and notifications are signed with it.
DIALECT_KEY = Table(
    "dialect_key",
    METADATA,
    Column("client_id", Text, ForeignKey("client.client_id"), primary_key=True),
    Column("dialect", Text, primary_key=True),
    Column("sealed_private_pem", Text, nullable=False),
    Column("public_pem", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)
