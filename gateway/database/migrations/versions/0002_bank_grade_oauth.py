"""bank-grade oauth."""

import sqlalchemy as sa
from alembic import op
from gateway.database.schema import Instant


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('customer_lockout',
    sa.Column('customer_key', sa.Text(), nullable=False),
    sa.Column('passcode_failures', sa.BigInteger(), nullable=False),
    sa.Column('factor_failures', sa.BigInteger(), nullable=False),
    sa.Column('failed_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('customer_key', name=op.f('pk_customer_lockout'))
    )
    with op.batch_alter_table('customer_lockout', schema=None) as batch_op:
        batch_op.create_index('ix_customer_lockout_failed_at', ['failed_at'], unique=False)

    op.create_table('hosted_confirmation',
    sa.Column('confirmation_id', sa.Text(), nullable=False),
    sa.Column('session_digest', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('content_digest', sa.Text(), nullable=False),
    sa.Column('nonce', sa.Text(), nullable=False),
    sa.Column('tries', sa.BigInteger(), nullable=False),
    sa.Column('code_digest', sa.Text(), nullable=True),
    sa.Column('codes_sent', sa.BigInteger(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.CheckConstraint("status in ('pending', 'confirmed', 'spent', 'void')", name=op.f('ck_hosted_confirmation_status')),
    sa.PrimaryKeyConstraint('confirmation_id', name=op.f('pk_hosted_confirmation'))
    )
    with op.batch_alter_table('hosted_confirmation', schema=None) as batch_op:
        batch_op.create_index('ix_hosted_confirmation_customer_id', ['customer_id', 'created_at'], unique=False)
        batch_op.create_index('ix_hosted_confirmation_expires_at', ['expires_at'], unique=False)

    op.create_table('passkey',
    sa.Column('credential_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('person_id', sa.Text(), nullable=False),
    sa.Column('public_key', sa.Text(), nullable=False),
    sa.Column('sign_count', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('transports', sa.Text(), nullable=False),
    sa.Column('label', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('last_used_at', Instant(), nullable=True),
    sa.CheckConstraint("method in ('hwk', 'swk')", name=op.f('ck_passkey_method')),
    sa.PrimaryKeyConstraint('credential_id', name=op.f('pk_passkey'))
    )
    with op.batch_alter_table('passkey', schema=None) as batch_op:
        batch_op.create_index('ix_passkey_customer_id', ['customer_id'], unique=False)

    op.create_table('sandbox_message',
    sa.Column('confirmation_id', sa.Text(), nullable=False),
    sa.Column('code_sealed', sa.Text(), nullable=False),
    sa.Column('sent_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('confirmation_id', name=op.f('pk_sandbox_message'))
    )
    with op.batch_alter_table('sandbox_message', schema=None) as batch_op:
        batch_op.create_index('ix_sandbox_message_sent_at', ['sent_at'], unique=False)

    op.create_table('risk_assessment',
    sa.Column('assessment_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('assessed_on', sa.Text(), nullable=False),
    sa.Column('expires_on', sa.Text(), nullable=False),
    sa.Column('recorded_by', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.partner_id'], name=op.f('fk_risk_assessment_partner_id')),
    sa.PrimaryKeyConstraint('assessment_id', name=op.f('pk_risk_assessment'))
    )
    with op.batch_alter_table('risk_assessment', schema=None) as batch_op:
        batch_op.create_index('ix_risk_assessment_partner_id', ['partner_id'], unique=False)

    op.create_table('trusted_issuer',
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=True),
    sa.Column('jwks', sa.Text(), nullable=True),
    sa.Column('jwks_uri', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.partner_id'], name=op.f('fk_trusted_issuer_partner_id')),
    sa.PrimaryKeyConstraint('issuer', name=op.f('pk_trusted_issuer'))
    )
    op.create_table('software_statement',
    sa.Column('issuer', sa.Text(), nullable=False),
    sa.Column('jti_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('used_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['client.client_id'], name=op.f('fk_software_statement_client_id')),
    sa.PrimaryKeyConstraint('issuer', 'jti_digest', name=op.f('pk_software_statement'))
    )
    with op.batch_alter_table('bank_sign_in', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_bank_sign_in_failed_at'))

    op.drop_table('bank_sign_in')
    with op.batch_alter_table('access_token', schema=None) as batch_op:
        batch_op.add_column(sa.Column('x5t_s256', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('authenticated_at', Instant(), nullable=True))
        batch_op.add_column(sa.Column('claims', sa.Text(), nullable=True))
        batch_op.alter_column('jkt',
               nullable=True)

    with op.batch_alter_table('authorization_code', schema=None) as batch_op:
        batch_op.add_column(sa.Column('nonce', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('claims', sa.Text(), nullable=True))

    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.add_column(sa.Column('metadata', sa.Text(), server_default='{}', nullable=False))
        batch_op.add_column(sa.Column('introspection', sa.Text(), server_default='own', nullable=False))

    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.add_column(sa.Column('last_used_at', Instant(), nullable=True))

    with op.batch_alter_table('hosted_session', schema=None) as batch_op:
        batch_op.add_column(sa.Column('acr', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('amr', sa.Text(), nullable=True))

    with op.batch_alter_table('partner', schema=None) as batch_op:
        batch_op.add_column(sa.Column('assessed_until', Instant(), nullable=True))

    with op.batch_alter_table('refresh_token', schema=None) as batch_op:
        batch_op.add_column(sa.Column('amr', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('authenticated_at', Instant(), nullable=True))
        batch_op.add_column(sa.Column('claims', sa.Text(), nullable=True))

    with op.batch_alter_table('access_token') as batch_op:
        batch_op.create_check_constraint(op.f('ck_access_token_binding'), '(jkt is null) <> (x5t_s256 is null)')
    with op.batch_alter_table('consent') as batch_op:
        batch_op.drop_constraint(op.f('ck_consent_status'), type_='check')
        batch_op.create_check_constraint(op.f('ck_consent_status'), "status in ('active', 'paused', 'revoked')")
    # A client's metadata becomes the one source of what it may do; scopes were a list of words.
    op.execute(
        "update client set metadata = '{\"redirect_uris\":' || redirect_uris || ',\"scope\":'"
        " || replace(replace(replace(scopes, '[\"', '\"'), '\"]', '\"'), '\",\"', ' ')"
        " || ',\"grant_types\":' || grant_types || ',\"response_types\":[\"code\"]'"
        " || ',\"authorization_details_types\":' || authorization_details_types || '}'"
        " where metadata = '{}'"
    )


def downgrade() -> None:
    raise NotImplementedError("restore the backup taken before the upgrade")
