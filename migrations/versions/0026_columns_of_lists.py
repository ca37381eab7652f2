"""What the columns of a patient list were taken for, the file until it is sent, and birth dates as suggestions.

Expands: columns that may be empty.
An older process: leaves them empty, so its lists are sent as they were read and suggest no birth date.
"""

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade():
    op.add_column('patient_import', sa.Column('source', sa.LargeBinary(), nullable=True))
    op.add_column('patient_import', sa.Column('columns', sa.JSON(), nullable=True))
    op.add_column('import_line', sa.Column('birth_date', sa.Date(), nullable=True))
    op.add_column('invitation', sa.Column('birth_date', sa.Date(), nullable=True))


def downgrade():
    op.drop_column('invitation', 'birth_date')
    op.drop_column('import_line', 'birth_date')
    op.drop_column('patient_import', 'columns')
    op.drop_column('patient_import', 'source')
