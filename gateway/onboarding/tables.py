"""Partners, clients, and every public key with its one purpose."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

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
    # What the newest risk assessment says; a partner without one reaches nothing of level A2.
    Column("assessed_until", Instant, nullable=True),
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
    # The whole RFC 7591 document, and the one source of what a client may do. The four JSON columns
    # above repeat it for an operator's own queries; they are written with it, and nobody decides
    # by them. Keys by value stand in ``client_key``, because each has a life of its own.
    Column("metadata", Text, nullable=False, server_default="{}"),
    # Whose tokens it may look up; only an operator says ``all``, never the document above.
    Column("introspection", Text, nullable=False, server_default="own"),
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

# What the bank found out about a partner before it let it reach customers' data (CN-API-02).
RISK_ASSESSMENT = Table(
    "risk_assessment",
    METADATA,
    Column("assessment_id", Text, primary_key=True),
    Column("partner_id", Text, ForeignKey("partner.partner_id"), nullable=False),
    Column("reference", Text, nullable=False),
    Column("assessed_on", Text, nullable=False),
    Column("expires_on", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_risk_assessment_partner_id", "partner_id"),
)

# What decides what a partner may sell: its licences, each with its last day, as JSON, and whether
# the bank's published list of partners in credit names it. Every change is in the audit.
PARTNER_STANDING = Table(
    "partner_standing",
    METADATA,
    Column("partner_id", Text, ForeignKey("partner.partner_id"), primary_key=True),
    Column("listed", BigInteger, nullable=False),
    Column("licences", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("changed_at", Instant, nullable=False),
)

# Whose software statements register clients (RFC 7591 section 2.3). Without a partner the
# statement's ``org_id`` names one of ours.
TRUSTED_ISSUER = Table(
    "trusted_issuer",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("partner_id", Text, ForeignKey("partner.partner_id"), nullable=True),
    Column("jwks", Text, nullable=True),
    Column("jwks_uri", Text, nullable=True),
    Column("status", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
)

# Statements that were used; kept for good, because a statement need not expire.
SOFTWARE_STATEMENT = Table(
    "software_statement",
    METADATA,
    Column("issuer", Text, primary_key=True),
    Column("jti_digest", Text, primary_key=True),
    Column("client_id", Text, ForeignKey("client.client_id"), nullable=False),
    Column("used_at", Instant, nullable=False),
)
