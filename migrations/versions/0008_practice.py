"""A doctor's own settings, notes, reply templates and lists: whom he looks for, and who waits for his answer."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

COLUMNS = {
    'doctor': ('photo_cut', 'usual_minutes'),
    'tariff': ('replaced', 'place'),
    'chat': ('awaits_reply',),
    'user': ('name_key',),
}
AT_ONCE = 1000  # rows a statement


def upgrade():
    cut = sa.Enum('start', 'middle', 'end', name='cut', native_enum=False, length=20)
    op.add_column('doctor', sa.Column('photo_cut', cut, server_default='middle', nullable=False))
    op.add_column('doctor', sa.Column('usual_minutes', sa.Integer(), server_default='30', nullable=False))
    op.add_column('tariff', sa.Column('replaced', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('tariff', sa.Column('place', sa.Integer(), server_default='0', nullable=False))
    op.add_column('chat', sa.Column('awaits_reply', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('user', sa.Column('name_key', sa.String(length=120), server_default='', nullable=False))
    op.create_table('patient_note',
    sa.Column('chat_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('pen', sa.String(length=40), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_patient_note_chat_id')),
    sa.PrimaryKeyConstraint('chat_id', name=op.f('pk_patient_note'))
    )
    op.create_table('reply_template',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('doctor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['doctor_id'], ['doctor.id'], name=op.f('fk_reply_template_doctor_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reply_template'))
    )
    op.create_index('ix_reply_template_doctor_id', 'reply_template', ['doctor_id'], unique=False)
    _see_who_waits()
    _index_names()


def _see_who_waits():
    """Notes have no author, and are nobody's last word."""
    op.execute(sa.text("""
        UPDATE chat SET awaits_reply = true WHERE patient_id = (
            SELECT author_id FROM message WHERE message.chat_id = chat.id AND author_id IS NOT NULL
            ORDER BY seq DESC LIMIT 1
        )
    """))


def _index_names():
    """In Python: SQLite's lower() does not know Cyrillic."""
    user = sa.table('user', sa.column('id'), sa.column('name'), sa.column('name_key'))
    connection = op.get_bind()
    people = connection.execute(sa.select(user.c.id, user.c.name)).all()
    change = user.update().where(user.c.id == sa.bindparam('number')).values(name_key=sa.bindparam('key'))
    for first in range(0, len(people), AT_ONCE):
        keys = [{'number': one.id, 'key': one.name.lower().replace('ё', 'е')} for one in people[first:first + AT_ONCE]]
        connection.execute(change, keys)


def downgrade():
    op.drop_index('ix_reply_template_doctor_id', 'reply_template')
    op.drop_table('reply_template')
    op.drop_table('patient_note')
    for table, columns in COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
