"""Many at once: real threads, each with a context and a connection of its own, let go together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from flask import Flask

from ibolit.extensions import db

Result = TypeVar("Result")


def at_once(app: Flask, count: int, do: Callable[[int], Result]) -> list[Result]:
    """What each of `count` threads returned; a transaction of the test's own would make them wait forever."""
    db.session.remove()
    start = Barrier(count, timeout=30)

    def one(number: int) -> Result:
        with app.app_context():
            start.wait()
            try:
                return do(number)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def outcomes(app: Flask, count: int, do: Callable[[int], object]) -> Counter[str]:
    """How many went well and how many were refused by which rule; each commits, also what was refused."""

    def one(number: int) -> str:
        try:
            do(number)
        except Exception as error:
            db.session.commit()
            return type(error).__name__
        db.session.commit()
        return "done"

    return Counter(at_once(app, count, one))
