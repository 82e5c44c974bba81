"""bank-grade oauth."""

import sqlalchemy as sa
from alembic import op
from gateway.database.schema import Instant


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('access_token', schema=None) as batch_op:
        batch_op.add_column(sa.Column('x5t_s256', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('authenticated_at', Instant(), nullable=True))
        batch_op.alter_column('jkt',
               nullable=True)

    with op.batch_alter_table('client', schema=None) as batch_op:
        batch_op.add_column(sa.Column('metadata', sa.Text(), server_default='{}', nullable=False))

    with op.batch_alter_table('refresh_token', schema=None) as batch_op:
        batch_op.add_column(sa.Column('authenticated_at', Instant(), nullable=True))

    with op.batch_alter_table('access_token') as batch_op:
        batch_op.create_check_constraint(op.f('ck_access_token_binding'), '(jkt is null) <> (x5t_s256 is null)')


def downgrade() -> None:
    raise NotImplementedError("restore the backup taken before the upgrade")
