"""How far a copy has come: written once a second, and the job is held on to meanwhile."""

from __future__ import annotations

import time

from ...database import write_transaction
from ...extensions import db
from ...models import DataCopy, Job

EVERY = 1.0  # seconds


class Withdrawn(Exception):
    """Its owner, or «Это не я», wants it no more."""


class RightEnded(Exception):
    """Meanwhile its owner may read a chat of it no more."""


class Progress:
    def __init__(self, copy_id: int, job: Job) -> None:
        self._copy_id, self._job = copy_id, job
        self._done = 0
        self._written = time.monotonic()

    def count(self, things: int = 1) -> None:
        """So many more of its messages, files and conclusions are in it. Raises Withdrawn."""
        self._done += things
        if time.monotonic() - self._written >= EVERY:
            self._write()

    def count_nothing(self) -> None:
        """It goes on within one of them."""
        self.count(0)

    def _write(self) -> None:
        with write_transaction(db.session):
            is_wanted = DataCopy.advance(self._copy_id, self._done)
            self._job.hold_on()
        self._written = time.monotonic()
        if not is_wanted:
            raise Withdrawn
