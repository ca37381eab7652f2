"""What the searches share that tell random stories with Hypothesis."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, note, settings
from long_tests import LONG

from ibolit.extensions import db

Verb = Callable[..., None]


def search(*, short: int, long: int, steps: int, steps_of_long: int) -> settings:
    """So many stories in a short run; a long one tells many others, and longer ones."""
    return settings(
        max_examples=long if LONG else short,
        stateful_step_count=steps_of_long if LONG else steps,
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
        def keep(verb: Verb) -> Verb:
            self.names.extend([verb.__name__] * weight)
            self.arguments[verb.__name__] = arguments
            return verb

        return keep

    def take(self, story: object, dice: Random) -> None:
        """One of them, as the dice say; a story that fails is told with it."""
        name = dice.choice(self.names)
        arguments = {of: dice.choice(values) for of, values in self.arguments[name].items()}
        note(f"{name} {arguments}")
        getattr(story, name)(**arguments)


def one_of(question: sa.Select[Any], which: int) -> Any:
    found = db.session.scalars(question).all()
    return found[which % len(found)] if found else None
