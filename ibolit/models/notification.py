"""What people must learn who may not be looking: rows in the transaction of their cause, delivered by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, String, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ..config import current_settings
from ..extensions import Model, db
from ..services import clock
from .chat import Chat
from .consultation import COMING, Consultation, ConsultationState
from .doctor import Doctor
from .forgetting import forget
from .job import Job, JobKind
from .types import RowId, UtcDateTime, word_of
from .user import User

TIME_PRESSES = timedelta(hours=1)
AWAITED_FOR = timedelta(minutes=5)  # who hears later than this that somebody waits would come to an empty screen


class NotificationKind(StrEnum):
    REQUESTED = "requested"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    TIME_WISHED = "time_wished"
    TIME_DECLINED = "time_declined"
    MOVED = "moved"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED = "missed"
    NEAR = "near"
    READY = "ready"
    LATE = "late"
    CONCLUSION = "conclusion"


class Channel(StrEnum):
    SMS = "sms"
    MAIL = "mail"


class NotificationState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    STALE = "stale"  # it was no news any more when it could be sent
    UNDELIVERABLE = "undeliverable"


# As long as the consultation is in one of these, it is news.
TRUE_IN: dict[NotificationKind, tuple[ConsultationState, ...]] = {
    NotificationKind.PROPOSED: (ConsultationState.PROPOSED,),
    NotificationKind.CONFIRMED: (ConsultationState.CONFIRMED,),
    NotificationKind.TIME_DECLINED: COMING,
    NotificationKind.MOVED: COMING,
    NotificationKind.CANCELLED: (ConsultationState.CANCELLED,),
    NotificationKind.EXPIRED: (ConsultationState.EXPIRED,),
    NotificationKind.MISSED: (ConsultationState.MISSED,),
    NotificationKind.NEAR: (ConsultationState.CONFIRMED,),
    NotificationKind.READY: (ConsultationState.CONFIRMED,),
    NotificationKind.LATE: (ConsultationState.CONFIRMED,),
    NotificationKind.CONCLUSION: tuple(ConsultationState),
}


class Notification(Model):
    """Its link leads to a consultation or, for what is only asked for, to a chat; `moment` is the time it speaks of."""

    __table_args__ = (CheckConstraint("(consultation_id IS NULL) <> (chat_id IS NULL)", "link"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[NotificationKind] = mapped_column(word_of(NotificationKind))
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    chat_id: Mapped[int | None] = mapped_column(ForeignKey("chat.id"))
    moment: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unique_key: Mapped[str] = mapped_column(String(120), unique=True)  # the same fact tells a person once
    channel: Mapped[Channel] = mapped_column(word_of(Channel))
    state: Mapped[NotificationState] = mapped_column(word_of(NotificationState), default=NotificationState.WAITING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(120))  # the kind of error, never its data
    user: Mapped[User] = relationship(innerjoin=True)
    consultation: Mapped[Consultation | None] = relationship()

    @classmethod
    def of_talk(
        cls, user: User, kind: NotificationKind, talk: Consultation, which: object = "", moment: datetime | None = None
    ) -> None:
        """`which` tells apart what may happen to one consultation more than once."""
        moment = moment or talk.starts_at
        cls._write(user, kind, f"{talk.id}:{which}", moment=moment, consultation_id=talk.id)

    @classmethod
    def of_request(cls, user: User, chat: Chat, request_id: int) -> None:
        cls._write(user, NotificationKind.REQUESTED, str(request_id), chat_id=chat.id)

    @classmethod
    def to_deliver(cls, id: int) -> Self | None:
        """With all that its words and its being news depend on."""
        people = joinedload(cls.consultation).joinedload(Consultation.chat)
        doctor = people.joinedload(Chat.doctor).joinedload(Doctor.user)
        loaded = joinedload(cls.user), people.joinedload(Chat.patient), doctor
        one = select(cls).options(*loaded).where(cls.id == id, cls.state == NotificationState.WAITING)
        return db.session.scalar(one)

    @classmethod
    def forget_old(cls) -> int:
        """What is on its way still stays, however old."""
        old = cls.created_at < clock.now() - timedelta(days=current_settings.keep_notifications)
        return forget(cls, old & (cls.state != NotificationState.WAITING))

    @property
    def is_stale(self) -> bool:
        """What it says is not so any more, or comes too late to be of use."""
        talk = self.consultation
        if talk is None:
            return False
        if self.kind is NotificationKind.TIME_WISHED:
            return talk.wish != self.moment
        if talk.starts_at != self.moment or talk.state_now not in TRUE_IN[self.kind]:
            return True
        if self.kind is NotificationKind.NEAR:
            return clock.now() >= talk.starts_at
        if self.kind is NotificationKind.READY:
            return clock.now() - self.created_at > AWAITED_FOR
        return self.kind is NotificationKind.LATE and talk.late_until(talk.other_than(self.user)) is None

    def arrive(self) -> None:
        self.state, self.delivered_at = NotificationState.DELIVERED, clock.now()

    def grow_stale(self) -> None:
        self.state = NotificationState.STALE

    def give_up(self, failure: str) -> None:
        self.state, self.failure = NotificationState.UNDELIVERABLE, failure[:120]

    @classmethod
    def _write(
        cls, user: User, kind: NotificationKind, which: str, moment: datetime | None = None, **link: int
    ) -> None:
        """With the job that delivers it; written before, it is written already."""
        dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
        row = {
            "user_id": user.id,
            "kind": kind,
            "moment": moment,
            "unique_key": f"{kind}:{user.id}:{which}",
            "channel": _channel_for(user, kind, moment),
        }
        written = dialect.insert(cls).values(row | link).on_conflict_do_nothing().returning(cls.id)
        id = db.session.scalar(written)
        if id is not None:
            Job.add(JobKind.NOTIFICATION, id)


def _channel_for(user: User, kind: NotificationKind, moment: datetime | None) -> Channel:
    """What presses for time goes to the phone in the hand; a letter may wait until it is read."""
    is_near = kind is NotificationKind.NEAR and moment is not None and moment - clock.now() <= TIME_PRESSES
    is_pressing = is_near or kind in (NotificationKind.READY, NotificationKind.LATE)
    return Channel.SMS if is_pressing or user.email is None else Channel.MAIL
