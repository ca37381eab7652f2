"""`flask thaw`: what the office does by hand where «Это не я» has closed the ways into an account."""

from __future__ import annotations

import click

from .. import phones
from ..extensions import db
from ..models import Act, AuditEvent, User
from .typed import CONSOLE, Phone


@click.command()
@click.argument("phone", type=Phone())
def thaw(phone: str) -> None:
    """Open the ways in again for who said «Это не я» and has shown who he is (his PHONE).

    The old password is gone: he signs in by «Забыли пароль», with a code, and sets a new one.
    """
    user = User.by_phone(phone)
    if user is None or not user.is_frozen:
        raise click.ClickException(f"Nothing is closed for {phones.readable(phone)}.")
    user.thaw()
    AuditEvent.write(Act.WAYS_THAWED, actor_id=None, subject_id=user.id, address=CONSOLE)
    db.session.commit()
    click.echo("The ways in are open. A new password is set by «Забыли пароль».")


COMMANDS = (thaw,)
