"""What is said of an error in a log: its kind, its cause and its place, in one line.

Never its own words, nor those of what caused it: they quote what people wrote to their doctor, their phones and codes.
"""

from __future__ import annotations

import errno
import logging
import sqlite3
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

OURS = Path(__file__).parent
FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

FULL, GONE, BUSY = "the disk is full", "the database is gone", "the database is busy"
BROKEN, SHUT = "the disk does not work", "the database may not be written"

OF_THE_SYSTEM = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EFBIG: FULL, errno.EIO: BROKEN, errno.EROFS: SHUT}
OF_SQLITE = {"FULL": FULL, "BUSY": BUSY, "LOCKED": BUSY, "IOERR": BROKEN, "CANTOPEN": GONE, "READONLY": SHUT}
OF_POSTGRES = {"53100": FULL, "53300": BUSY, "55P03": BUSY, "25006": SHUT}  # by SQLSTATE
MOST_PLACES = 6


def cause_of(error: BaseException | None) -> str:
    """What is wrong with the machine rather than with us, or nothing."""
    return next(filter(None, map(_cause, _chain(error))), "")


def told(error: BaseException) -> str:
    kind, cause = type(error).__name__, cause_of(error)
    return f"{cause} ({kind})" if cause else f"{kind} at {_places(error.__traceback__)}"


def hush() -> None:
    """From now on this process prints no error's words, whoever prints: a log, a thread, the interpreter."""
    sys.excepthook = lambda _kind, error, _traceback: print(f"failed: {told(error)}", file=sys.stderr)  # noqa: T201
    threading.excepthook = lambda args: _print_of("a thread", args.exc_value)
    sys.unraisablehook = lambda args: _print_of("nobody", args.exc_value)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # it warns with the whole address it could not reach


class WithoutWords(logging.Formatter):
    """Whoever logs an exception, a library too: one line of it stands behind the message."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(without_words(record))


def without_words(record: logging.LogRecord) -> logging.LogRecord:
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        record.msg, record.args = f"{record.getMessage()}: {told(error)}", ()
    record.exc_info = record.exc_text = record.stack_info = None
    return record


def _print_of(whose: str, error: BaseException | None) -> None:
    if error is not None:
        logging.getLogger("ibolit").error("an error that %s waited for: %s", whose, told(error))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, DBAPIError) and error.orig is not None:
            yield error.orig
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _cause(error: BaseException) -> str:
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "").removeprefix("SQLITE_").partition("_")[0]
        return OF_SQLITE.get(name, BUSY if "locked" in str(error) else "")
    if isinstance(error, NoConnectionFree):
        return BUSY
    if isinstance(error, OperationalError | InterfaceError) and not isinstance(error.orig, sqlite3.Error):
        return OF_POSTGRES.get(getattr(error.orig, "sqlstate", None) or "", GONE)
    return OF_THE_SYSTEM.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def _places(frames: TracebackType | None) -> str:
    """Ours, the outermost first, and where it ended."""
    all_of_it: list[Any] = list(traceback.extract_tb(frames))
    ours = [frame for frame in all_of_it if Path(frame.filename).is_relative_to(OURS)][-MOST_PLACES:]
    ends = [frame for frame in all_of_it[-1:] if frame not in ours]
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in [*ours, *ends]) or "nowhere"


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(OURS)) if path.is_relative_to(OURS) else path.name
