"""What is kept of a call, and the devices that were let in for one."""

import sqlalchemy as sa
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade():
    row_id = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('call_visit',
    sa.Column('id', row_id, nullable=False),
    sa.Column('consultation_id', row_id, nullable=False),
    sa.Column('user_id', row_id, nullable=False),
    sa.Column('page', sa.String(length=40), nullable=False),
    sa.Column('joined_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_call_visit_consultation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_call_visit_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_visit')),
    sa.UniqueConstraint('consultation_id', 'user_id', 'page', name='uq_call_visit_page')
    )
    op.create_table('call_report',
    sa.Column('id', row_id, nullable=False),
    sa.Column('consultation_id', row_id, nullable=False),
    sa.Column('user_id', row_id, nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.Column('setups', sa.Integer(), nullable=False),
    sa.Column('setup_ms', sa.BigInteger(), nullable=False),
    sa.Column('restarts', sa.Integer(), nullable=False),
    sa.Column('relayed_seconds', sa.Integer(), nullable=False),
    sa.Column('direct_seconds', sa.Integer(), nullable=False),
    sa.Column('loss_sum', sa.BigInteger(), nullable=False),
    sa.Column('rtt_sum', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_call_report_consultation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_call_report_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_call_report')),
    sa.UniqueConstraint('consultation_id', 'user_id', name='uq_call_report_side')
    )
    op.create_table('handover',
    sa.Column('id', row_id, nullable=False),
    sa.Column('consultation_id', row_id, nullable=False),
    sa.Column('user_id', row_id, nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_handover_consultation_id')),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_handover_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_handover')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_handover_token_hash'))
    )
    op.add_column('consultation', sa.Column('phone_asked_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('device', sa.Column('only_consultation_id', row_id, nullable=True))
    op.add_column('device', sa.Column('ends_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    # Let in for one talk only: without the columns they would reach everything.
    op.execute('DELETE FROM device WHERE only_consultation_id IS NOT NULL')
    op.drop_column('device', 'ends_at')
    op.drop_column('device', 'only_consultation_id')
    op.drop_column('consultation', 'phone_asked_at')
    op.drop_table('handover')
    op.drop_table('call_report')
    op.drop_table('call_visit')
