"""A pytest plugin for the run under `python -O`: the asserts of the house are gone, those of the tests are not.

    PYTHONOPTIMIZE=1 PYTHONPATH=tests/support pytest -p without_asserts -W ignore::pytest.PytestConfigWarning …

pytest rewrites the asserts of test modules into what -O does not know; here also those of what helps the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

if not sys.flags.optimize:
    raise pytest.UsageError("PYTHONOPTIMIZE=1 is missing")

SUPPORT = Path(__file__).parent
HELPERS = [*SUPPORT.glob("*.py"), *SUPPORT.parent.glob("*/*.py")]
pytest.register_assert_rewrite(
    *(path.stem for path in SUPPORT.glob("*.py")),
    *(".".join(path.relative_to(SUPPORT.parent.parent).with_suffix("").parts) for path in HELPERS),
)


def fails() -> None:
    assert SUPPORT == HELPERS
