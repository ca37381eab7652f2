"""Whom a patient of the tests writes for, and what their phones would read out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from ibolit.config import current_settings
from ibolit.extensions import db
from ibolit.models import CodePurpose, Consultation, Dependant, FamilyCode, User
from ibolit.models.family import permission
from ibolit.models.people import DependantKind, DependantTerms, Relation
from ibolit.services import clock

PHONE = "+79995550011"  # of the relative


def today() -> date:
    return clock.now().astimezone(current_settings.clinic_timezone).date()


def born(years: int, *, days: int = 0) -> date:
    """Who is so many years old today; `days` ago they were so."""
    day = today() - timedelta(days=days)
    return day.replace(year=day.year - years)


def go_to(moment: datetime) -> None:
    """The clinic's clock shows it; the next test finds it right again."""
    clock.shift(int((moment - datetime.now(UTC)).total_seconds()))


def make_relative(writer: User, name: str = "Соколов Пётр", birth_date: date | None = None) -> Dependant:
    """Who has permitted nothing yet."""
    terms = DependantTerms(name, birth_date or date(1950, 5, 3), Relation.SON, kind=DependantKind.ADULT)
    relative = Dependant.add(writer, terms, "127.0.0.1")
    db.session.commit()
    return relative


def permit(relative: Dependant, phone: str = PHONE) -> User:
    """Their account, by a code to their phone."""
    code = permission.ask(relative.user, relative, phone)
    db.session.commit()
    account = permission.grant(code, code.digits)
    db.session.commit()
    return account


def with_phone(user: User, phone: str = PHONE) -> User:
    user.phone = phone
    db.session.commit()
    return user


def code_of(writer: User, dependant: Dependant, consultation: Consultation | None = None) -> FamilyCode:
    """The newest, as its SMS has it."""
    purpose = CodePurpose.CONSULTATION if consultation else CodePurpose.PERMISSION
    code = FamilyCode.newest_of(purpose, writer, dependant, consultation)
    assert code is not None
    return code
