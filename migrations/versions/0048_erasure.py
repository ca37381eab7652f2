"""Accounts that are erased: when, the seal of who it was, and whose free days are used up.

Expands: columns that may be empty, an index of few rows, two tables.
An older process: shows the chats of an erased person, under a number instead of the name, and lets them be written in.
"""

import sqlalchemy as sa
from alembic import op

revision = '0048'
down_revision = '0043'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
ERASED = sa.text('erased_at IS NOT NULL')


def upgrade():
    for column in ('erases_at', 'withdrawn_at', 'erased_at'):
        op.add_column('user', sa.Column(column, sa.DateTime(timezone=True), nullable=True))
    op.add_column('chat', sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_chat_erased', 'chat', ['id'], sqlite_where=ERASED, postgresql_where=ERASED)
    op.execute('DROP TABLE IF EXISTS sealed_identity')
    op.create_table(
        'sealed_identity',
        sa.Column('user_id', ROW_ID, nullable=False),
        sa.Column('sealed', sa.LargeBinary(), nullable=False),
        sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_sealed_identity_user_id')),
        sa.PrimaryKeyConstraint('user_id', name=op.f('pk_sealed_identity')),
    )
    op.execute('DROP TABLE IF EXISTS used_free_days')
    op.create_table(
        'used_free_days',
        sa.Column('key', sa.String(64), nullable=False),
        sa.Column('doctor_id', ROW_ID, nullable=False),
        sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_used_free_days_doctor_id')),
        sa.PrimaryKeyConstraint('key', 'doctor_id', name=op.f('pk_used_free_days')),
    )


def downgrade():
    op.drop_table('used_free_days')
    op.drop_table('sealed_identity')
    op.drop_index('ix_chat_erased', 'chat')
    op.drop_column('chat', 'erased_at')
    for column in ('erased_at', 'withdrawn_at', 'erases_at'):
        op.drop_column('user', column)
