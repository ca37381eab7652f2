"""Who is invited, and what he finds in his SMS or letter."""

from __future__ import annotations

import re

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Doctor, Invitation
from ibolit.services import Services
from ibolit.services.outbox import Letter

TYPED = "8 (916) 123-45-67"
PHONE = "+79161234567"
EMAIL = "zoya@example.org"
NEW = {"name": "Зоя Новикова", "password": "new horse battery"}
BOTH = {"offer": "y", "personal_data": "y"}


def invite(doctor: Doctor, contact: str = PHONE, name: str = "Зоя Новикова") -> Invitation:
    to = {"email": contact} if "@" in contact else {"phone": contact}
    invitation = Invitation.invite(db.session.get_one(Doctor, doctor.id), doctor.user, name=name, **to)
    db.session.commit()
    return invitation


def letters(services: Services) -> list[Letter]:
    return services.outbox.latest()


def link_of(services: Services) -> str:
    """What the invited person finds in his SMS or letter."""
    run_due()
    found = re.search(r"http://127\.0\.0\.1:8000(/i/[a-z2-7]{24})\b", letters(services)[0].text)
    assert found is not None
    return found.group(1)


def code_of(services: Services) -> str:
    run_due()
    found = re.search(r"код (\d{6})", letters(services)[0].text)
    assert found is not None
    return found.group(1)
