"""LONG_TESTS=1, which bin/test-all sets: more examples, new ones in every run, and the tests marked `long`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from _pytest.mark import ParameterSet
from hypothesis import settings

LONG = os.environ.get("LONG_TESTS", "") not in ("", "0")
TIMES = 20


def examples(usual: int) -> int:
    """How many a property is to hold for: `settings(max_examples=examples(50))`."""
    return usual * TIMES if LONG else usual


def some(cases: Sequence[Any], *, every: int) -> list[ParameterSet]:
    """One of so many for each run, the first among them; the others are `long`. For what one rule says of many things.

    @pytest.mark.parametrize("one", some(SOUNDS, every=4))
    """
    marks = [() if number % every == 0 else pytest.mark.long for number, _ in enumerate(cases)]
    return [pytest.param(one, marks=mark) for one, mark in zip(cases, marks, strict=True)]


# What a test's own settings leave open. A short run is the same every time, a long one looks elsewhere.
settings.register_profile("ours", max_examples=examples(100), derandomize=not LONG, database=None, deadline=None)
settings.load_profile("ours")


def leave_out_long(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without LONG_TESTS a test marked `long` is not even counted as skipped."""
    leave_out(config, items, [] if LONG else [item for item in items if item.get_closest_marker("long")])


def leave_out(config: pytest.Config, items: list[pytest.Item], these: list[pytest.Item]) -> None:
    if these:
        gone = set(these)
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=these)
