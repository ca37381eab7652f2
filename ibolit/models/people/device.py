"""One signed-in browser."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, ForeignKey, Select, String, bindparam, func, inspect, or_, select, update
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship

from ...config import current_settings
from ...events import DeviceEnded, record
from ...extensions import Model, db
from ...services import clock
from ..purging import purge
from ..types import RowId, UtcDateTime
from .user import PRESENCE_INTERVAL, User


class SignedIn(NamedTuple):
    """What a quiet socket is judged by: plain columns of its device and person."""

    device_id: int
    user_id: int
    seen_at: datetime
    accepted_versions: str

    @property
    def is_due_to_be_seen(self) -> bool:
        return clock.now() - self.seen_at >= PRESENCE_INTERVAL


class Device(Model):
    """Known by the hash of a random cookie; a session rolls 90 days from the last visit.

    A guest device is limited to one consultation (`only_consultation_id`) and ends with it.
    """

    LIVES = timedelta(days=90)
    CONFIRMED_FOR = timedelta(minutes=10)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    only_consultation_id: Mapped[int | None] = mapped_column(RowId)  # consultations are never deleted
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the password or a code
    browser_hash: Mapped[str] = mapped_column(String(64), default="", server_default="")  # see KnownBrowser
    user: Mapped[User] = relationship(innerjoin=True)

    @classmethod
    def register(cls, user: User, name: str) -> tuple[Self, str]:
        """The new device and the token for its cookie; the token is not kept."""
        token = secrets.token_urlsafe(32)
        device = cls(user=user, token_hash=_hash(token), name=name, confirmed_at=clock.now())
        db.session.add(device)
        return device, token

    @classmethod
    def signed_in(cls, token: str) -> Device | None:
        """The device of a cookie with its person and, for a doctor, the profile; None when ended or too old."""
        return db.session.scalar(_by_token(), {"hash": _hash(token)} | cls.signed_in_at(clock.now()))

    @classmethod
    def signed_in_as(cls, device_id: int) -> Device | None:
        """The same by its number: for a socket, which was opened with the cookie."""
        return db.session.scalar(_by_number(), {"id": device_id} | cls.signed_in_at(clock.now()))

    @classmethod
    def are_signed_in(cls) -> tuple[ColumnElement[bool], ...]:
        """Of rows, as of the parameters that signed_in_at() gives."""
        ends_at = or_(cls.ends_at.is_(None), cls.ends_at > bindparam("now", type_=UtcDateTime))
        return cls.seen_at > bindparam("since", type_=UtcDateTime), ends_at

    @classmethod
    def signed_in_at(cls, moment: datetime) -> dict[str, object]:
        return {"since": moment - cls.LIVES, "now": moment}

    @classmethod
    def signed_in_among(cls, device_ids: Collection[int]) -> dict[int, SignedIn]:
        """The same of many at once, by their numbers."""
        rows = db.session.execute(_among(), {"ids": list(device_ids)} | cls.signed_in_at(clock.now()))
        return {row.id: SignedIn(*row) for row in rows}

    @classmethod
    def mark_all_seen(cls, signed_in: Collection[SignedIn]) -> None:
        """As mark_seen() does, by a statement each for the devices and the people."""
        devices, people = ({one[place] for one in signed_in} for place in (0, 1))
        seen = {"seen_at": clock.now()}
        db.session.execute(update(cls).where(cls.id.in_(devices)).values(seen))
        db.session.execute(update(User).where(User.id.in_(people)).values(seen))

    @classmethod
    def is_live(cls, device_id: int) -> bool:
        return db.session.scalar(select(cls.id).where(cls.id == device_id)) is not None

    @classmethod
    def of(cls, user: User) -> Select[tuple[Self]]:
        is_live = or_(cls.ends_at.is_(None), cls.ends_at > clock.now())
        return select(cls).where(cls.user_id == user.id, is_live).order_by(cls.seen_at.desc())

    @classmethod
    def count_of(cls, user: User) -> int:
        return db.session.scalar(select(func.count()).select_from(cls.of(user).order_by(None).subquery())) or 0

    @classmethod
    def end_others(cls, user: User, kept: Self | None) -> None:
        """After a new password all other devices are signed out."""
        others = cls.of(user).where(cls.id != (kept.id if kept else 0))
        for device in db.session.scalars(others):
            device.end()

    @classmethod
    def purge_old(cls) -> int:
        """Sooner than after 90 days only where the clinic decides so; who was signed in there is not any more."""
        now = clock.now()
        return purge(cls, or_(cls.seen_at < now - timedelta(days=current_settings.keep_devices), cls.ends_at < now))

    def end(self) -> None:
        """Sign it out; idempotent, since a new password may have ended it already."""
        if not inspect(self).persistent:
            return
        db.session.delete(self)
        record(DeviceEnded(self.id))

    @property
    def is_over(self) -> bool:
        return self.ends_at is not None and self.ends_at <= clock.now()

    def restrict_to(self, consultation_id: int, ends_at: datetime) -> None:
        self.only_consultation_id, self.ends_at, self.confirmed_at = consultation_id, ends_at, None

    @property
    def is_confirmed(self) -> bool:
        """Its holder has proved within CONFIRMED_FOR who they are: a way in may be changed."""
        return self.confirmed_at is not None and clock.now() - self.confirmed_at < self.CONFIRMED_FOR

    def confirm(self) -> None:
        self.confirmed_at = clock.now()

    def is_due_to_be_seen(self) -> bool:
        return self.as_signed_in.is_due_to_be_seen

    @property
    def as_signed_in(self) -> SignedIn:
        return SignedIn(self.id, self.user_id, self.seen_at, self.user.accepted_versions)

    def mark_seen(self) -> None:
        self.seen_at = self.user.seen_at = clock.now()


# Asked with every request and every message of a socket, so each is built once.


@cache
def _by_token() -> Select[tuple[Device]]:
    return _signed_in().where(Device.token_hash == bindparam("hash"))


@cache
def _by_number() -> Select[tuple[Device]]:
    return _signed_in().where(Device.id == bindparam("id"))


@cache
def _among() -> Select[tuple[int, int, datetime, str]]:
    shown = select(Device.id, Device.user_id, Device.seen_at, User.accepted_versions).join(Device.user)
    return shown.where(Device.id.in_(bindparam("ids", expanding=True)), *Device.are_signed_in())


def _signed_in() -> Select[tuple[Device]]:
    return (
        select(Device)
        .join(Device.user)
        .options(contains_eager(Device.user).options(joinedload(User.doctor)))
        .where(*Device.are_signed_in())
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
