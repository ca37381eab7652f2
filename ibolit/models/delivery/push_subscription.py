"""Where a device listens while its page is closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Self

from sqlalchemy import ForeignKey, Select, String, bindparam, delete, exists, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..people import Device
from ..types import RowId, UtcDateTime


class PushSubscription(Model):
    """One a device; it ends with it. A dead one stays, so that its person learns that nothing comes any more."""

    MOST = 10  # devices of one person that are pushed to: the sending of all ends before its claim does

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), unique=True)
    endpoint: Mapped[str] = mapped_column(String(1000), unique=True)
    p256dh: Mapped[str] = mapped_column(String(100))
    auth: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dead_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @classmethod
    def of_device(cls, device: Device) -> Self | None:
        return db.session.scalar(select(cls).where(cls.device_id == device.id))

    @classmethod
    def reaching(cls, user_id: int) -> Sequence[PushSubscription]:
        """Where the person listens, the devices last seen first."""
        latest = _living().order_by(Device.seen_at.desc()).limit(cls.MOST)
        return db.session.scalars(latest, {"user": user_id, "since": clock.now() - Device.LIVES}).all()

    @classmethod
    def reaches(cls, user_id: int) -> bool:
        return bool(db.session.scalar(_reaches(), {"user": user_id, "since": clock.now() - Device.LIVES}))

    @classmethod
    def begin(cls, device: Device, endpoint: str, p256dh: str, auth: str) -> Self:
        """One browser tells one person: whoever was signed in here before, and is not any more, hears nothing here."""
        advisory_lock(LockKind.PUSH_ENDPOINT, endpoint)
        db.session.execute(delete(cls).where(cls.endpoint == endpoint, cls.device_id != device.id))
        mine = cls.of_device(device) or cls(device_id=device.id)
        mine.endpoint, mine.p256dh, mine.auth = endpoint, p256dh, auth
        mine.created_at, mine.delivered_at, mine.dead_at = clock.now(), None, None
        db.session.add(mine)
        return mine

    @property
    def is_dead(self) -> bool:
        return self.dead_at is not None

    def end(self) -> None:
        db.session.delete(self)

    @classmethod
    def note_delivered(cls, ids: Collection[int]) -> None:
        db.session.execute(update(cls).where(cls.id.in_(ids)).values(delivered_at=clock.now()))

    @classmethod
    def note_gone(cls, id: int, endpoint: str) -> None:
        """Unless the device has named another address meanwhile."""
        db.session.execute(update(cls).where(cls.id == id, cls.endpoint == endpoint).values(dead_at=clock.now()))


def _living() -> Select[tuple[PushSubscription]]:
    """A device nobody has seen for long is signed out."""
    is_in = Device.user_id == bindparam("user"), Device.seen_at > bindparam("since")
    alive = PushSubscription.dead_at.is_(None)
    return select(PushSubscription).join(Device, Device.id == PushSubscription.device_id).where(*is_in, alive)


@cache
def _reaches() -> Select[tuple[bool]]:
    """Asked with many a message, so it is built once."""
    return select(exists(_living().with_only_columns(PushSubscription.id)))
