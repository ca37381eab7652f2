"""The clinic's own reply templates, and when a doctor last used each.

Expands: two new tables, `clinic_reply_template` and `reply_use`.
An older process: offers a doctor's own templates in their order.
"""

import sqlalchemy as sa
from alembic import op

revision = '0036'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade():
    for table in ('reply_use', 'clinic_reply_template'):  # a restore of before knows no such table and leaves it
        op.execute(f'DROP TABLE IF EXISTS {table}')
    op.create_table('clinic_reply_template',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_clinic_reply_template'))
    )
    op.create_table('reply_use',
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('key', sa.String(length=60), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_reply_use_doctor_id')),
    sa.PrimaryKeyConstraint('doctor_id', 'key', name=op.f('pk_reply_use'))
    )


def downgrade():
    op.drop_table('reply_use')
    op.drop_table('clinic_reply_template')
