"""A copy of one's data, a consent that is taken back, and a notification that leads to a page of the person's own.

Expands: a table, a column that may be empty; a notification may lead to neither a chat nor a consultation.
An older process: makes no copy, and knows no notification of one: it tries that again until a newer one takes it. Who
has taken back a consent stays outside there as well, for the versions a person accepts stand on their own row.
"""

import sqlalchemy as sa
from alembic import op

revision = '0047'
down_revision = '0059'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
IS_UNDER_WAY = sa.text("state IN ('waiting', 'making')")
ONE_OF_TWO = '(consultation_id IS NULL) <> (chat_id IS NULL)'
ONE_AT_MOST = 'consultation_id IS NULL OR chat_id IS NULL'


def upgrade():
    op.execute('DROP TABLE IF EXISTS data_copy')  # a restore at a revision before does not know it and leaves it
    op.create_table(
        'data_copy',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('user_id', ROW_ID, nullable=False),
        sa.Column('state', sa.String(length=20), nullable=False),
        sa.Column('key', sa.String(length=32), nullable=False),
        sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('begins_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('made_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('done', sa.Integer(), nullable=False),
        sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('size', ROW_ID, nullable=True),
        sa.Column('has_file', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_data_copy_user_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_data_copy')),
        sa.UniqueConstraint('key', name=op.f('uq_data_copy_key')),
    )
    op.create_index('ix_data_copy_of_user', 'data_copy', ['user_id', 'id'], unique=False)
    op.create_index(
        'ix_data_copy_under_way',
        'data_copy',
        ['user_id'],
        unique=True,
        sqlite_where=IS_UNDER_WAY,
        postgresql_where=IS_UNDER_WAY,
    )
    op.add_column('consent', sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True))
    _let_notifications_have(ONE_AT_MOST)


def downgrade():
    op.execute("DELETE FROM notification WHERE consultation_id IS NULL AND chat_id IS NULL")
    op.execute("DELETE FROM job WHERE kind IN ('data_copy', 'data_copy_end')")
    op.execute("DELETE FROM security_event WHERE kind = 'data_copy'")
    _let_notifications_have(ONE_OF_TWO)
    op.drop_column('consent', 'withdrawn_at')
    op.drop_table('data_copy')


def _let_notifications_have(link):
    """PostgreSQL changes it in place; SQLite copies the table."""
    with op.batch_alter_table('notification') as batch:
        batch.drop_constraint(op.f('ck_notification_link'), type_='check')
        batch.create_check_constraint(op.f('ck_notification_link'), link)
