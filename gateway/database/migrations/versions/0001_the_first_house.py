"""the first house."""

import sqlalchemy as sa
from alembic import op
from gateway.database.schema import Instant


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('access_token',
    sa.Column('token_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=True),
    sa.Column('customer_id', sa.Text(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('code_digest', sa.Text(), nullable=True),
    sa.Column('jkt', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('authorization_details', sa.Text(), nullable=True),
    sa.Column('acr', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('revoked_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('token_digest', name=op.f('pk_access_token'))
    )
    with op.batch_alter_table('access_token', schema=None) as batch_op:
        batch_op.create_index('ix_access_token_code_digest', ['code_digest'], unique=False)
        batch_op.create_index('ix_access_token_expires_at', ['expires_at'], unique=False)

    op.create_table('account',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('bank_account_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=False),
    sa.Column('component', sa.Text(), nullable=False),
    sa.Column('tier', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('closed_at', Instant(), nullable=True),
    sa.CheckConstraint("status in ('active', 'closed')", name=op.f('ck_account_status')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_account')),
    sa.UniqueConstraint('bank_account_id', name=op.f('uq_account_bank_account_id')),
    sa.UniqueConstraint('order_id', 'component', name=op.f('uq_account_order_id_component'))
    )
    op.create_table('audit_lease',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('holder', sa.Text(), nullable=False),
    sa.Column('leased_until', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_audit_lease'))
    )
    op.create_table('audit_pending',
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('record_id', name=op.f('pk_audit_pending'))
    )
    op.create_table('audit_record',
    sa.Column('ordinal', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.Column('recorded_at', Instant(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=True),
    sa.Column('client_id', sa.Text(), nullable=True),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('resource', sa.Text(), nullable=True),
    sa.Column('decision', sa.Text(), nullable=False),
    sa.Column('rules', sa.Text(), nullable=False),
    sa.Column('rule_pack', sa.Text(), nullable=True),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('ordinal', name=op.f('pk_audit_record')),
    sa.UniqueConstraint('record_id', name=op.f('uq_audit_record_record_id'))
    )
    op.create_table('audit_seal',
    sa.Column('seq', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('record_id', sa.Text(), nullable=False),
    sa.Column('prev_hash', sa.Text(), nullable=False),
    sa.Column('hash', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('seq', name=op.f('pk_audit_seal')),
    sa.UniqueConstraint('record_id', name=op.f('uq_audit_seal_record_id'))
    )
    op.create_table('authorization_code',
    sa.Column('code_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('redirect_uri', sa.Text(), nullable=False),
    sa.Column('code_challenge', sa.Text(), nullable=False),
    sa.Column('dpop_jkt', sa.Text(), nullable=True),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('authorization_details', sa.Text(), nullable=False),
    sa.Column('acr', sa.Text(), nullable=False),
    sa.Column('amr', sa.Text(), nullable=False),
    sa.Column('authenticated_at', Instant(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('used_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('code_digest', name=op.f('pk_authorization_code'))
    )
    with op.batch_alter_table('authorization_code', schema=None) as batch_op:
        batch_op.create_index('ix_authorization_code_expires_at', ['expires_at'], unique=False)

    op.create_table('bank_counter',
    sa.Column('owner_id', sa.Text(), nullable=False),
    sa.Column('leg', sa.Text(), nullable=False),
    sa.Column('period', sa.Text(), nullable=False),
    sa.Column('used', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('owner_id', 'leg', 'period', name=op.f('pk_bank_counter'))
    )
    op.create_table('bank_customer',
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('login_digest', sa.Text(), nullable=False),
    sa.Column('passcode_hash', sa.Text(), nullable=False),
    sa.Column('name_zh', sa.Text(), nullable=False),
    sa.Column('name_en', sa.Text(), nullable=False),
    sa.Column('id_digest', sa.Text(), nullable=False),
    sa.Column('mobile_digest', sa.Text(), nullable=False),
    sa.Column('kyc_level', sa.Text(), nullable=False),
    sa.Column('born_on', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_bank_customer')),
    sa.UniqueConstraint('login_digest', name=op.f('uq_bank_customer_login_digest'))
    )
    op.create_table('bank_operation',
    sa.Column('operation_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('verdict', sa.Text(), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('recorded_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('operation_id', name=op.f('pk_bank_operation'))
    )
    op.create_table('bank_posting',
    sa.Column('posting_id', sa.Text(), nullable=False),
    sa.Column('operation_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('bank_day', sa.Text(), nullable=False),
    sa.Column('remittance_information', sa.Text(), nullable=False),
    sa.Column('posted_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('posting_id', name=op.f('pk_bank_posting'))
    )
    op.create_table('bank_sign_in',
    sa.Column('login_digest', sa.Text(), nullable=False),
    sa.Column('failures', sa.BigInteger(), nullable=False),
    sa.Column('failed_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('login_digest', name=op.f('pk_bank_sign_in'))
    )
    with op.batch_alter_table('bank_sign_in', schema=None) as batch_op:
        batch_op.create_index('ix_bank_sign_in_failed_at', ['failed_at'], unique=False)

    op.create_table('consent',
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('authorization_details', sa.Text(), nullable=False),
    sa.Column('acr', sa.Text(), nullable=False),
    sa.Column('amr', sa.Text(), nullable=False),
    sa.Column('notice', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('revoked_at', Instant(), nullable=True),
    sa.Column('revoked_by', sa.Text(), nullable=True),
    sa.CheckConstraint("status in ('active', 'revoked')", name=op.f('ck_consent_status')),
    sa.PrimaryKeyConstraint('consent_id', name=op.f('pk_consent'))
    )
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.create_index('ix_consent_customer_id', ['customer_id', 'created_at'], unique=False)

    op.create_table('deployment',
    sa.Column('mode', sa.Text(), nullable=False),
    sa.Column('since', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('mode', name=op.f('pk_deployment'))
    )
    op.create_table('dialect_replay',
    sa.Column('replay_key', sa.Text(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('replay_key', name=op.f('pk_dialect_replay'))
    )
    with op.batch_alter_table('dialect_replay', schema=None) as batch_op:
        batch_op.create_index('ix_dialect_replay_expires_at', ['expires_at'], unique=False)

    op.create_table('event',
    sa.Column('ordinal', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('resource_type', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('recorded_at', Instant(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=True),
    sa.PrimaryKeyConstraint('ordinal', name=op.f('pk_event')),
    sa.UniqueConstraint('event_id', name=op.f('uq_event_event_id')),
    sa.UniqueConstraint('position', name=op.f('uq_event_position')),
    sa.UniqueConstraint('resource_id', 'sequence', name=op.f('uq_event_resource_id_sequence'))
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index('ix_event_feed', ['partner_id', 'position'], unique=False)
        batch_op.create_index('ix_event_undispatched', ['ordinal'], unique=False, postgresql_where=sa.text('position IS NULL'), sqlite_where=sa.text('position IS NULL'))

    op.create_table('grant_handle',
    sa.Column('handle_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('dialect', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('code_digest', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('authorization_details', sa.Text(), nullable=False),
    sa.Column('acr', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('revoked_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('handle_digest', name=op.f('pk_grant_handle'))
    )
    with op.batch_alter_table('grant_handle', schema=None) as batch_op:
        batch_op.create_index('ix_grant_handle_code_digest', ['code_digest'], unique=False)
        batch_op.create_index('ix_grant_handle_expires_at', ['expires_at'], unique=False)

    op.create_table('hosted_flow',
    sa.Column('flow_id', sa.Text(), nullable=False),
    sa.Column('session_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('request_uri_sealed', sa.Text(), nullable=False),
    sa.Column('started_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('answered_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('flow_id', name=op.f('pk_hosted_flow'))
    )
    with op.batch_alter_table('hosted_flow', schema=None) as batch_op:
        batch_op.create_index('ix_hosted_flow_expires_at', ['expires_at'], unique=False)
        batch_op.create_index('ix_hosted_flow_session_digest', ['session_digest'], unique=False)

    op.create_table('hosted_session',
    sa.Column('session_digest', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('signed_in_at', Instant(), nullable=False),
    sa.Column('seen_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('session_digest', name=op.f('pk_hosted_session'))
    )
    with op.batch_alter_table('hosted_session', schema=None) as batch_op:
        batch_op.create_index('ix_hosted_session_seen_at', ['seen_at'], unique=False)

    op.create_table('idempotency',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('fingerprint', sa.Text(), nullable=False),
    sa.Column('resource_id', sa.Text(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=True),
    sa.Column('body', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('client_id', 'key', name=op.f('pk_idempotency'))
    )
    with op.batch_alter_table('idempotency', schema=None) as batch_op:
        batch_op.create_index('ix_idempotency_expires_at', ['expires_at'], unique=False)

    op.create_table('mandate',
    sa.Column('mandate_id', sa.Text(), nullable=False),
    sa.Column('bank_mandate_id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=False),
    sa.Column('component', sa.Text(), nullable=False),
    sa.Column('payee_id', sa.Text(), nullable=False),
    sa.Column('per_debit_cap', sa.BigInteger(), nullable=False),
    sa.Column('daily_cap', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('recorded_at', Instant(), nullable=False),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.CheckConstraint("status in ('active', 'ended')", name=op.f('ck_mandate_status')),
    sa.PrimaryKeyConstraint('mandate_id', name=op.f('pk_mandate')),
    sa.UniqueConstraint('bank_mandate_id', name=op.f('uq_mandate_bank_mandate_id')),
    sa.UniqueConstraint('order_id', 'component', name=op.f('uq_mandate_order_id_component'))
    )
    with op.batch_alter_table('mandate', schema=None) as batch_op:
        batch_op.create_index('ix_mandate_account_id', ['account_id'], unique=False)

    op.create_table('mandate_day',
    sa.Column('mandate_id', sa.Text(), nullable=False),
    sa.Column('bank_day', sa.Text(), nullable=False),
    sa.Column('used', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('used >= 0', name=op.f('ck_mandate_day_used')),
    sa.PrimaryKeyConstraint('mandate_id', 'bank_day', name=op.f('pk_mandate_day'))
    )
    op.create_table('oauth_replay',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_oauth_replay'))
    )
    with op.batch_alter_table('oauth_replay', schema=None) as batch_op:
        batch_op.create_index('ix_oauth_replay_expires_at', ['expires_at'], unique=False)

    op.create_table('oauth_secret',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_oauth_secret'))
    )
    op.create_table('order_',
    sa.Column('order_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=True),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('package', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('reference', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('idempotency_key', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('updated_at', Instant(), nullable=False),
    sa.Column('lease', sa.Text(), nullable=True),
    sa.Column('leased_until', Instant(), nullable=False),
    sa.Column('due_at', Instant(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("status in ('received', 'activating', 'active', 'compensating', 'cancelled')", name=op.f('ck_order__status')),
    sa.PrimaryKeyConstraint('order_id', name=op.f('pk_order_'))
    )
    with op.batch_alter_table('order_', schema=None) as batch_op:
        batch_op.create_index('ix_order_due_at', ['due_at'], unique=False, sqlite_where=sa.text("status IN ('received', 'activating', 'compensating')"), postgresql_where=sa.text("status IN ('received', 'activating', 'compensating')"))
        batch_op.create_index('uq_order_live', ['consent_id', 'package'], unique=True, sqlite_where=sa.text("status != 'cancelled'"), postgresql_where=sa.text("status != 'cancelled'"))

    op.create_table('order_line',
    sa.Column('line_id', sa.Text(), nullable=False),
    sa.Column('order_id', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('component', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('boundary', sa.Text(), nullable=False),
    sa.Column('need', sa.Text(), nullable=False),
    sa.Column('terms', sa.Text(), nullable=False),
    sa.Column('funded_by', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('step', sa.Text(), nullable=True),
    sa.Column('account_id', sa.Text(), nullable=True),
    sa.Column('mandate_id', sa.Text(), nullable=True),
    sa.Column('topped_up', sa.BigInteger(), nullable=True),
    sa.Column('refer_to', sa.Text(), nullable=True),
    sa.Column('reason_family', sa.Text(), nullable=True),
    sa.Column('reason_code', sa.Text(), nullable=True),
    sa.CheckConstraint("need in ('required', 'optional')", name=op.f('ck_order_line_need')),
    sa.CheckConstraint("status in ('pending', 'activating', 'unknown', 'active', 'referred', 'declined', 'failed', 'compensating', 'compensated')", name=op.f('ck_order_line_status')),
    sa.PrimaryKeyConstraint('line_id', name=op.f('pk_order_line')),
    sa.UniqueConstraint('order_id', 'component', name=op.f('uq_order_line_order_id_component'))
    )
    op.create_table('partner',
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('name_zh', sa.Text(), nullable=False),
    sa.Column('mark', sa.Text(), nullable=False),
    sa.Column('scenarios', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.PrimaryKeyConstraint('partner_id', name=op.f('pk_partner'))
    )
    op.create_table('payment',
    sa.Column('payment_id', sa.Text(), nullable=False),
    sa.Column('mandate_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('end_to_end_id', sa.Text(), nullable=False),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('currency', sa.Text(), nullable=False),
    sa.Column('remittance_information', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('sequence', sa.BigInteger(), nullable=False),
    sa.Column('reserved_on', sa.Text(), nullable=True),
    sa.Column('posting_id', sa.Text(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('idempotency_key', sa.Text(), nullable=False),
    sa.Column('interaction_id', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('updated_at', Instant(), nullable=False),
    sa.Column('settled_at', Instant(), nullable=True),
    sa.Column('lease', sa.Text(), nullable=True),
    sa.Column('leased_until', Instant(), nullable=False),
    sa.Column('due_at', Instant(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("status in ('received', 'unknown', 'settled', 'declined')", name=op.f('ck_payment_status')),
    sa.CheckConstraint('amount > 0', name=op.f('ck_payment_amount')),
    sa.PrimaryKeyConstraint('payment_id', name=op.f('pk_payment')),
    sa.UniqueConstraint('mandate_id', 'end_to_end_id', name=op.f('uq_payment_mandate_id_end_to_end_id'))
    )
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.create_index('ix_payment_due_at', ['due_at'], unique=False, sqlite_where=sa.text("status IN ('received', 'unknown')"), postgresql_where=sa.text("status IN ('received', 'unknown')"))

    op.create_table('pushed_request',
    sa.Column('request_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('parameters', sa.Text(), nullable=False),
    sa.Column('dpop_jkt', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('expires_at', Instant(), nullable=False),
    sa.Column('completed_at', Instant(), nullable=True),
    sa.CheckConstraint("status in ('pending', 'approved', 'denied')", name=op.f('ck_pushed_request_status')),
    sa.PrimaryKeyConstraint('request_digest', name=op.f('pk_pushed_request'))
    )
    with op.batch_alter_table('pushed_request', schema=None) as batch_op:
        batch_op.create_index('ix_pushed_request_expires_at', ['expires_at'], unique=False)

    op.create_table('refresh_token',
    sa.Column('token_digest', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('consent_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('code_digest', sa.Text(), nullable=False),
    sa.Column('scope', sa.Text(), nullable=False),
    sa.Column('authorization_details', sa.Text(), nullable=False),
    sa.Column('acr', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('revoked_at', Instant(), nullable=True),
    sa.PrimaryKeyConstraint('token_digest', name=op.f('pk_refresh_token'))
    )
    with op.batch_alter_table('refresh_token', schema=None) as batch_op:
        batch_op.create_index('ix_refresh_token_code_digest', ['code_digest'], unique=False)

    op.create_table('signing_key',
    sa.Column('kid', sa.Text(), nullable=False),
    sa.Column('algorithm', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('public_jwk', sa.Text(), nullable=False),
    sa.Column('private_sealed', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('activated_at', Instant(), nullable=True),
    sa.Column('retired_at', Instant(), nullable=True),
    sa.CheckConstraint("status in ('next', 'current', 'retired')", name=op.f('ck_signing_key_status')),
    sa.PrimaryKeyConstraint('kid', name=op.f('pk_signing_key'))
    )
    with op.batch_alter_table('signing_key', schema=None) as batch_op:
        batch_op.create_index('uq_signing_key_live', ['status'], unique=True, sqlite_where=sa.text("status != 'retired'"), postgresql_where=sa.text("status != 'retired'"))

    op.create_table('webhook_attempt',
    sa.Column('delivery', sa.BigInteger(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('started_at', Instant(), nullable=False),
    sa.Column('milliseconds', sa.BigInteger(), nullable=False),
    sa.Column('answer_status', sa.BigInteger(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('delivery', 'number', name=op.f('pk_webhook_attempt'))
    )
    op.create_table('webhook_delivery',
    sa.Column('ordinal', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('endpoint_id', sa.Text(), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('content_type', sa.Text(), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('attempts', sa.BigInteger(), nullable=False),
    sa.Column('due_at', Instant(), nullable=False),
    sa.Column('claim_id', sa.Text(), nullable=True),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.CheckConstraint("status in ('pending', 'delivered', 'exhausted', 'abandoned')", name=op.f('ck_webhook_delivery_status')),
    sa.PrimaryKeyConstraint('ordinal', name=op.f('pk_webhook_delivery')),
    sa.UniqueConstraint('event_id', 'endpoint_id', name=op.f('uq_webhook_delivery_event_id_endpoint_id'))
    )
    with op.batch_alter_table('webhook_delivery', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_delivery_due', ['endpoint_id', 'due_at'], unique=False, postgresql_where=sa.text("status = 'pending'"), sqlite_where=sa.text("status = 'pending'"))

    op.create_table('webhook_endpoint',
    sa.Column('endpoint_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('voice', sa.Text(), nullable=False),
    sa.Column('secret_sealed', sa.Text(), nullable=True),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.Column('end_reason', sa.Text(), nullable=True),
    sa.CheckConstraint("status in ('active', 'disabled', 'deleted')", name=op.f('ck_webhook_endpoint_status')),
    sa.PrimaryKeyConstraint('endpoint_id', name=op.f('pk_webhook_endpoint'))
    )
    with op.batch_alter_table('webhook_endpoint', schema=None) as batch_op:
        batch_op.create_index('ix_webhook_endpoint_partner', ['partner_id'], unique=False)

    op.create_table('bank_account',
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=True),
    sa.Column('tier', sa.Text(), nullable=True),
    sa.Column('number_masked', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('balance', sa.BigInteger(), nullable=True),
    sa.Column('bound_funded_at', Instant(), nullable=True),
    sa.Column('inflow_agreed_at', Instant(), nullable=True),
    sa.Column('confirmed_at', Instant(), nullable=True),
    sa.Column('opened_at', Instant(), nullable=False),
    sa.Column('closed_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['bank_customer.customer_id'], name=op.f('fk_bank_account_customer_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_bank_account'))
    )
    with op.batch_alter_table('bank_account', schema=None) as batch_op:
        batch_op.create_index('ix_bank_account_customer_id', ['customer_id'], unique=False)

    op.create_table('client',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('redirect_uris', sa.Text(), nullable=False),
    sa.Column('scopes', sa.Text(), nullable=False),
    sa.Column('grant_types', sa.Text(), nullable=False),
    sa.Column('authorization_details_types', sa.Text(), nullable=False),
    sa.Column('sector', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['partner_id'], ['partner.partner_id'], name=op.f('fk_client_partner_id')),
    sa.PrimaryKeyConstraint('client_id', name=op.f('pk_client'))
    )
    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.create_index('ix_client_partner_id', ['partner_id'], unique=False)

    op.create_table('bank_bound_account',
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('declared_number_digest', sa.Text(), nullable=False),
    sa.Column('number_digest', sa.Text(), nullable=False),
    sa.Column('number_masked', sa.Text(), nullable=False),
    sa.Column('holder_name', sa.Text(), nullable=False),
    sa.Column('holder_id_digest', sa.Text(), nullable=False),
    sa.Column('holder_mobile_digest', sa.Text(), nullable=False),
    sa.Column('account_class', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['bank_account.account_id'], name=op.f('fk_bank_bound_account_account_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['bank_customer.customer_id'], name=op.f('fk_bank_bound_account_customer_id')),
    sa.PrimaryKeyConstraint('customer_id', name=op.f('pk_bank_bound_account'))
    )
    op.create_table('bank_leg',
    sa.Column('posting_id', sa.Text(), nullable=False),
    sa.Column('leg_number', sa.BigInteger(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('minor_units', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['bank_account.account_id'], name=op.f('fk_bank_leg_account_id')),
    sa.ForeignKeyConstraint(['posting_id'], ['bank_posting.posting_id'], name=op.f('fk_bank_leg_posting_id')),
    sa.PrimaryKeyConstraint('posting_id', 'leg_number', name=op.f('pk_bank_leg'))
    )
    with op.batch_alter_table('bank_leg', schema=None) as batch_op:
        batch_op.create_index('ix_bank_leg_account_id', ['account_id'], unique=False)

    op.create_table('bank_mandate',
    sa.Column('mandate_id', sa.Text(), nullable=False),
    sa.Column('customer_id', sa.Text(), nullable=False),
    sa.Column('account_id', sa.Text(), nullable=False),
    sa.Column('payee_id', sa.Text(), nullable=False),
    sa.Column('per_debit_cap', sa.BigInteger(), nullable=False),
    sa.Column('daily_cap', sa.BigInteger(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('recorded_at', Instant(), nullable=False),
    sa.Column('last_debit_at', Instant(), nullable=True),
    sa.Column('ended_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['bank_account.account_id'], name=op.f('fk_bank_mandate_account_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['bank_customer.customer_id'], name=op.f('fk_bank_mandate_customer_id')),
    sa.PrimaryKeyConstraint('mandate_id', name=op.f('pk_bank_mandate'))
    )
    with op.batch_alter_table('bank_mandate', schema=None) as batch_op:
        batch_op.create_index('ix_bank_mandate_account_id', ['account_id'], unique=False)

    op.create_table('client_key',
    sa.Column('thumbprint', sa.Text(), nullable=False),
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('jwk', sa.Text(), nullable=False),
    sa.Column('status', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.Column('retired_at', Instant(), nullable=True),
    sa.ForeignKeyConstraint(['client_id'], ['client.client_id'], name=op.f('fk_client_key_client_id')),
    sa.PrimaryKeyConstraint('thumbprint', name=op.f('pk_client_key'))
    )
    with op.batch_alter_table('client_key', schema=None) as batch_op:
        batch_op.create_index('ix_client_key_client_id', ['client_id', 'purpose'], unique=False)

    op.create_table('dialect_key',
    sa.Column('client_id', sa.Text(), nullable=False),
    sa.Column('dialect', sa.Text(), nullable=False),
    sa.Column('sealed_private_pem', sa.Text(), nullable=False),
    sa.Column('public_pem', sa.Text(), nullable=False),
    sa.Column('created_at', Instant(), nullable=False),
    sa.ForeignKeyConstraint(['client_id'], ['client.client_id'], name=op.f('fk_dialect_key_client_id')),
    sa.PrimaryKeyConstraint('client_id', 'dialect', name=op.f('pk_dialect_key'))
    )


def downgrade() -> None:
    op.drop_table('dialect_key')
    with op.batch_alter_table('client_key', schema=None) as batch_op:
        batch_op.drop_index('ix_client_key_client_id')

    op.drop_table('client_key')
    with op.batch_alter_table('bank_mandate', schema=None) as batch_op:
        batch_op.drop_index('ix_bank_mandate_account_id')

    op.drop_table('bank_mandate')
    with op.batch_alter_table('bank_leg', schema=None) as batch_op:
        batch_op.drop_index('ix_bank_leg_account_id')

    op.drop_table('bank_leg')
    op.drop_table('bank_bound_account')
    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.drop_index('ix_client_partner_id')

    op.drop_table('client')
    with op.batch_alter_table('bank_account', schema=None) as batch_op:
        batch_op.drop_index('ix_bank_account_customer_id')

    op.drop_table('bank_account')
    with op.batch_alter_table('webhook_endpoint', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_endpoint_partner')

    op.drop_table('webhook_endpoint')
    with op.batch_alter_table('webhook_delivery', schema=None) as batch_op:
        batch_op.drop_index('ix_webhook_delivery_due', postgresql_where=sa.text("status = 'pending'"), sqlite_where=sa.text("status = 'pending'"))

    op.drop_table('webhook_delivery')
    op.drop_table('webhook_attempt')
    with op.batch_alter_table('signing_key', schema=None) as batch_op:
        batch_op.drop_index('uq_signing_key_live', sqlite_where=sa.text("status != 'retired'"), postgresql_where=sa.text("status != 'retired'"))

    op.drop_table('signing_key')
    with op.batch_alter_table('refresh_token', schema=None) as batch_op:
        batch_op.drop_index('ix_refresh_token_code_digest')

    op.drop_table('refresh_token')
    with op.batch_alter_table('pushed_request', schema=None) as batch_op:
        batch_op.drop_index('ix_pushed_request_expires_at')

    op.drop_table('pushed_request')
    with op.batch_alter_table('payment', schema=None) as batch_op:
        batch_op.drop_index('ix_payment_due_at', sqlite_where=sa.text("status IN ('received', 'unknown')"), postgresql_where=sa.text("status IN ('received', 'unknown')"))

    op.drop_table('payment')
    op.drop_table('partner')
    op.drop_table('order_line')
    with op.batch_alter_table('order_', schema=None) as batch_op:
        batch_op.drop_index('uq_order_live', sqlite_where=sa.text("status != 'cancelled'"), postgresql_where=sa.text("status != 'cancelled'"))
        batch_op.drop_index('ix_order_due_at', sqlite_where=sa.text("status IN ('received', 'activating', 'compensating')"), postgresql_where=sa.text("status IN ('received', 'activating', 'compensating')"))

    op.drop_table('order_')
    op.drop_table('oauth_secret')
    with op.batch_alter_table('oauth_replay', schema=None) as batch_op:
        batch_op.drop_index('ix_oauth_replay_expires_at')

    op.drop_table('oauth_replay')
    op.drop_table('mandate_day')
    with op.batch_alter_table('mandate', schema=None) as batch_op:
        batch_op.drop_index('ix_mandate_account_id')

    op.drop_table('mandate')
    with op.batch_alter_table('idempotency', schema=None) as batch_op:
        batch_op.drop_index('ix_idempotency_expires_at')

    op.drop_table('idempotency')
    with op.batch_alter_table('hosted_session', schema=None) as batch_op:
        batch_op.drop_index('ix_hosted_session_seen_at')

    op.drop_table('hosted_session')
    with op.batch_alter_table('hosted_flow', schema=None) as batch_op:
        batch_op.drop_index('ix_hosted_flow_session_digest')
        batch_op.drop_index('ix_hosted_flow_expires_at')

    op.drop_table('hosted_flow')
    with op.batch_alter_table('grant_handle', schema=None) as batch_op:
        batch_op.drop_index('ix_grant_handle_expires_at')
        batch_op.drop_index('ix_grant_handle_code_digest')

    op.drop_table('grant_handle')
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.drop_index('ix_event_undispatched', postgresql_where=sa.text('position IS NULL'), sqlite_where=sa.text('position IS NULL'))
        batch_op.drop_index('ix_event_feed')

    op.drop_table('event')
    with op.batch_alter_table('dialect_replay', schema=None) as batch_op:
        batch_op.drop_index('ix_dialect_replay_expires_at')

    op.drop_table('dialect_replay')
    op.drop_table('deployment')
    with op.batch_alter_table('consent', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_customer_id')

    op.drop_table('consent')
    with op.batch_alter_table('bank_sign_in', schema=None) as batch_op:
        batch_op.drop_index('ix_bank_sign_in_failed_at')

    op.drop_table('bank_sign_in')
    op.drop_table('bank_posting')
    op.drop_table('bank_operation')
    op.drop_table('bank_customer')
    op.drop_table('bank_counter')
    with op.batch_alter_table('authorization_code', schema=None) as batch_op:
        batch_op.drop_index('ix_authorization_code_expires_at')

    op.drop_table('authorization_code')
    op.drop_table('audit_seal')
    op.drop_table('audit_record')
    op.drop_table('audit_pending')
    op.drop_table('audit_lease')
    op.drop_table('account')
    with op.batch_alter_table('access_token', schema=None) as batch_op:
        batch_op.drop_index('ix_access_token_expires_at')
        batch_op.drop_index('ix_access_token_code_digest')

    op.drop_table('access_token')
