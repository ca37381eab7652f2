"""To which country an SMS went."""

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('dispatch', sa.Column('country', sa.String(length=3), server_default='', nullable=False))


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'sms_alarm'")
    op.execute("DELETE FROM dispatch WHERE kind = 'sms_alarm'")
    op.execute("DELETE FROM attempt WHERE kind = 'code_network'")
    op.execute("UPDATE import_line SET fault = 'bad_phone' WHERE fault = 'abroad'")
    op.drop_column('dispatch', 'country')
