"""The clinic's own reply templates, which every doctor finds beside theirs."""

from __future__ import annotations

from typing import IO

import click

from ...models import ClinicReplyTemplate
from .lists import LIST_FILE, replace_list


@click.command()
def show_clinic_replies() -> None:
    """Print the clinic's reply templates, in the form load-clinic-replies reads."""
    click.echo(ClinicReplyTemplate.printed())


@click.command()
@click.argument("file", type=LIST_FILE)
def load_clinic_replies(file: IO[str]) -> None:
    """Replace the clinic's reply templates by FILE («-»: what is piped in): for each a line «== Name», then the text.

    An empty one leaves none. In a text {имя} and {консультация} become the patient's name and the next time."""
    count = replace_list(ClinicReplyTemplate.replace, file)
    click.echo(f"Reply templates of the clinic: {count}.")


COMMANDS = (show_clinic_replies, load_clinic_replies)
