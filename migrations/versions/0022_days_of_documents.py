"""From which day a new version of a document is asked."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.create_table('document_day',
    sa.Column('id', ROW_ID, nullable=False),
    sa.Column('document', sa.Enum('offer', 'personal_data', name='documentkind', native_enum=False, length=20), nullable=False),
    sa.Column('version', sa.String(length=40), nullable=False),
    sa.Column('asked_from', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_document_day')),
    sa.UniqueConstraint('document', 'version', name=op.f('uq_document_day_document_version'))
    )


def downgrade():
    op.drop_table('document_day')
