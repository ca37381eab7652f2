"""`flask thaw` and `flask give-phone`: what the office does by hand about the ways into an account."""

from __future__ import annotations

from datetime import datetime

import click

from ... import errors, phones
from ...config import current_settings
from ...extensions import db
from ...models import AuditAction, AuditEvent, DocumentDay, SecurityEvent, SecurityEventKind, User
from ...models.accounts import replace_lost_phone
from ...models.people import consent
from ...services import clock
from .param_types import PhoneParam, TextParam
from .refusals import in_own_words


@click.command()
@click.argument("phone", type=PhoneParam())
def thaw(phone: str) -> None:
    """Open the ways in again for who said «Это не я» and has shown who they are (their PHONE).

    The old password is gone: they sign in by «Забыли пароль», with a code, and set a new one.
    """
    user = User.by_phone(phone)
    if user is None or not user.is_frozen:
        raise click.ClickException(f"Nothing is closed for {phones.readable(phone)}.")
    user.thaw()
    AuditEvent.write_at_console(AuditAction.ACCOUNT_THAWED, user.id, patient_id=user.id_as_patient)
    db.session.commit()
    click.echo("The ways in are open. A new password is set by «Забыли пароль».")


@click.command()
@click.argument("phone", type=PhoneParam())
@click.option("--email", help="Of the account, as it was proved.")
@click.option("--account", type=int, help="Its number, from --name.")
@click.option("--instead-of", "lost", type=PhoneParam(), help="The lost phone of an account: it is told, and may undo.")
@click.option("--name", type=TextParam(120), help="Only list the accounts of this name that have no phone.")
def give_phone(phone: str, email: str | None, account: int | None, lost: str | None, name: str | None) -> None:
    """Give a PHONE to an account that has none, because its old number went to somebody else, or has lost it.

    The office has seen who asks. The proved e-mail is told; the next sign-in is by «Забыли пароль».
    """
    if name is not None:
        _list_without_phone(name)
        return
    if lost is not None:
        _replace(lost, phone)
        return
    user = User.by_email(email) if email else db.session.get(User, account or 0)
    if user is None or user.phone is not None or user.erased_at is not None:
        raise click.ClickException("There is no such account without a phone: see --name.")
    with in_own_words():
        user.assign_phone(phone)
    SecurityEvent.announce(user, SecurityEventKind.PHONE_GIVEN)
    AuditEvent.write_at_console(AuditAction.NUMBER_GIVEN, user.id, patient_id=user.id_as_patient)
    db.session.commit()
    click.echo(f"Account {user.id} has the phone {phones.readable(phone)}.")


def _replace(lost: str, phone: str) -> None:
    """A patient's: the lost number and mail are told, and undo it for 72 hours; devices are signed out."""
    user = User.by_phone(lost)
    if user is None or not user.is_patient:
        raise click.ClickException("There is no patient with the lost phone.")
    if not current_settings.sends_sms_to(phone):
        raise click.ClickException(errors.NoSmsThere.sentence)
    with in_own_words():
        replace_lost_phone(user, phone)
    AuditEvent.write_at_console(AuditAction.NUMBER_GIVEN, user.id, patient_id=user.id_as_patient)
    db.session.commit()
    click.echo(f"Account {user.id} has the phone {phones.readable(phone)}; the lost one was told.")


def _list_without_phone(name: str) -> None:
    found = db.session.scalars(User.without_phone(name)).all()
    for user in found:
        seen = f"{user.seen_at:%d.%m.%Y}" if user.seen_at else "never"
        click.echo(f"{user.id:6} {user.name}, last seen {seen}")
    if not found:
        click.echo("No account of this name is without a phone.")
    db.session.remove()


@click.command()
@click.option(
    "--from", "day", type=click.DateTime(["%Y-%m-%d"]), help="Ask for new versions from this day, YYYY-MM-DD."
)
def documents(day: datetime | None) -> None:
    """Say from which day the documents are asked of who has accepted an older version, or move it.

    At least three whole days lie between a new version and its day; who comes anew is asked at once.
    """
    DocumentDay.note_current()
    try:
        for document in consent.CURRENT if day else ():
            noted = DocumentDay.of(document)
            if noted is not None and noted.asked_from > clock.now() and day is not None:
                noted.ask_from(day.replace(tzinfo=current_settings.clinic_timezone))
    except errors.DayIsTooSoon:
        soonest = DocumentDay.soonest()
        raise click.ClickException(f"The soonest day is {soonest:%Y-%m-%d}.") from None
    db.session.commit()
    for document in consent.CURRENT:
        noted = DocumentDay.of(document)
        assert noted is not None
        asked = noted.asked_from.astimezone(current_settings.clinic_timezone)
        click.echo(f"{document.kind} {document.version}: asked from {asked:%Y-%m-%d}")
    db.session.remove()


COMMANDS = (thaw, give_phone, documents)
