"""Rights of those for whom somebody writes: codes to their phones, a child's own yes, what the office has entered, who
takes chats over by an invitation, a death.

Expands: three tables, and columns that may be empty.
An older process: asks no child, sends no such codes, and takes an invitation by which chats are taken over for any other.
"""

import sqlalchemy as sa
from alembic import op

revision = '0046'
down_revision = '0047'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
MOMENT = sa.DateTime(timezone=True)
NAMED = ('invitation', 'security_event')


def upgrade():
    for table in ('family_code', 'representation', 'child_consent'):
        op.execute(f'DROP TABLE IF EXISTS {table}')  # a restore at a revision before knows none of them and leaves them
    op.create_table(
        'child_consent',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('consultation_id', ROW_ID, nullable=False),
        sa.Column('matter', sa.String(length=20), nullable=False),
        sa.Column('way', sa.String(length=20), nullable=False),
        sa.Column('noted_by_id', ROW_ID, nullable=False),
        sa.Column('given_at', MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_child_consent_consultation_id')),
        sa.ForeignKeyConstraint(['noted_by_id'], ['user.id'], name=op.f('fk_child_consent_noted_by_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_child_consent')),
        sa.UniqueConstraint('consultation_id', 'matter', name=op.f('uq_child_consent_consultation_id_matter')),
    )
    op.create_table(
        'family_code',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('purpose', sa.String(length=20), nullable=False),
        sa.Column('asker_id', ROW_ID, nullable=False),
        sa.Column('dependant_id', ROW_ID, nullable=False),
        sa.Column('consultation_id', ROW_ID, nullable=True),
        sa.Column('phone', sa.String(length=20), nullable=False),
        sa.Column('nonce', sa.String(length=32), nullable=False),
        sa.Column('created_at', MOMENT, nullable=False),
        sa.Column('asked_at', MOMENT, nullable=False),
        sa.Column('guesses', sa.Integer(), nullable=False),
        sa.Column('proved_at', MOMENT, nullable=True),
        sa.ForeignKeyConstraint(['asker_id'], ['user.id'], name=op.f('fk_family_code_asker_id')),
        sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_family_code_consultation_id')),
        sa.ForeignKeyConstraint(['dependant_id'], ['dependant.id'], name=op.f('fk_family_code_dependant_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_family_code')),
    )
    op.create_index('ix_family_code_of_dependant', 'family_code', ['dependant_id', 'id'], unique=False)
    op.create_table(
        'representation',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('dependant_id', ROW_ID, nullable=False),
        sa.Column('paper', sa.String(length=200), nullable=False),
        sa.Column('entered_at', MOMENT, nullable=False),
        sa.Column('ends_at', MOMENT, nullable=False),
        sa.ForeignKeyConstraint(['dependant_id'], ['dependant.id'], name=op.f('fk_representation_dependant_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_representation')),
        sa.UniqueConstraint('dependant_id', name=op.f('uq_representation_dependant_id')),
    )
    for table in NAMED:
        op.add_column(table, sa.Column('dependant_id', ROW_ID, nullable=True))


def downgrade():
    for table in reversed(NAMED):
        op.drop_column(table, 'dependant_id')
    op.drop_table('representation')
    op.drop_index('ix_family_code_of_dependant', 'family_code')
    op.drop_table('family_code')
    op.drop_table('child_consent')
