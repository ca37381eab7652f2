"""When both agreed on another start; the time at which it was paid is not asked for any more."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('consultation', sa.Column('moved_at', sa.DateTime(timezone=True), nullable=True))
    op.drop_column('consultation', 'paid_start')
    op.add_column('notification', sa.Column('presses_at', sa.DateTime(timezone=True), nullable=True))


def downgrade():
    op.execute("DELETE FROM job WHERE kind IN ('notification', 'push') AND subject_id IN (SELECT id FROM notification WHERE kind = 'decided')")
    op.execute("DELETE FROM notification WHERE kind = 'decided'")
    op.drop_column('notification', 'presses_at')
    op.add_column('consultation', sa.Column('paid_start', sa.DateTime(timezone=True), nullable=True))
    op.execute('UPDATE consultation SET paid_start = starts_at WHERE paid_at IS NOT NULL')
    op.drop_column('consultation', 'moved_at')
