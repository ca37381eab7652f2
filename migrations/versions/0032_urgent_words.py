"""Messages that speak of an emergency, chats that are marked because of them, what a clinic adds to the words; and that a
consultation ended with «Нужен очный приём».

Expands: columns that may be empty or have a default, an index, and a new table, `urgent_words_line`.
An older process: marks nothing, and leaves a mark that is there when the doctor answers through it.
"""

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0033'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
IS_URGENT = sa.text('urgent_since IS NOT NULL')


def upgrade():
    op.add_column('message', sa.Column('urgent_groups', sa.String(length=120), nullable=True))
    op.add_column('chat', sa.Column('urgent_since', MOMENT, nullable=True))
    op.add_column('consultation', sa.Column('needs_visit', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index('ix_chat_urgent', 'chat', ['doctor_id'], sqlite_where=IS_URGENT, postgresql_where=IS_URGENT)
    op.execute('DROP TABLE IF EXISTS urgent_words_line')  # a restore of before knows no such table and leaves it
    op.create_table('urgent_words_line',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('text', sa.String(length=300), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_urgent_words_line'))
    )


def downgrade():
    op.drop_table('urgent_words_line')
    op.drop_index('ix_chat_urgent', 'chat')
    op.drop_column('consultation', 'needs_visit')
    op.drop_column('chat', 'urgent_since')
    op.drop_column('message', 'urgent_groups')
