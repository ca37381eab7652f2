"""Who works in the clinic: doctors and operators. Nobody is given a password: the first entry by a code sets it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from ... import errors, phones
from ...extensions import db
from ...models import AuditAction, AuditEvent, Doctor, Role, User
from ...services import clock
from .param_types import PhoneParam, RublesParam, TextParam, doctor_of

OLDEST = 1940


def profile_options(*, needed: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """What a doctor is told of; a new one needs the first three."""
    year = click.IntRange(OLDEST, clock.now().year)
    options = (
        click.option(
            "--name", type=TextParam(120), required=needed, help="Surname, name and patronymic, as patients see."
        ),
        click.option("--specialty", type=TextParam(80), required=needed, help="For example «Кардиолог»."),
        click.option("--since", type=year, required=needed, metavar="YEAR", help="Practises since this year."),
        click.option("--price", type=RublesParam(), help="Usual price of a consultation in rubles."),
        click.option("--free-days", type=click.IntRange(0, 365), help="Days a new chat is open without payment."),
        click.option("--education", type=TextParam(2000)),
        click.option("--licence", type=TextParam(120)),
        click.option("--languages", type=TextParam(120), help="For example «русский, английский»."),
        click.option("--about", type=TextParam(4000)),
    )

    def add(command: Callable[..., None]) -> Callable[..., None]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


@click.command()
@click.argument("phone", type=PhoneParam())
@profile_options(needed=True)
@click.option("--hidden", is_flag=True, help="Not in the directory yet.")
def add_doctor(phone: str, name: str, hidden: bool, **profile: Any) -> None:
    """Add a doctor by their phone. They sign in by «Первый вход», with a code, and set a password."""
    with _told_why_not(phone):
        doctor = Doctor.register(phone, name, hidden=hidden, **_given(profile))
    _write(AuditAction.DOCTOR_ADDED, doctor.user)
    click.echo(f"Doctor №{doctor.id} is here: {name}. They sign in as {phones.readable(phone)} by «Первый вход».")
    click.echo("Patients can write once a tariff is on sale: «Профиль», «Моя страница и тарифы».")


@click.command()
@click.argument("phone", type=PhoneParam())
@profile_options(needed=False)
def change_doctor(phone: str, name: str | None, **profile: Any) -> None:
    """Change what patients read of a doctor. Only what is given changes."""
    doctor = doctor_of(phone)
    given = _given(profile)
    if not given and name is None:
        raise click.UsageError("Say what to change: see --help.")
    doctor.update_profile(name, **given)
    _write(AuditAction.DOCTOR_CHANGED, doctor.user)
    click.echo(f"Doctor №{doctor.id} is changed.")


@click.command()
@click.argument("phone", type=PhoneParam())
def hide_doctor(phone: str) -> None:
    """Take a doctor out of the directory. Whoever is in a chat with them stays in it."""
    _show(phone, hidden=True)


@click.command()
@click.argument("phone", type=PhoneParam())
def show_doctor(phone: str) -> None:
    """Put a hidden doctor back into the directory."""
    _show(phone, hidden=False)


@click.command()
@click.argument("phone", type=PhoneParam())
@click.option("--name", type=TextParam(120), required=True)
def add_operator(phone: str, name: str) -> None:
    """Add an operator, who decides about refunds and invites patients. They sign in by «Первый вход», with a code."""
    with _told_why_not(phone):
        person = User.register_staff(phone, name, Role.OPERATOR)
    _write(AuditAction.OPERATOR_ADDED, person)
    click.echo(f"Operator {name} is here. They sign in as {phones.readable(phone)} by «Первый вход».")


@click.command()
def people() -> None:
    """List the doctors and operators. Patients are never listed."""
    found = db.session.scalars(User.staff()).all()
    for person in found:
        marks = [] if person.is_activated else ["has not entered yet"]
        if person.doctor is not None:
            marks[:0] = [person.doctor.specialty] + ["hidden"] * person.doctor.hidden
        phone = phones.readable(person.phone) if person.phone else "no phone"
        click.echo(f"{person.role:9} {phone:18} {person.name}  {', '.join(marks)}".rstrip())
    if not found:
        click.echo("Nobody works here yet: see `flask add-doctor --help`.")
    db.session.remove()


@contextmanager
def _told_why_not(phone: str) -> Iterator[None]:
    try:
        yield
    except errors.PhoneIsTaken:
        raise click.ClickException(
            f"{phones.readable(phone)} belongs to somebody already: see `flask people`."
        ) from None
    except errors.NoSmsThere:
        raise click.ClickException(
            f"No SMS reaches {phones.readable(phone)}, so nobody could sign in by it: it is a landline, or of a "
            "country that is not among SMS_COUNTRIES."
        ) from None


def _given(profile: dict[str, Any]) -> dict[str, Any]:
    columns = {"since": "practises_since", "price": "default_price"}
    return {columns.get(name, name): value for name, value in profile.items() if value is not None}


def _show(phone: str, *, hidden: bool) -> None:
    doctor = doctor_of(phone)
    doctor.update_profile(None, hidden=hidden)
    _write(AuditAction.DOCTOR_CHANGED, doctor.user)
    click.echo(f"Doctor №{doctor.id} is {'hidden' if hidden else 'in the directory'}.")


def _write(action: AuditAction, person: User) -> None:
    AuditEvent.write_at_console(action, person.id, patient_id=None)
    db.session.commit()


COMMANDS = (add_doctor, change_doctor, hide_doctor, show_doctor, add_operator, people)
