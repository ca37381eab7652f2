"""What is written of a consultation: conclusions with their drafts, ratings, complaints; how a person is identified."""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade():
    op.create_table('conclusion',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('consultation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('template', sa.Enum('first', 'again', 'tests', name='template', native_enum=False, length=20), nullable=True),
    sa.Column('signature', sa.Text(), nullable=True),
    sa.Column('signature_kind', sa.Enum('simple', 'enhanced', 'qualified', name='signaturekind', native_enum=False, length=20), nullable=True),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('author_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['author_id'], ['user.id'], name=op.f('fk_conclusion_author_id')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_conclusion_consultation_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_conclusion_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_conclusion')),
    sa.UniqueConstraint('consultation_id', 'version', name=op.f('uq_conclusion_consultation_id_version')),
    sa.UniqueConstraint('message_id', name=op.f('uq_conclusion_message_id'))
    )
    op.create_table('conclusion_draft',
    sa.Column('consultation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('template', sa.Enum('first', 'again', 'tests', name='template', native_enum=False, length=20), nullable=True),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_conclusion_draft_consultation_id')),
    sa.PrimaryKeyConstraint('consultation_id', name=op.f('pk_conclusion_draft'))
    )
    op.create_table('review',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('consultation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('stars', sa.Integer(), nullable=False),
    sa.Column('words', sa.String(length=1000), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('stars BETWEEN 1 AND 5', name=op.f('ck_review_stars')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_review_consultation_id')),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_review_doctor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_review')),
    sa.UniqueConstraint('consultation_id', name=op.f('uq_review_consultation_id'))
    )
    op.create_index('ix_review_doctor_id', 'review', ['doctor_id'], unique=False)
    op.create_table('complaint',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('consultation_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('trouble', sa.Text(), nullable=False),
    sa.Column('since', sa.String(length=200), nullable=False),
    sa.Column('strength', sa.Integer(), nullable=True),
    sa.Column('medicines', sa.Text(), nullable=False),
    sa.Column('allergies', sa.Text(), nullable=False),
    sa.Column('message_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('strength BETWEEN 0 AND 10', name=op.f('ck_complaint_strength')),
    sa.ForeignKeyConstraint(['consultation_id'], ['consultation.id'], name=op.f('fk_complaint_consultation_id')),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], name=op.f('fk_complaint_message_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_complaint')),
    sa.UniqueConstraint('consultation_id', name=op.f('uq_complaint_consultation_id')),
    sa.UniqueConstraint('message_id', name=op.f('uq_complaint_message_id'))
    )
    op.add_column('user', sa.Column('identity_level', sa.Enum('phone', name='identitylevel', native_enum=False, length=20), server_default='phone', nullable=False))


def downgrade():
    op.execute('ALTER TABLE "user" DROP COLUMN identity_level')  # never rebuilt: all the clinic points to it
    for table in ('complaint', 'review', 'conclusion_draft', 'conclusion'):
        op.drop_table(table)
