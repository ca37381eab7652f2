"""What patients may type for a specialty: the clinic reads and replaces the list."""

from __future__ import annotations

from typing import IO

import click

from ... import errors
from ...extensions import db
from ...models import SpecialtyWords


@click.command()
def show_specialty_words() -> None:
    """Print what patients may type for each specialty, in the form load-specialty-words reads."""
    for specialty, words in SpecialtyWords.lines().items():
        click.echo(f"{specialty}: {words}")


@click.command()
@click.argument("file", type=click.File(encoding="utf-8-sig"))
def load_specialty_words(file: IO[str]) -> None:
    """Replace the list by FILE («-»: what is piped in), a line a specialty: «Кардиолог: сердце, давление». An empty one
    brings the program's own back."""
    try:
        count = SpecialtyWords.replace(file.read())
    except errors.ListIsUnreadable as refused:
        raise click.ClickException(refused.sentence) from refused
    except UnicodeDecodeError as refused:
        raise click.ClickException("The file is no UTF-8 text.") from refused
    db.session.commit()
    click.echo(f"Specialties with words: {count}." if count else "The program's own list holds again.")


COMMANDS = (show_specialty_words, load_specialty_words)
