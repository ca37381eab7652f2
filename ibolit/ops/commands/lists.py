"""A list of the clinic's own that is replaced by a file: how its command reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

import click

from ... import errors
from ...extensions import db

LIST_FILE = click.File(encoding="utf-8-sig")


def replace_list(replace: Callable[[str], int], file: IO[str]) -> int:
    """Commits what `replace` makes of the file's text, and says how many there are now; what cannot be read changes
    nothing, and the terminal says why."""
    try:
        count = replace(file.read())
    except errors.RuleViolation as refused:
        raise click.ClickException(refused.sentence) from refused
    except UnicodeDecodeError as refused:
        raise click.ClickException("The file is no UTF-8 text.") from refused
    db.session.commit()
    return count
