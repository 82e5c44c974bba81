"""The tables of published versions and of partners' terms; nothing in them is ever changed."""

from sqlalchemy import BigInteger, Column, Index, Table, Text

from gateway.database import METADATA, Instant

# The whole file, so that what customers signed stays readable whatever ships later. Only the end
# of its sale is written later on.
PACKAGE_VERSION = Table(
    "package_version",
    METADATA,
    Column("code", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("published_at", Instant, nullable=False),
    Column("published_by", Text, nullable=False),
    Column("withdrawn_at", Instant, nullable=True),
    Column("withdrawn_by", Text, nullable=True),
    Column("withdrawn_because", Text, nullable=True),
)

# The newest revision is in force.
PACKAGE_TERMS = Table(
    "package_terms",
    METADATA,
    Column("partner_id", Text, primary_key=True),
    Column("package", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("stored_at", Instant, nullable=False),
    Column("stored_by", Text, nullable=False),
    Index("ix_package_terms_package", "package", "version"),
)
