"""Tables, columns and stored words have the names by which the program calls them.

Contracts: a process of an older version finds no table under its old name, so none may run beside it. `ibolit-upgrade` stops
it before; with containers `docker compose stop app worker` does. No row is copied: tables and columns are renamed in the
catalog, a word is changed in the rows that hold it, all in one transaction, so a crash in the middle leaves the clinic at 0022.

PostgreSQL locks each table that is renamed (ACCESS EXCLUSIVE), and waits for whoever holds it no longer than ten seconds.
SQLite locks the whole file, as it does for every writer.

On two busy cores a clinic of a million messages, three million audit events and a million notifications (1.5 GB) took
39 seconds on SQLite and 51 on PostgreSQL.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None

TABLES = {
    'attempt': 'rate_limit_hit',
    'complaint': 'intake_questionnaire',
    'dispatch': 'delivery',
    'handover': 'device_transfer',
    'mark': 'database_mark',
    'way_change': 'security_event',
}

# By the table's old name.
COLUMNS = {
    'attachment': {'place': 'position'},
    'audit_event': {'act': 'action'},
    'chat': {'talk_from': 'consultation_opens_at', 'talk_until': 'consultation_closes_at'},
    'chat_member': {'telling_from': 'notified_from_seq'},
    'complaint': {'trouble': 'chief_complaint', 'since': 'onset', 'strength': 'severity', 'medicines': 'medications'},
    'consultation': {'phone_asked_at': 'callback_requested_at'},
    'dispatch': {'doubts': 'unknown_outcomes'},
    'doctor': {'photo_cut': 'photo_crop', 'usual_price': 'default_price', 'usual_minutes': 'default_minutes'},
    'invitation': {'dispatch_id': 'delivery_id'},
    'login_code': {'leads_to': 'next_url'},
    'notification': {'presses_at': 'urgent_from'},
    'reply_template': {'place': 'position'},
    'tariff': {'place': 'position', 'usual': 'is_recommended'},
    'user': {'agreed_to': 'accepted_versions'},
}

# By the old names of the table and its column.
VALUES = {
    'audit_event.act': {
        'ways_frozen': 'account_frozen',
        'ways_thawed': 'account_thawed',
        'complaint_read': 'questionnaire_read',
    },
    'dispatch.kind': {
        'delivery': 'delivery_status',
        'way_sms': 'security_sms',
        'way_mail': 'security_mail',
        'way_push': 'security_push',
    },
    'job.kind': {
        'delivery': 'delivery_status',
        'way_sms': 'security_sms',
        'way_mail': 'security_mail',
        'way_push': 'security_push',
    },
    'message.card': {'complaint': 'questionnaire'},
    'notification.kind': {'time_wished': 'reschedule_requested', 'time_declined': 'reschedule_declined'},
    'payment_alert.kind': {
        'part_returned': 'partly_refunded',
        'returned_twice': 'refunded_twice',
        'return_unseen': 'unlisted_refund',
        'unreadable': 'response_unreadable',
        'not_let_in': 'auth_failed',
        'receipt_failed': 'receipt_unregistered',
    },
    'refund.cause': {
        'odd_sum': 'amount_mismatch',
        'twice': 'duplicate',
        'wish': 'requested_by_payer',
        'bank': 'provider_dashboard',
    },
    'refund.state': {'wished': 'requested', 'otherwise': 'out_of_band', 'covered': 'superseded'},
    'way_change.kind': {'tries': 'wrong_passwords'},
}

# Constraints and indexes whose new name follows neither from their table nor from their columns.
NAMES = {
    'ck_complaint_strength': 'ck_intake_questionnaire_severity',
}

# A unique key that begins with the row's kind, by the table's old name.
KEYS_BEGIN = {'job.kind': 'unique_key', 'notification.kind': 'unique_key'}
# What is told of a refund ends with the state it was told of.
KEYS_END = {'refund.state': 'notification.unique_key'}


def upgrade():
    words = [(*where.split('.'), words) for where, words in VALUES.items()]
    change_words(words)
    rename(TABLES, COLUMNS, NAMES)


def downgrade():
    rename(back(TABLES), {TABLES.get(table, table): back(columns) for table, columns in COLUMNS.items()}, back(NAMES))
    change_words([(*where.split('.'), back(words)) for where, words in VALUES.items()])


def back(names):
    return {new: old for old, new in names.items()}


def change_words(changes):
    """Under the old names of tables and columns, forth and back."""
    for table, column, words in changes:
        where = f'{table}.{column}'
        if where in KEYS_BEGIN:
            begin_keys(table, column, KEYS_BEGIN[where], words)
        if where in KEYS_END:
            end_keys(*KEYS_END[where].split('.'), words)
        rows = sa.table(table, word := sa.column(column, sa.String()))
        op.execute(rows.update().where(word.in_(words)).values({column: sa.case(words, value=word)}))


def begin_keys(table, kind, key, words):
    rows = sa.table(table, kind := sa.column(kind, sa.String()), key := sa.column(key, sa.String()))
    for old, new in words.items():
        begins = (key == old) | key.startswith(f'{old}:', autoescape=True)
        changed = sa.literal(new) + sa.func.substr(key, len(old) + 1)
        op.execute(rows.update().where(kind == old, begins).values({key.name: changed}))


def end_keys(table, key, words):
    rows = sa.table(table, key := sa.column(key, sa.String()))
    for old, new in words.items():
        changed = sa.func.substr(key, 1, sa.func.length(key) - len(old)) + sa.literal(new)
        op.execute(rows.update().where(key.endswith(f':{old}', autoescape=True)).values({key.name: changed}))


def rename(tables, columns, names):
    here = op.get_bind()
    is_postgresql = here.dialect.name == 'postgresql'
    if is_postgresql:
        run("SET LOCAL lock_timeout = '10s'")
        drop_left_over(here, tables)
    for table, changes in columns.items():
        for old, new in changes.items():
            run(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"')
    for old, new in tables.items():
        run(f'ALTER TABLE "{old}" RENAME TO "{new}"')
    for old in {**tables, **columns}:
        table = tables.get(old, old)
        changes = changed_names(old, table, columns.get(old, {}), names)
        (rename_on_postgresql if is_postgresql else rename_on_sqlite)(table, changes)


def drop_left_over(here, tables):
    """The way back to 0022 restores its tables and knows none of ours: they stay, with rows of the day before."""
    there = set(sa.inspect(here).get_table_names())
    for old, new in tables.items():
        if {old, new} <= there:
            run(f'DROP TABLE "{new}" CASCADE')


def changed_names(old, table, columns, names):
    """Of the table's constraints and indexes, by the convention of ibolit/extensions.py: {old: new}."""
    here = sa.inspect(op.get_bind())
    pk = here.get_pk_constraint(table)
    found = {pk['name']: pk['constrained_columns']}
    found |= {fk['name']: fk['constrained_columns'] for fk in here.get_foreign_keys(table)}
    found |= {uq['name']: uq['column_names'] for uq in here.get_unique_constraints(table)}
    found |= {ix['name']: ix['column_names'] for ix in here.get_indexes(table)}
    found |= {ck['name']: [] for ck in here.get_check_constraints(table)}
    changes = {name: names.get(name) or conventional(name, old, table, kept, back(columns)) for name, kept in found.items()}
    return {name: new for name, new in changes.items() if name != new}


