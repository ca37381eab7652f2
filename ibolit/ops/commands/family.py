"""Who writes for whom, as the office enters and ends it after seeing a paper; a death. Each first says what it would do
with --dry-run."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import click

from ... import phones
from ...config import current_settings
from ...extensions import db
from ...formatting import day_of
from ...models import AuditAction, AuditEvent, Chat, Dependant, User
from ...models.family import death as deaths
from ...models.family import office, own_phone
from ...models.people import RELATIONS_OF, DependantKind, DependantTerms, Relation
from ...models.people.audit import CONSOLE
from .param_types import PhoneParam, TextParam, doctor_of
from .refusals import in_own_words

LONGEST_PAPER = 200
RELATIONS = [one.value for one in RELATIONS_OF[DependantKind.ADULT]]
DRY = click.option("--dry-run", is_flag=True, help="Only say what would be done.")
DAY = click.DateTime(["%Y-%m-%d", "%d.%m.%Y"])


@click.command()
@click.argument("phone", type=PhoneParam())
def family(phone: str) -> None:
    """List for whom the account with this PHONE writes, with the numbers that the other commands ask for."""
    user = _account(phone)
    found = db.session.scalars(db.select(Dependant).where(Dependant.user_id == user.id).order_by(Dependant.id)).all()
    for one in found:
        ended = f", {one.ending}" if one.ending else ""
        click.echo(f"{one.id:6} {one.kind:6} {one.name}, born {one.birth_date}{ended}")
    if not found:
        click.echo("They write for nobody.")
    db.session.remove()


@click.command()
@click.argument("phone", type=PhoneParam())
@click.option("--name", type=TextParam(120), required=True, help="Of the adult for whom they will write.")
@click.option("--born", type=DAY, required=True, help="Their birth date.")
@click.option(
    "--relation",
    type=click.Choice(RELATIONS),
    required=True,
    help="What the writer is to them.",
)
@click.option("--paper", type=TextParam(LONGEST_PAPER), required=True, help="Which paper was seen.")
@click.option("--until", type=DAY, required=True, help="The last day of the representation.")
@DRY
def enter_representation(
    phone: str, name: str, born: datetime, relation: str, paper: str, until: datetime, dry_run: bool
) -> None:
    """Let the account with this PHONE write for an adult who has no phone or cannot decide: the paper was seen."""
    user, ends_at = _account(phone), _end_of(until.date())
    terms = DependantTerms(name, born.date(), Relation(relation), kind=DependantKind.ADULT)
    if not user.is_patient:
        raise click.ClickException("Only patients write for others.")
    with in_own_words():
        dependant = office.enter(user, terms, paper, ends_at, CONSOLE)
    AuditEvent.write_at_console(
        AuditAction.REPRESENTATION_ENTERED, dependant.id, patient_id=user.id, dependant_id=dependant.id
    )
    said = f"Account {user.id} writes for №{dependant.id} until {_day(ends_at)}."
    _end(dry_run, f"Account {user.id} would write for {name} until {_day(ends_at)}.", said)


@click.command()
@click.argument("dependant", type=click.IntRange(min=1))
@click.option("--paper", type=TextParam(LONGEST_PAPER), required=True, help="Which paper was seen, and why it ends.")
@DRY
def end_representation(dependant: int, paper: str, dry_run: bool) -> None:
    """End at once that somebody writes for DEPENDANT (its number, from `flask family`).

    They lose reading and writing; what is coming and whole unused days go back, or stay with a relative who has an
    account of their own. The paper stays in the record of the office, which keeps it.
    """
    found = _dependant(dependant)
    chats = len(Chat.of_dependant(found.id))
    with in_own_words():
        office.end(found)
    whose = {"patient_id": found.user_id, "dependant_id": found.id}
    AuditEvent.write_at_console(AuditAction.REPRESENTATION_ENDED, found.id, **whose)
    _end(dry_run, f"{chats} chats would be closed to account {found.user_id}.", f"{chats} chats are closed to them.")


@click.command()
@click.argument("dependant", type=click.IntRange(min=1), required=False)
@click.option("--account", type=PhoneParam(), help="The phone of a patient who has an account of their own.")
@click.option("--undo", is_flag=True, help="It was a mistake: within 30 days.")
@DRY
def mark_death(dependant: int | None, account: str | None, undo: bool, dry_run: bool) -> None:
    """Mark that DEPENDANT (its number, from `flask family`) has died, or a patient with an account.

    Nobody is reminded of them any more, nobody writes in their name, who could read reads on, what is coming and
    whole unused days go back.
    """
    if (dependant is None) == (account is None):
        raise click.UsageError("Say who: a number, or --account.")
    action = AuditAction.DEATH_UNMARKED if undo else AuditAction.DEATH_MARKED
    what = "no longer marked" if undo else "marked"
    if account is not None:
        user = _account(account)
        if not user.is_patient:
            raise click.ClickException("They are no patient.")
        with in_own_words():
            if undo:
                deaths.undo_account(user)
            else:
                deaths.mark_account(user)
        AuditEvent.write_at_console(action, user.id, patient_id=user.id)
        _end(dry_run, f"Account {user.id} would be {what}.", f"Account {user.id} is {what}.")
        return
    found = _dependant(dependant or 0)
    with in_own_words():
        if undo:
            deaths.undo(found)
        else:
            deaths.mark(found, by_office=True)
    AuditEvent.write_at_console(action, found.id, patient_id=found.user_id, dependant_id=found.id)
    _end(dry_run, f"№{found.id} would be {what}.", f"№{found.id} is {what}.")


@click.command()
@click.argument("dependant", type=click.IntRange(min=1))
@click.argument("phone", type=PhoneParam())
@click.option("--doctor", "doctor_phone", type=PhoneParam(), required=True, help="The doctor's phone.")
@click.option("--by", "operator_phone", type=PhoneParam(), required=True, help="The operator's phone.")
@DRY
def invite_to_own_phone(dependant: int, phone: str, doctor_phone: str, operator_phone: str, dry_run: bool) -> None:
    """Invite DEPENDANT, who comes of age, to a PHONE of their own: the link asks the birth date and moves the chats."""
    found, doctor = _dependant(dependant), doctor_of(doctor_phone)
    with in_own_words():
        invitation = own_phone.invite(found, doctor, _operator(operator_phone), phone)
    AuditEvent.write_at_console(AuditAction.INVITED, invitation.id, patient_id=None)
    to = phones.readable(phone)
    _end(dry_run, f"An invitation would go to {to}.", f"An invitation goes to {to}.")


def _account(phone: str) -> User:
    user = User.by_phone(phone)
    if user is None:
        raise click.ClickException(f"Nobody has the phone {phones.readable(phone)}.")
    return user


def _operator(phone: str) -> User:
    user = User.by_phone(phone)
    if user is None or not user.is_operator:
        raise click.ClickException(f"No operator has the phone {phones.readable(phone)}: see `flask people`.")
    return user


def _dependant(id: int) -> Dependant:
    found = db.session.get(Dependant, id)
    if found is None:
        raise click.ClickException(f"There is no dependant №{id}: see `flask family`.")
    return found


def _end(dry_run: bool, would: str, done: str) -> None:
    if dry_run:
        db.session.rollback()
        click.echo(would)
    else:
        db.session.commit()
        click.echo(done)
    db.session.remove()


def _end_of(day: date) -> datetime:
    """The midnight after it, in the clinic's zone."""
    return datetime.combine(day + timedelta(days=1), time.min, current_settings.clinic_timezone)


def _day(moment: datetime) -> str:
    return day_of(moment, current_settings.clinic_timezone)


COMMANDS = (family, enter_representation, end_representation, mark_death, invite_to_own_phone)
