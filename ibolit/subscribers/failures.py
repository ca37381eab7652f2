"""Live screens that failed are counted: the page asks again by itself, so nobody else would ever tell the operator."""

from __future__ import annotations

import logging
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..database import write_transaction
from ..extensions import db
from ..models import LimitKind, RateLimitHit

log = logging.getLogger(__name__)


def note() -> None:
    """In a session of its own: what failed may have left the usual one in any state."""
    with suppress(SQLAlchemyError), Session(db.engine) as session, write_transaction(session):
        session.add(RateLimitHit.of(LimitKind.LIVE_SCREEN, "failed"))
