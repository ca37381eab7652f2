"""What a rule of the clinic refuses, as the terminal says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from ... import errors


@contextmanager
def in_own_words() -> Iterator[None]:
    """The rule's own sentence, and no traceback."""
    try:
        yield
    except errors.RuleViolation as refusal:
        raise click.ClickException(refusal.sentence) from None
