"""Who comes in: by an invitation, with a code, with a password; and what he finds in his SMS or letter."""

from __future__ import annotations

import re

from factories import make_user

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Doctor, Invitation, User
from ibolit.services import Services
from ibolit.services.demo_outbox import DemoMessage

TYPED = "8 (916) 123-45-67"
PHONE = "+79161234567"
EMAIL = "zoya@example.org"
NEW = {"name": "Зоя Новикова", "password": "new horse battery"}
BOTH = {"offer": "y", "personal_data": "y"}
NOT_ME = r"http://[^/]+(/n/\d+\?token=\w+)"


def make_anna() -> User:
    """With an address that is hers for long."""
    anna = make_user(email="anna@example.org")
    anna.phone = PHONE
    db.session.commit()
    return anna


def invite(doctor: Doctor, contact: str = PHONE, name: str = "Зоя Новикова") -> Invitation:
    to = {"email": contact} if "@" in contact else {"phone": contact}
    invitation = Invitation.invite(db.session.get_one(Doctor, doctor.id), doctor.user, name=name, **to)
    db.session.commit()
    return invitation


def letters(services: Services) -> list[DemoMessage]:
    return services.outbox.latest()


def link_of(services: Services) -> str:
    """What the invited person finds in his SMS or letter."""
    return newest(services, r"http://127\.0\.0\.1:8000(/i/[a-z2-7]{24})\b")


def code_of(services: Services) -> str:
    return newest(services, r"код (\d{6})")


def proof_link(services: Services) -> str:
    """By which an address becomes his own."""
    return newest(services, r"http://[^/]+(/profile/email/\S+)")


def link_in(letter: DemoMessage) -> str:
    """«Это не я», by which a change of a way in is undone."""
    found = re.search(NOT_ME, letter.text)
    assert found is not None, letter.text
    return found.group(1)


def newest(services: Services, words: str) -> str:
    """What the newest letter with these words says there."""
    run_due()
    return next(found.group(1) for letter in letters(services) if (found := re.search(words, letter.text)))
