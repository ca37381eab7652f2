"""The checks of `flask doctor`. A check returns a note or raises
CheckFailed or CheckHint.

One more check is one more line of CHECKS; each gets what it needs to know from the settings and the services.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select, text

from .. import readiness
from ..config import current_settings
from ..errors import CheckFailed, CheckHint
from ..extensions import db
from ..faults import told
from ..models import AuditEvent, Device, LimitKind, PushSubscription, RateLimitHit
from ..services import clock, turn, turn_check
from ..services.push import KEY_FILE
from . import environment_checks, probes

log = logging.getLogger(__name__)

APART = timedelta(seconds=30)  # clocks that differ by more spoil countdowns and the relay's credentials


class Level(StrEnum):
    """Only WRONG makes `flask doctor` exit with 1."""

    WELL = "ok"
    HINT = "hint"
    WRONG = "WRONG"


@dataclass(frozen=True)
class CheckResult:
    name: str
    level: Level
    words: str


def run_checks() -> Iterator[CheckResult]:
    """Yields each result as it comes: some checks take seconds."""
    for name, check in CHECKS:
        try:
            yield CheckResult(name, Level.WELL, check())
        except CheckHint as hint:
            yield CheckResult(name, Level.HINT, str(hint))
        except CheckFailed as failure:
            yield CheckResult(name, Level.WRONG, str(failure))
        except Exception as error:
            log.error("the check of %s failed: %s", name, told(error))
            yield CheckResult(name, Level.WRONG, f"the check itself failed: {type(error).__name__}")
        finally:
            db.session.remove()


def clocks() -> str:
    """Nothing here can ask the whole world for the time, but a clock that jumped back leaves entries of the future."""
    if current_settings.clock_offset:
        return f"moved by CLOCK_OFFSET, {current_settings.clock_offset} s"
    now = datetime.now(UTC)
    latest = [db.session.scalar(select(func.max(moment))) for moment in (AuditEvent.at, Device.seen_at)]
    ahead = max((moment - now for moment in latest if moment is not None), default=timedelta())
    if ahead > APART:
        seconds = int(ahead.total_seconds())
        raise CheckFailed(
            f"this machine's clock is behind: the audit log has an entry {seconds} s ahead. Set it by NTP"
        )
    if db.engine.dialect.name == "postgresql":
        theirs = db.session.execute(text("SELECT clock_timestamp()")).scalar_one()
        apart = abs(theirs - datetime.now(UTC))
        if apart > APART:
            seconds = int(apart.total_seconds())
            raise CheckFailed(f"the database's clock differs by {seconds} s. Set both machines by NTP")
    return f"{clock.now():%Y-%m-%d %H:%M:%S} UTC"


def relay() -> str:
    """Of every TURN server two relays are asked, and a datagram passes from one to the other."""
    settings = current_settings
    if not settings.turn_urls:
        if settings.is_production:
            raise CheckHint("TURN_URLS is empty: calls over mobile networks will fail. See «Calls» in docs/running.md")
        return "TURN_URLS is empty: calls go directly"
    credentials = turn.credentials_for(settings, 0, clock.now())
    wrong = []
    for url in settings.turn_urls:
        try:
            turn_check.check(url, credentials)
        except turn_check.RelayFailed as failure:
            wrong.append(f"{url}: {failure}")
    if wrong:
        raise CheckFailed("; ".join(wrong))
    return ", ".join(settings.turn_urls)


def push_keys() -> str:
    """A key that is lost or spoilt leaves every device deaf, and nobody would hear of it."""
    kept = current_settings.data / KEY_FILE
    if not current_settings.vapid_private_key and not kept.exists():
        devices = db.session.scalar(select(func.count(PushSubscription.id)))
        if devices:
            raise CheckFailed(f"{kept} is gone, for which {devices} devices listen: bring it back from the last copy")
        return "made at the first need"
    try:
        return probes.push(current_settings)
    except probes.ProbeFailed as failure:
        raise CheckFailed(str(failure)) from failure


def live_screens() -> str:
    """Whoever looked at one that failed saw the news within a minute all the same, and told nobody."""
    failed = RateLimitHit.recent(LimitKind.LIVE_SCREEN, "failed")
    if failed:
        raise CheckFailed(
            f"{failed} failed within a day: look for «a subscriber of» in the log, and tell iBolit's makers"
        )
    return "none failed within a day"


Check = Callable[[], str]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("database", readiness.database),
    ("migrations", readiness.migrations),
    ("clock", clocks),
    ("work", readiness.work),
    ("relay (TURN)", relay),
    ("push keys", push_keys),
    ("live screens", live_screens),
    ("backup", readiness.backup),
    *environment_checks.CHECKS,
)
