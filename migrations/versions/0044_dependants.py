"""For whom somebody writes beside themselves: children and relatives, their chats, facts and declarations.

Expands: a table, columns that may be empty; of a patient and a doctor there is one chat more for each dependant.
An older process: begins and shows chats as before; in that of a dependant it names the patient who writes.
"""

import sqlalchemy as sa
from alembic import op

revision = '0044'
down_revision = '0048'
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
OLD_KEY = 'uq_chat_patient_id_doctor_id'
OF_PATIENT = sa.text('dependant_id IS NULL AND former_since IS NULL')
OF_DEPENDANT = sa.text('dependant_id IS NOT NULL AND former_since IS NULL')
WHOSE = ('patient_fact', 'consent')


def upgrade():
    is_postgresql = op.get_bind().dialect.name == 'postgresql'
    # A restore at a revision before does not know it and leaves it, with what points to it.
    op.execute('DROP TABLE IF EXISTS dependant' + (' CASCADE' if is_postgresql else ''))
    op.create_table(
        'dependant',
        sa.Column('id', ROW_ID, nullable=False),
        sa.Column('user_id', ROW_ID, nullable=False),
        sa.Column('name', sa.String(length=120), nullable=False),
        sa.Column('name_key', sa.String(length=120), nullable=False),
        sa.Column('birth_date', sa.Date(), nullable=False),
        sa.Column('sex', sa.String(length=20), nullable=True),
        sa.Column('kind', sa.String(length=20), nullable=False),
        sa.Column('relation', sa.String(length=20), nullable=False),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('archived_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('ending', sa.String(length=20), nullable=True),
        sa.Column('account_id', ROW_ID, nullable=True),
        sa.Column('permitted_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('declared_at', sa.DateTime(timezone=True), nullable=True),
        sa.Column('died_at', sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_dependant_user_id')),
        sa.ForeignKeyConstraint(['account_id'], ['user.id'], name=op.f('fk_dependant_account_id')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_dependant')),
        sa.UniqueConstraint('user_id', 'name_key', 'birth_date', name=op.f('uq_dependant_user_id_name_key_birth_date')),
    )
    op.create_index('ix_dependant_account_id', 'dependant', ['account_id'], unique=False)
    for table in WHOSE:
        with op.batch_alter_table(table, recreate='auto') as altered:
            add_dependant_to(altered, table)
        op.create_index(f'ix_{table}_dependant_id', table, ['dependant_id'], unique=False)
    with op.batch_alter_table('chat', recreate='auto') as chat:  # SQLite copies it: no key of a table can be dropped there
        add_dependant_to(chat, 'chat')
        chat.add_column(sa.Column('former_since', sa.DateTime(timezone=True), nullable=True))
        chat.drop_constraint(OLD_KEY, type_='unique')
    op.create_index('ix_chat_of_dependant', 'chat', ['dependant_id'], unique=False)
    unique_of('uq_chat_of_patient', ['patient_id', 'doctor_id'], OF_PATIENT)
    unique_of('uq_chat_of_dependant', ['patient_id', 'dependant_id', 'doctor_id'], OF_DEPENDANT)


def downgrade():
    """Of dependants a program of before knows nothing: whatever is about them goes. It is never made on a clinic that has
    any; `flask restore` is the way back there."""
    if op.get_bind().scalar(sa.text('SELECT count(*) FROM chat WHERE dependant_id IS NOT NULL OR former_since IS NOT NULL')):
        raise RuntimeError('there are chats about dependants, which the version before cannot keep: restore a copy')
    op.execute('DELETE FROM patient_fact_strike WHERE fact_id IN (SELECT id FROM patient_fact WHERE dependant_id IS NOT NULL)')
    for table in WHOSE:
        op.execute(f'DELETE FROM {table} WHERE dependant_id IS NOT NULL')
    for index in ('uq_chat_of_dependant', 'uq_chat_of_patient', 'ix_chat_of_dependant'):
        op.drop_index(index, 'chat')
    with op.batch_alter_table('chat', recreate='auto') as chat:
        chat.drop_column('former_since')
        chat.drop_column('dependant_id')
        chat.create_unique_constraint(OLD_KEY, ['patient_id', 'doctor_id'])
    for table in reversed(WHOSE):
        op.drop_index(f'ix_{table}_dependant_id', table)
        with op.batch_alter_table(table, recreate='auto') as altered:
            altered.drop_column('dependant_id')
    op.drop_table('dependant')


def unique_of(name, columns, where):
    op.create_index(name, 'chat', columns, unique=True, sqlite_where=where, postgresql_where=where)


def add_dependant_to(altered, table):
    altered.add_column(sa.Column('dependant_id', ROW_ID, nullable=True))
    altered.create_foreign_key(f'fk_{table}_dependant_id', 'dependant', ['dependant_id'], ['id'])
