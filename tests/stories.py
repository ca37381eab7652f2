"""What the searches share that tell random stories with Hypothesis."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings

from ibolit.extensions import db

Verb = Callable[..., None]


def search(variable: str, *, examples: int, steps: int, steps_of_more: int) -> settings:
    """The same stories in every run; as many others, and longer ones, as the variable of the environment asks for."""
    more = int(os.environ.get(variable, "0"))
    return settings(
        max_examples=more or examples,
        stateful_step_count=steps_of_more if more else steps,
        derandomize=not more,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
        phases=(Phase.generate, Phase.shrink),  # explaining traces every line, for minutes
    )


class Steps:
    """The things that happen. Not rules of their own: Hypothesis would leave out half of them at a time."""

    def __init__(self) -> None:
        self.names: list[str] = []  # as often as their weight says
        self.arguments: dict[str, dict[str, Any]] = {}

    def __call__(self, weight: int, **arguments: Any) -> Callable[[Verb], Verb]:
        def note(verb: Verb) -> Verb:
            self.names.extend([verb.__name__] * weight)
            self.arguments[verb.__name__] = arguments
            return verb

        return note


def one_of(question: sa.Select[Any], which: int) -> Any:
    found = db.session.scalars(question).all()
    return found[which % len(found)] if found else None
