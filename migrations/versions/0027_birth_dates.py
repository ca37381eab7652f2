"""Birth dates that people have given themselves, and invitations whose person's data are gone.

Expands: columns that may be empty, and an index.
An older process: leaves both empty; an invitation without its data looks taken back to it.
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0029'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('user', sa.Column('birth_date', sa.Date(), nullable=True))
    op.add_column('invitation', sa.Column('forgotten_at', sa.DateTime(timezone=True), nullable=True))
    op.create_index('ix_invitation_of_patient', 'invitation', ['accepted_by_id'], unique=False)


def downgrade():
    op.drop_index('ix_invitation_of_patient', table_name='invitation')
    op.drop_column('invitation', 'forgotten_at')
    op.drop_column('user', 'birth_date')
