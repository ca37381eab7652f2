"""What patients may type for a specialty: the clinic reads and replaces the list."""

from __future__ import annotations

from typing import IO

import click

from ...models import SpecialtyWords
from .lists import LIST_FILE, replace_list


@click.command()
def show_specialty_words() -> None:
    """Print what patients may type for each specialty, in the form load-specialty-words reads."""
    for specialty, words in SpecialtyWords.lines().items():
        click.echo(f"{specialty}: {words}")


@click.command()
@click.argument("file", type=LIST_FILE)
def load_specialty_words(file: IO[str]) -> None:
    """Replace the list by FILE («-»: what is piped in), a line a specialty: «Кардиолог: сердце, давление». An empty one
    brings the program's own back."""
    count = replace_list(SpecialtyWords.replace, file)
    click.echo(f"Specialties with words: {count}." if count else "The program's own list holds again.")


COMMANDS = (show_specialty_words, load_specialty_words)
