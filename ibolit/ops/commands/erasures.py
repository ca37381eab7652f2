"""`flask forget-person` and `flask open-seal`: what the office does about who leaves, and who has left."""

from __future__ import annotations

import click

from ... import phones
from ...extensions import db
from ...jobs import erasures
from ...models import AuditAction, AuditEvent, AuditReason, Job, JobKind, SealedIdentity, User, erasure
from ...models.people.audit import CONSOLE
from ...services import passwords
from ...services.seal import SealBroken
from .param_types import PhoneParam

ASKS = {"person": AuditReason.OWN, "court": AuditReason.COURT, "authority": AuditReason.AUTHORITY}


@click.command("forget-person")
@click.argument("phone", type=PhoneParam(), required=False)
@click.option("--account", type=int, help="Its number, where it has no phone.")
@click.option("--dry-run", is_flag=True, help="Count only, and change nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget_person(phone: str | None, account: int | None, dry_run: bool, yes: bool) -> None:
    """Erase a patient's account now, by PHONE, as they would by «Удалить аккаунт» after a week.

    What goes and what stays under a number says docs/privacy.md. The office has seen who asks. It cannot be undone.
    """
    user = User.by_phone(phone) if phone else db.session.get(User, account or 0)
    if user is None or not user.is_patient or user.erased_at is not None:
        raise click.ClickException("There is no such patient.")
    if not erasure.may_be_erased(user):
        raise click.ClickException("They are in a consultation: wait for its end.")
    number, stays = user.id, erasure.stays_of(user)
    if dry_run:
        _tell(erasure.erase(user), stays)
        db.session.rollback()
        click.echo("Nothing was changed.")
        db.session.remove()
        return
    if not yes:
        click.confirm(f"Erase account {number} for good?", abort=True)
    erased = erasures.erase(user, at_console=True)
    Job.add(JobKind.ERASURE, number)  # looks after its last payments
    db.session.commit()
    _tell(erased, stays)
    click.echo(f"Account {number} is erased.")
    db.session.remove()


def _tell(erased: erasure.Erased, stays: dict[str, int]) -> None:
    click.echo("Goes:")
    for what, rows in (erased.rows | {"files in the storage": len(erased.files)}).items():
        click.echo(f"{rows:8} {what}")
    click.echo("Stays under the number, shown to nobody:")
    for what, rows in stays.items():
        click.echo(f"{rows:8} {what}")


@click.command("open-seal")
@click.argument("account", type=int)
@click.option("--first", type=PhoneParam(), required=True, help="The phone of an operator.")
@click.option("--second", type=PhoneParam(), required=True, help="The phone of another one.")
@click.option("--for", "asks", type=click.Choice(list(ASKS)), required=True, help="Who asks; it goes into the log.")
def open_seal(account: int, first: str, second: str, asks: str) -> None:
    """Tell who the erased ACCOUNT was. Two operators type their passwords, and both stand in the audit log.

    The paper by which it was asked is kept by the clinic.
    """
    operators = [_operator(one) for one in (first, second)]
    if operators[0].id == operators[1].id:
        raise click.ClickException("Two different operators are needed.")
    sealed = SealedIdentity.of(account)
    if sealed is None:
        raise click.ClickException("There is no seal of this account.")
    try:
        words = sealed.open()
    except SealBroken as broken:
        raise click.ClickException(str(broken)) from None
    for operator in operators:
        who = {"actor_id": operator.id, "patient_id": account, "reason": ASKS[asks]}
        AuditEvent.write(AuditAction.SEAL_OPENED, subject_id=account, address=CONSOLE, **who)  # type: ignore[arg-type]
    db.session.commit()
    click.echo(f"Name: {words['name']}\nBorn: {words['birth_date'] or 'not known'}")
    click.echo(f"Phone: {phones.readable(str(words['phone'])) if words['phone'] else 'none'}")
    for one in words["dependants"]:  # type: ignore[attr-defined]
        click.echo(f"Wrote for: {one['name']}, born {one['birth_date']}")
    db.session.remove()


def _operator(phone: str) -> User:
    user = User.by_phone(phone)
    password = click.prompt(f"Password of {phones.readable(phone)}", hide_input=True, err=True)
    if user is None or not user.is_operator or user.is_frozen or not passwords.is_right(password, user.password_hash):
        raise click.ClickException("This is no operator, or the password is wrong.")
    return user


COMMANDS = (forget_person, open_seal)
