"""What patients say where a doctor says the specialty: edited by the clinic, else the program's own list holds.

Expands: a table.
An older process: finds doctors by name and specialty alone.
"""

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade():
    op.execute('DROP TABLE IF EXISTS specialty_words')  # a restore at 0028 knows no such table and leaves it
    op.create_table(
        'specialty_words',
        sa.Column('specialty', sa.String(length=80), nullable=False),
        sa.Column('words', sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint('specialty', name=op.f('pk_specialty_words')),
    )


def downgrade():
    op.drop_table('specialty_words')
