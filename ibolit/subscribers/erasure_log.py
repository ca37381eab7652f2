"""What `restore` must not bring back is written beside the backups before it is committed: a line too many harms
nobody, a line too few would bring somebody back."""

from __future__ import annotations

from ..config import current_settings
from ..events import AccountNoted
from ..extensions import db
from ..models import User
from ..services import clock, erasure_log
from ..services.erasure_log import LogLine


def account_noted(fact: AccountNoted) -> None:
    """Raises OSError: nobody is told that they are erased when the log says nothing of it."""
    since = db.session.get_one(User, fact.user_id).created_at
    line = LogLine(clock.now(), fact.what, fact.user_id, since, fact.until, fact.phones)
    erasure_log.append(current_settings.erasure_log, line)
