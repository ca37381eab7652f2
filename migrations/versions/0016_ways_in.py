"""Changes of ways in, known browsers, codes of one's own browser."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.create_table('known_browser',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('user_id', ROW_ID, nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_known_browser_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_known_browser')),
    sa.UniqueConstraint('user_id', 'token_hash', name=op.f('uq_known_browser_user_id_token_hash'))
    )
    op.create_table('way_change',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('user_id', ROW_ID, nullable=False),
    sa.Column('kind', sa.Enum('password', 'email', 'device', 'tries', name='waykind', native_enum=False, length=20), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('nonce', sa.String(length=32), nullable=False),
    sa.Column('device_id', ROW_ID, nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('email_is_settled', sa.Boolean(), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_way_change_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_way_change'))
    )
    op.create_index('ix_way_change_of_user', 'way_change', ['user_id', 'id'], unique=False)
    op.add_column('user', sa.Column('email_proved_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('user', sa.Column('frozen_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('device', sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('device', sa.Column('browser_hash', sa.String(length=64), server_default='', nullable=False))
    op.add_column('login_code', sa.Column('browser', sa.String(length=64), server_default='', nullable=False))
    op.add_column('login_code', sa.Column('has_own', sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade():
    op.execute("DELETE FROM job WHERE kind IN ('way_sms', 'way_mail', 'way_push')")
    op.execute("DELETE FROM dispatch WHERE kind IN ('way_sms', 'way_mail')")
    op.execute("DELETE FROM attempt WHERE kind IN ('code_phone_address', 'code_phone_browser', 'code_of_its_own', 'password_known', 'password_current', 'password_slowed', 'wrong_login', 'wrong_user')")
    op.drop_column('login_code', 'has_own')
    op.drop_column('login_code', 'browser')
    op.drop_column('device', 'browser_hash')
    op.drop_column('device', 'confirmed_at')
    op.drop_column('user', 'frozen_at')
    op.drop_column('user', 'email_proved_at')
    op.drop_index('ix_way_change_of_user', table_name='way_change')
    op.drop_table('way_change')
    op.drop_table('known_browser')
