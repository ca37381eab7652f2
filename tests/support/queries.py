"""What is asked of the database."""

from __future__ import annotations

from threading import get_ident
from typing import Any

from sqlalchemy import event

from ibolit.extensions import db


class Queries(list[str]):
    """What its own thread asked inside the with block; BEGIN and COMMIT are no questions."""

    def __enter__(self) -> Queries:
        self.thread = get_ident()
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if get_ident() == self.thread:
            self.append(statement)
