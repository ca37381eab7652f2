"""The clinic's own reply templates, which every doctor finds beside theirs."""

from __future__ import annotations

from typing import IO

import click

from ... import errors
from ...extensions import db
from ...models import ClinicReplyTemplate


@click.command()
def show_clinic_replies() -> None:
    """Print the clinic's reply templates, in the form load-clinic-replies reads."""
    click.echo(ClinicReplyTemplate.printed())


@click.command()
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def load_clinic_replies(file: IO[str]) -> None:
    """Replace the clinic's reply templates by FILE («-»: what is piped in): for each a line «== Name», then the text.

    An empty one leaves none. In a text {имя} and {консультация} become the patient's name and the next time."""
    try:
        count = ClinicReplyTemplate.replace(file.read())
    except errors.ClinicRepliesUnreadable as refused:
        raise click.ClickException(refused.sentence) from refused
    except UnicodeDecodeError as refused:
        raise click.ClickException("The file is no UTF-8 text.") from refused
    db.session.commit()
    click.echo(f"Reply templates of the clinic: {count}.")


COMMANDS = (show_clinic_replies, load_clinic_replies)
