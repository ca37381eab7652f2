"""What every six-digit code of an SMS has in common, whatever it proves."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..extensions import Model
from ..services import clock
from .purging import purge

if TYPE_CHECKING:
    from sqlalchemy.orm import Mapped


class TypedCode(Model):
    """For how long it may be typed and how often, when it may be sent again, and when its row goes."""

    __abstract__ = True

    LIVES = timedelta(minutes=10)
    KEPT = timedelta(days=1)
    RESEND_AFTER = timedelta(seconds=60)
    MOST_GUESSES = 5

    if TYPE_CHECKING:  # of the mapped class
        created_at: Mapped[datetime]
        asked_at: Mapped[datetime]

    @classmethod
    def purge_old(cls) -> int:
        return purge(cls, cls.created_at < clock.now() - cls.KEPT)

    def is_old(self) -> bool:
        return clock.now() - self.created_at >= self.LIVES

    def resend_in(self) -> int:
        """Seconds until it may be asked for again; 0 when it may be now."""
        left = self.RESEND_AFTER - (clock.now() - self.asked_at)
        return max(0, round(left.total_seconds()))
