"""Words by which a message may speak of an emergency: the clinic reads them all, and replaces those it has added."""

from __future__ import annotations

from typing import IO

import click

from ... import errors
from ...extensions import db
from ...models import UrgentWordsLine
from ...urgent_words import OWN


@click.command()
@click.option("--own", is_flag=True, help="Only what the clinic has added, in the form load-urgent-words reads.")
def show_urgent_words(*, own: bool) -> None:
    """Print the words of emergencies: the program's, and behind them what the clinic has added."""
    if not own:
        click.echo(OWN.read_text(encoding="utf-8"))
    click.echo(UrgentWordsLine.text_of_clinic())


@click.command()
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def load_urgent_words(file: IO[str]) -> None:
    """Replace what the clinic has added by FILE («-»: what is piped in), rules like those of the program under a group:
    «[poisoning]», then «выпил*, уайт+спирит*». The program's own words stay, whatever FILE says."""
    try:
        count = UrgentWordsLine.replace(file.read())
    except errors.UrgentWordsUnreadable as refused:
        raise click.ClickException(refused.sentence) from refused
    except UnicodeDecodeError as refused:
        raise click.ClickException("The file is no UTF-8 text.") from refused
    db.session.commit()
    click.echo(f"Rules of the clinic's own: {count}. They hold within a minute.")


COMMANDS = (show_urgent_words, load_urgent_words)
