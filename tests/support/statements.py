"""What of the doors' tests PostgreSQL need be asked: those that together ask every statement the doors have, thrice.

`--note-statements=DIR` keeps which statements each test asked, as bin/test does on SQLite; `--new-statements=DIR` then
leaves out of tests/blueprints whoever asks nothing that three others do not. Models and concurrency run whole. A test
about values, their order or how they compare is marked `every_case` and stays; so does one that was never noted.
"""

from __future__ import annotations

import heapq
import json
import os
import re
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from long_tests import LONG, leave_out
from sqlalchemy.engine import Engine

MANY = re.compile(r"\((\?|:\w+)(, (\?|:\w+))*\)")
PLACE = "tests/blueprints/"

_asked: set[int] = set()


def add_options(parser: pytest.Parser) -> None:
    parser.addoption("--note-statements", metavar="DIR", help="keep which statements each test asks")
    parser.addoption("--new-statements", metavar="DIR", help="of the doors, run who asks what nobody else asks")


def listen() -> None:
    sa.event.listen(Engine, "before_cursor_execute", _note)


def _note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
    _asked.add(_number_of(statement))


@cache
def _number_of(statement: str) -> int:
    """However many values are looked for."""
    return zlib.crc32(MANY.sub("(?)", statement).encode())


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    folder = item.config.getoption("--note-statements")
    _asked.clear()
    yield
    if folder and item.nodeid.startswith(PLACE):
        path = Path(folder, f"{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as kept:
            kept.write(json.dumps([item.nodeid, sorted(_asked)]) + "\n")


def leave_out_repeated(config: pytest.Config, items: list[pytest.Item]) -> None:
    folder = "" if LONG else config.getoption("--new-statements")
    noted = dict(_noted(Path(folder))) if folder else {}
    doors = [item for item in items if item.nodeid in noted and not item.get_closest_marker("every_case")]
    needed = chosen({item.nodeid: noted[item.nodeid] for item in doors})
    leave_out(config, items, [item for item in doors if item.nodeid not in needed])


def _noted(folder: Path) -> Iterator[tuple[str, set[int]]]:
    for path in folder.glob("*.jsonl"):
        for line in path.read_text().splitlines():
            test, asked = json.loads(line)
            yield test, set(asked)


def chosen(asked: dict[str, set[int]], times: int = 3) -> set[str]:
    """So often each statement is asked, by as many tests, where there are so many."""
    needed = set[str]()
    for _ in range(times):
        needed |= cover({test: statements for test, statements in asked.items() if test not in needed})
    return needed


def cover(asked: dict[str, set[int]]) -> set[str]:
    """Few tests that ask whatever all of them ask: the one that adds most comes next, of equals the first by name."""
    waiting = [(-len(statements), test) for test, statements in asked.items()]
    heapq.heapify(waiting)
    needed, known = set[str](), set[int]()
    while waiting:
        most, test = heapq.heappop(waiting)
        new = len(asked[test] - known)
        if new == -most and new:
            needed.add(test)
            known |= asked[test]
        elif new:
            heapq.heappush(waiting, (-new, test))
    return needed
