"""Words by which a message may speak of an emergency: the clinic reads them all, and replaces those it has added."""

from __future__ import annotations

from typing import IO

import click

from ...models import UrgentWordsLine
from ...urgent_words import OWN
from .lists import LIST_FILE, replace_list


@click.command()
@click.option("--own", is_flag=True, help="Only what the clinic has added, in the form load-urgent-words reads.")
def show_urgent_words(*, own: bool) -> None:
    """Print the words of emergencies: the program's, and behind them what the clinic has added."""
    if not own:
        click.echo(OWN.read_text(encoding="utf-8"))
    click.echo(UrgentWordsLine.text_of_clinic())


@click.command()
@click.argument("file", type=LIST_FILE)
def load_urgent_words(file: IO[str]) -> None:
    """Replace what the clinic has added by FILE («-»: what is piped in), rules like those of the program under a group:
    «[poisoning]», then «выпил*, уайт+спирит*». The program's own words stay, whatever FILE says."""
    count = replace_list(UrgentWordsLine.replace, file)
    click.echo(f"Rules of the clinic's own: {count}. They hold within a minute.")


COMMANDS = (show_urgent_words, load_urgent_words)
