"""An account may have no phone, and who proves one says whose it is."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('login_code', sa.Column('holder', sa.Enum('owner', 'new', name='holder', native_enum=False, length=20), nullable=True))
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.alter_column('phone', existing_type=sa.String(length=20), nullable=True)


def downgrade():
    op.execute("DELETE FROM job WHERE kind = 'owner_by_mail'")
    op.execute("DELETE FROM dispatch WHERE kind = 'owner_by_mail'")
    op.execute("DELETE FROM attempt WHERE kind IN ('owner_name', 'owner_mail', 'owner_code')")
    op.execute("DELETE FROM way_change WHERE kind IN ('phone_left', 'phone_given')")
    op.execute("UPDATE \"user\" SET phone = 'none-' || id WHERE phone IS NULL")
    with op.batch_alter_table('user', schema=None) as batch_op:
        batch_op.alter_column('phone', existing_type=sa.String(length=20), nullable=False)
    op.drop_column('login_code', 'holder')