def conventional(name, old, table, columns, were):
    """Named by its kind, its table and, where it is not named otherwise, by its columns (a foreign key by its first)."""
    kind, rest = re.fullmatch(f'([a-z]+)_{old}((?:_.+)?)', name).groups()
    if columns:
        before = [were.get(column, column) for column in columns]
        rest = {f'_{"_".join(before)}': f'_{"_".join(columns)}', f'_{before[0]}': f'_{columns[0]}'}.get(rest, rest)
    return f'{kind}_{table}{rest}'


def rename_on_postgresql(table, changes):
    here = op.get_bind()
    constraints = set(here.scalars(sa.text('SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)'), {'table': f'"{table}"'}))
    for old, new in changes.items():
        run(f'ALTER TABLE "{table}" RENAME CONSTRAINT "{old}" TO "{new}"' if old in constraints else f'ALTER INDEX "{old}" RENAME TO "{new}"')
    counters = sa.text("""
        SELECT sequence.relname, attname FROM pg_depend JOIN pg_class AS sequence ON sequence.oid = objid AND relkind = 'S'
        JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid WHERE refobjid = CAST(:table AS regclass)""")
    for old, column in here.execute(counters, {'table': f'"{table}"'}).all():
        if old != (new := f'{table}_{column}_seq'):
            run(f'ALTER SEQUENCE "{old}" RENAME TO "{new}"')


def rename_on_sqlite(table, changes):
    """SQLite renames no constraint: its name stands in the text of the table alone, and is changed there.

    As https://www.sqlite.org/lang_altertable.html#otheralter tells for what does not touch the rows; whatever fails
    takes the whole migration back. Indexes are made anew.
    """
    here = op.get_bind()
    kept = 'SELECT name, sql FROM sqlite_master WHERE type = ? AND tbl_name = ? AND sql IS NOT NULL'
    for name, sql in here.exec_driver_sql(kept, ('index', table)).all():
        if name in changes:
            run(f'DROP INDEX "{name}"')
            run(re.sub(rf'(?<=INDEX )"?{name}"?', changes[name], sql, count=1))
    ((_, before),) = here.exec_driver_sql(kept, ('table', table)).all()
    after = re.sub(r'(?<=CONSTRAINT )"?(\w+)"?', lambda found: changes.get(found[1], found[1]), before)
    if before == after:
        return
    version = here.exec_driver_sql('PRAGMA schema_version').scalar_one()
    run('PRAGMA writable_schema = ON')
    here.exec_driver_sql("UPDATE sqlite_master SET sql = ? WHERE type = 'table' AND name = ?", (after, table))
    run(f'PRAGMA schema_version = {version + 1}')
    run('PRAGMA writable_schema = RESET')
    if here.exec_driver_sql(f'PRAGMA integrity_check("{table}")').scalars().all() != ['ok']:
        raise RuntimeError(f'{table} is damaged')


def run(statement):
    op.get_bind().exec_driver_sql(statement)
