"""A browser in which a person was signed in: strangers' wrong tries elsewhere do not block it."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ForeignKey, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model, db
from ...services import clock
from ..purging import purge
from ..types import RowId, UtcDateTime


class KnownBrowser(Model):
    """Known by the hash of a random cookie that outlives a sign-out, but not the ending of its device by another.

    It grants nothing: its tries and codes are counted apart from those of unknown browsers.
    """

    __table_args__ = (UniqueConstraint("user_id", "token_hash"),)

    LIVES = timedelta(days=400)  # as long as browsers keep a cookie

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    token_hash: Mapped[str] = mapped_column(String(64))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # at the last sign-in

    @classmethod
    def of(cls, user_id: int, token: str) -> Self | None:
        """Queried also for an unknown user (0), so that it takes as long."""
        mine = cls.user_id == user_id, cls.token_hash == hash_of(token), cls.seen_at > clock.now() - cls.LIVES
        return db.session.scalar(select(cls).where(*mine))

    @classmethod
    def remember(cls, user_id: int, token: str) -> bool:
        """At a sign-in; True when this browser is new to the person."""
        known = cls.of(user_id, token)
        if known is not None:
            known.seen_at = clock.now()
            return False
        cls.forget_one(user_id, hash_of(token))
        db.session.add(cls(user_id=user_id, token_hash=hash_of(token)))
        return True

    @classmethod
    def has_any(cls, user_id: int) -> bool:
        return db.session.scalar(select(cls.id).where(cls.user_id == user_id).limit(1)) is not None

    @classmethod
    def forget_one(cls, user_id: int, token_hash: str) -> None:
        db.session.execute(delete(cls).where(cls.user_id == user_id, cls.token_hash == token_hash))

    @classmethod
    def forget_others(cls, user_id: int, token: str) -> None:
        """After a new password only the browser where it was set is known."""
        db.session.execute(delete(cls).where(cls.user_id == user_id, cls.token_hash != hash_of(token)))

    @classmethod
    def purge_old(cls) -> int:
        return purge(cls, cls.seen_at < clock.now() - cls.LIVES)


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
