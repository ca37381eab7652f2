"""Facts about patients: sex, allergies, medicines, illnesses, each row with who and when; illnesses in intake forms.

Expands: two tables, columns that may be empty, and a text that is empty where nobody has answered.
An older process: shows none of them, and leaves illnesses empty in what it stores.
"""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0031'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade():
    op.add_column('user', sa.Column('sex', sa.String(length=20), nullable=True))
    op.add_column('intake_questionnaire', sa.Column('illnesses', sa.Text(), server_default='', nullable=False))
    op.execute('DROP TABLE IF EXISTS patient_fact_strike')  # a restore at an older head knows no such tables, leaves them
    op.execute('DROP TABLE IF EXISTS patient_fact')
    op.create_table(
        'patient_fact',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('patient_id', ROW_ID, nullable=False),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('text', sa.Text(), nullable=False),
        sa.Column('author_id', ROW_ID, nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('shared_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('withheld_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('replaces_id', ROW_ID, nullable=True),
        sa.ForeignKeyConstraint(['patient_id'], ['user.id'], name=op.f('fk_patient_fact_patient_id')),
        sa.ForeignKeyConstraint(['author_id'], ['user.id'], name=op.f('fk_patient_fact_author_id')),
        sa.ForeignKeyConstraint(
            ['replaces_id'], ['patient_fact.id'], name=op.f('fk_patient_fact_replaces_id')
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_patient_fact')),
        sa.UniqueConstraint('replaces_id', name=op.f('uq_patient_fact_replaces_id')),
    )
    op.create_index('ix_patient_fact_of_patient', 'patient_fact', ['patient_id', 'kind', 'id'], unique=False)
    op.create_table(
        'patient_fact_strike',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('fact_id', ROW_ID, nullable=False),
        sa.Column('by_id', ROW_ID, nullable=False),
        sa.Column('struck_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('is_replacement', sa.Boolean(), nullable=False),
        sa.Column('is_private', sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ['fact_id'], ['patient_fact.id'], name=op.f('fk_patient_fact_strike_fact_id')
        ),
        sa.ForeignKeyConstraint(['by_id'], ['user.id'], name=op.f('fk_patient_fact_strike_by_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_patient_fact_strike')),
    )
    op.create_index('ix_patient_fact_strike_fact_id', 'patient_fact_strike', ['fact_id'], unique=False)
    live = sa.text('undone_at IS NULL')
    op.create_index(
        'uq_patient_fact_strike_live', 'patient_fact_strike', ['fact_id', 'by_id'], unique=True,
        sqlite_where=live, postgresql_where=live,
    )


def downgrade():
    op.drop_table('patient_fact_strike')
    op.drop_table('patient_fact')
    op.drop_column('intake_questionnaire', 'illnesses')
    op.drop_column('user', 'sex')
