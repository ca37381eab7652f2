"""What a restored clinic must forget again: the log beside the backups, applied before the app opens.

docs/privacy.md, «Backups». A line is of an account by its number and the moment it was made: after a restore numbers
are given anew, and nobody new is erased for somebody old.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ..config import current_settings
from ..extensions import db
from ..jobs import erasures
from ..models import Device, Job, JobKind, Payment, User, erasure
from ..services import erasure_log
from ..services.erasure_log import LogLine
from ..services.seal import keyed_hash

BEFORE = timedelta(minutes=10)  # a line is written before its commit; what the backup has already changes nothing


@dataclass
class Applied:
    """How many accounts of which kind."""

    erased: int = 0
    planned: int = 0
    phones: int = 0


def ask_about_payments() -> int:
    """Of what the restored clinic knows as paid the provider is asked at once: money may have gone back since."""
    paid = Payment.to_reconcile()
    for id in paid:
        Job.expedite(JobKind.RECONCILIATION, id)
    db.session.commit()
    return len(paid)


def lines_beside(archive: Path | None) -> Sequence[LogLine]:
    """Of this clinic's log and of the one beside the archive, each line once. Raises OSError."""
    beside = erasure_log.read(archive.parent / erasure_log.NAME) if archive is not None else []
    return erasure_log.merge(current_settings.erasure_log, beside)


def copy_beside(archive: Path) -> None:
    """Whoever carries the archive away finds the log with it. Raises OSError."""
    target = archive.parent / erasure_log.NAME
    if target.absolute() != current_settings.erasure_log:
        erasure_log.merge(target, erasure_log.read(current_settings.erasure_log))


def forget_again(lines: Iterable[LogLine], made_at: datetime) -> Applied:
    """Commits account by account: done again after a crash it goes on."""
    applied, of_account = Applied(), defaultdict[tuple[int, datetime], list[LogLine]](list)
    for line in sorted(lines, key=lambda one: one.at):
        of_account[line.user, line.since].append(line)
    for (number, since), theirs in of_account.items():
        user = db.session.get(User, number)
        if user is not None and user.created_at == since and user.erased_at is None:
            _apply(user, theirs, made_at, applied)
            db.session.commit()
    return applied


def _apply(user: User, all_lines: list[LogLine], made_at: datetime, applied: Applied) -> None:
    """The last word counts: an erasure whose commit failed is written, too, and the account went on after it."""
    if all_lines[-1].what == "erased":
        applied.erased += 1
        erasures.erase(user, at_console=True)
        return
    lines = [line for line in all_lines if line.at >= made_at - BEFORE and line.what != "erased"]
    applied.phones += _forget_phone(user, [line.phones for line in lines if line.phones is not None])
    applied.planned += _plan(user, [line for line in lines if line.phones is None])


def _plan(user: User, lines: list[LogLine]) -> bool:
    """As the last word was; what was undone is undone."""
    if not lines:
        return False
    last = lines[-1]
    if last.what == "undone" or last.until is None:
        user.erases_at = user.withdrawn_at = None
        return False
    withdrawn = [line for line in lines if line.what == "withdrawn"]
    erasure.plan_again(user, last.until, withdrawn_at=withdrawn[-1].at if withdrawn else None)
    return True


def _forget_phone(user: User, changes: list[tuple[str, str]]) -> bool:
    """The number of the backup may be somebody else's by now: nobody comes in by it, the office gives the new one."""
    present = keyed_hash(user.phone or "")
    if not changes or changes[-1][1] == present or present not in {before for before, _after in changes}:
        return False
    user.phone = None
    Device.end_others(user, None)
    return True
