"""The link that opens a consultation on another device."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..people import Device, User
from ..purging import purge
from ..types import RowId, UtcDateTime
from .consultation import Consultation


class DeviceTransfer(Model):
    """A link that signs another device in for one consultation: once, within ten minutes. Only its hash is kept."""

    LIVES = timedelta(minutes=10)
    NAME = "Только разговор"  # how such a device begins in «Мои устройства»

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consultation: Mapped[Consultation] = relationship(innerjoin=True)
    user: Mapped[User] = relationship(innerjoin=True)

    @classmethod
    def make(cls, consultation: Consultation, user: User) -> tuple[Self, str]:
        """The row and the token for its link; an earlier link of the same person is spent by it."""
        earlier = cls.consultation_id == consultation.id, cls.user_id == user.id, cls.used_at.is_(None)
        db.session.execute(update(cls).where(*earlier).values(used_at=clock.now()))
        token = secrets.token_urlsafe(24)
        transfer = cls(consultation_id=consultation.id, user_id=user.id, token_hash=_hash(token))
        db.session.add(transfer)
        db.session.flush()
        return transfer, token

    @classmethod
    def void_all_of(cls, user_id: int) -> None:
        """Whoever made one may have been a stranger: a new password was set, or a device ended from another."""
        live = cls.user_id == user_id, cls.used_at.is_(None)
        db.session.execute(update(cls).where(*live).values(used_at=clock.now()))

    @classmethod
    def find(cls, token: str) -> DeviceTransfer | None:
        """Whose link it is, spent or not."""
        return db.session.scalar(select(cls).where(cls.token_hash == _hash(token)))

    @classmethod
    def purge_old(cls) -> int:
        return purge(cls, cls.created_at < clock.now() - timedelta(days=1))

    @property
    def is_live(self) -> bool:
        is_young = clock.now() - self.created_at < self.LIVES
        return self.used_at is None and is_young and self.consultation.is_open

    def take(self, name: str) -> tuple[Device, str]:
        """The device that opened it and its cookie's token, once. Raises DeviceTransferSpent."""
        if not self.is_live:
            raise errors.DeviceTransferSpent
        mine = DeviceTransfer.id == self.id, DeviceTransfer.used_at.is_(None)
        spent = db.session.execute(
            update(DeviceTransfer).where(*mine).values(used_at=clock.now()).returning(DeviceTransfer.id)
        )
        if spent.first() is None:
            raise errors.DeviceTransferSpent
        device, token = Device.register(self.user, f"{self.NAME}: {name}"[:80])
        device.restrict_to(self.consultation_id, self.consultation.closes_at)
        return device, token


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
