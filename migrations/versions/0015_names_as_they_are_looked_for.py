"""Names and specialties with hyphens and apostrophes are found by each of their words."""

import re

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None

people = sa.table('user', sa.column('id'), sa.column('name_key'))
doctors = sa.table('doctor', sa.column('id'), sa.column('name_key'), sa.column('search_key'))


def split(key):
    return ' '.join(re.findall(r'\w+', key))


def upgrade():
    """Only the few keys in which something stands between the words."""
    here = op.get_bind()
    for id, key in here.execute(sa.select(people.c.id, people.c.name_key)).all():
        if split(key) != key:
            here.execute(people.update().where(people.c.id == id).values(name_key=split(key)))
    for id, name, key in here.execute(sa.select(doctors.c.id, doctors.c.name_key, doctors.c.search_key)).all():
        if (split(name), f' {split(key)}') != (name, key):
            here.execute(doctors.update().where(doctors.c.id == id).values(name_key=split(name), search_key=f' {split(key)}'))


def downgrade():
    """Keys without hyphens serve the older code as well."""
