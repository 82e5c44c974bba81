"""catalogue: published packages, partners' terms, quotes, what customers read, licences."""

import sqlalchemy as sa
from alembic import op

from gateway.database.schema import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _disclosures()
    _published()
    _standings()
    _quotes()
    _opinions()


def _published() -> None:
    op.create_table(
        "package_version",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_at", Instant(), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.Column("withdrawn_by", sa.Text(), nullable=True),
        sa.Column("withdrawn_because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_package_version")),
    )
    op.create_table(
        "package_terms",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.Column("stored_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "partner_id", "package", "version", "revision", name=op.f("pk_package_terms")
        ),
    )
    with op.batch_alter_table("package_terms", schema=None) as batch_op:
        batch_op.create_index("ix_package_terms_package", ["package", "version"])


def _standings() -> None:
    op.create_table(
        "partner_standing",
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("listed", sa.BigInteger(), nullable=False),
        sa.Column("licences", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partner_id"],
            ["partner.partner_id"],
            name=op.f("fk_partner_standing_partner_id_partner"),
        ),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partner_standing")),
    )


def _opinions() -> None:
    with op.batch_alter_table("bank_customer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("segment", sa.Text(), nullable=False, server_default="mass"))
        batch_op.add_column(
            sa.Column("score", sa.BigInteger(), nullable=False, server_default="650")
        )
        batch_op.add_column(
            sa.Column("on_list", sa.BigInteger(), nullable=False, server_default="0")
        )


def _quotes() -> None:
    op.create_table(
        "quote",
        sa.Column("quote_id", sa.Text(), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=True),
        sa.Column("order_reference", sa.Text(), nullable=False),
        sa.Column("terms_digest", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("voided_at", Instant(), nullable=True),
        sa.Column("order_id", sa.Text(), nullable=True),
        sa.Column("sweep_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("quote_id", name=op.f("pk_quote")),
    )
    with op.batch_alter_table("quote", schema=None) as batch_op:
        batch_op.create_index("ix_quote_partner_id", ["partner_id", "order_reference"])
        batch_op.create_index("ix_quote_sweep_at", ["sweep_at"])
    with op.batch_alter_table("order_line", schema=None) as batch_op:
        batch_op.add_column(sa.Column("schedule_digest", sa.Text(), nullable=True))


def _disclosures() -> None:
    op.create_table(
        "disclosure_text",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("kept_since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_disclosure_text")),
    )
    op.create_table(
        "disclosure_read",
        sa.Column("consent_id", sa.Text(), nullable=False),
        sa.Column("package", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("disclosure_version", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("shown_at", Instant(), nullable=False),
        sa.Column("agreed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("consent_id", "package", "code", name=op.f("pk_disclosure_read")),
    )
    op.create_table(
        "hosted_shown",
        sa.Column("shown_id", sa.Text(), nullable=False),
        sa.Column("flow_id", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.Text(), nullable=False),
        sa.Column("shown_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shown_id", name=op.f("pk_hosted_shown")),
    )
    with op.batch_alter_table("hosted_shown", schema=None) as batch_op:
        batch_op.create_index("ix_hosted_shown_shown_at", ["shown_at"])
    with op.batch_alter_table("order_", schema=None) as batch_op:
        batch_op.add_column(sa.Column("disclosures", sa.Text(), nullable=True))
