"""Whom a conclusion names, as they were called when it was given.

Expands: columns that may be empty.
An older process: leaves them empty; such a conclusion names people as they are called today.
"""

import sqlalchemy as sa
from alembic import op

revision = '0062'
down_revision = '0057'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('conclusion', sa.Column('subject_name', sa.String(120), nullable=True))
    op.add_column('conclusion', sa.Column('subject_birth_date', sa.Date(), nullable=True))
    op.add_column('conclusion', sa.Column('subject_sex', sa.String(20), nullable=True))
    op.add_column('conclusion', sa.Column('writer', sa.String(160), nullable=True))


def downgrade():
    for name in ('writer', 'subject_sex', 'subject_birth_date', 'subject_name'):
        op.drop_column('conclusion', name)
