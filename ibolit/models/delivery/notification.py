"""Notifications of people who may be away: rows in the transaction of their cause, delivered by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self, cast

from sqlalchemy import CheckConstraint, ColumnElement, CursorResult, ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...config import current_settings
from ...extensions import Model, db
from ...services import clock
from ..chats import Chat, ChatMember
from ..consultations import Consultation
from ..doctors import Doctor
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..my_data import DataCopy
from ..night_hours import morning_after
from ..people import User
from ..purging import purge
from ..types import RowId, UtcDateTime, enum_column
from .kinds import (
    MANY_UNREAD,
    MONEY_KINDS,
    NO_SMS_BY_NIGHT,
    PUSH_AND_SMS,
    PUSH_ONLY,
    QUIET_HOURS_KINDS,
    SMS_AFTER,
    SMS_EVERY,
    SMS_THEN_EVERY,
    URGENT_KINDS,
    VALID_STATES,
    WAITING_IS_NEWS_FOR,
    WITHOUT_SMS,
    Channel,
    NotificationKind,
    NotificationState,
)
from .summary import NotificationSummary
from .writing import NotificationWriting, is_urgent_at


class Notification(NotificationWriting, NotificationSummary, Model):
    """Its link leads to a consultation, to a chat, or to a page of the person's own; `moment` is the time it speaks of.

    The channel is the way it goes, or would go if no push arrives. Of messages it tells from `seq` on.
    """

    __table_args__ = (
        CheckConstraint("consultation_id IS NULL OR chat_id IS NULL", "link"),
        Index("ix_notification_of_chat", "chat_id", "user_id", "delivered_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[NotificationKind] = mapped_column(enum_column(NotificationKind))
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    chat_id: Mapped[int | None] = mapped_column(ForeignKey("chat.id"))
    moment: Mapped[datetime | None] = mapped_column(UtcDateTime)
    urgent_from: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it is too late to be told
    seq: Mapped[int] = mapped_column(default=0, server_default="0")
    chats: Mapped[int] = mapped_column(default=1, server_default="1")  # so many it tells of after the quiet hours
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the doctor's quiet hours
    unique_key: Mapped[str] = mapped_column(String(120), unique=True)  # the same fact tells a person once
    channel: Mapped[Channel] = mapped_column(enum_column(Channel))
    state: Mapped[NotificationState] = mapped_column(enum_column(NotificationState), default=NotificationState.WAITING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(120))  # the kind of error, never its data
    user: Mapped[User] = relationship(innerjoin=True)
    consultation: Mapped[Consultation | None] = relationship()
    chat: Mapped[Chat | None] = relationship()

    # Look-ups

    @classmethod
    def to_deliver(cls, id: int) -> Self | None:
        """With all that its words and its being news depend on."""
        notification = cls._with_people(id)
        return notification if notification is not None and notification._is_under_way else None

    @classmethod
    def to_push(cls, id: int) -> Self | None:
        """What goes both ways is pushed however its SMS fared."""
        notification = cls._with_people(id)
        if notification is None or not (notification._is_under_way or notification.kind in PUSH_AND_SMS):
            return None
        return notification

    # Questions

    @classmethod
    def purge_old(cls) -> int:
        """What is on its way still stays, however old."""
        old = cls.created_at < clock.now() - timedelta(days=current_settings.keep_notifications)
        return purge(cls, old & (cls.state != NotificationState.WAITING))

    @property
    def is_stale(self) -> bool:
        """What it says is not so any more, or comes too late to be of use. Of messages claim() tells."""
        consultation = self.consultation
        if self.kind not in MONEY_KINDS and (self.has_lost_place or self._speaks_of_the_dead):
            return True
        if self.kind is NotificationKind.COPY_READY:
            return not DataCopy.is_kept_for(self.user)
        if self.kind is NotificationKind.COPY_FAILED:
            return not DataCopy.has_failed_for(self.user)
        if self.kind is NotificationKind.REQUESTED and self.chat is not None:
            return 0 < self.seq <= self._member().read_to or not self.chat.is_waiting
        if self.kind is NotificationKind.ENDS and self.chat is not None and self.chat.open_until is not None:
            return self.chat.open_until != self.moment or self.chat.open_until <= clock.now()
        if self.kind is NotificationKind.PROMISE and self.chat is not None:
            return self.chat.waiting_since != self.moment
        if self.kind in URGENT_KINDS and self.chat is not None:
            doctor = self.chat.member(self.chat.doctor.user_id)
            return not self.chat.is_urgent or doctor.read_to >= self.seq
        if consultation is None or self.kind in MONEY_KINDS:
            return False
        if self.kind is NotificationKind.RESCHEDULE_REQUESTED:
            return consultation.reschedule_request != self.moment
        if consultation.starts_at != self.moment or consultation.state_now not in VALID_STATES[self.kind]:
            return True
        if self.kind in (NotificationKind.NEAR, NotificationKind.WAITS):
            return clock.now() >= consultation.starts_at
        if self.kind is NotificationKind.READY:
            return clock.now() - self.created_at > WAITING_IS_NEWS_FOR
        return (
            self.kind is NotificationKind.LATE and consultation.late_until(consultation.other_than(self.user)) is None
        )

    @property
    def is_about_messages(self) -> bool:
        return self.kind is NotificationKind.MESSAGE

    @property
    def is_push_and_sms(self) -> bool:
        return self.kind in PUSH_AND_SMS

    @property
    def is_urgent(self) -> bool:
        """Somebody waits, or writes just now."""
        is_waited_for = self.is_push_and_sms or self.kind is NotificationKind.LATE
        return self.is_about_messages or is_waited_for or self.kind in (*URGENT_KINDS, NotificationKind.URGENT_SENT)

    @property
    def worth_keeping_until(self) -> datetime:
        """A phone that is off until then needs it no more."""
        if self.kind in (NotificationKind.READY, NotificationKind.LATE):
            return self.created_at + WAITING_IS_NEWS_FOR
        if self.kind is NotificationKind.NEAR and self.moment is not None:
            return self.moment
        return clock.now() + timedelta(days=1)

    @property
    def named_doctor(self) -> User | None:
        """Whose name a push may say: by the patient's own choice, and never a patient's."""
        chat, may_name = self._chat_it_is_of, self.user.push_names and self.user.is_patient and self.chats == 1
        return chat.doctor.user if chat and may_name else None

    def may_be_sent(self) -> bool:
        """Without a push."""
        return self.kind not in PUSH_ONLY and (self.channel is Channel.MAIL or self.kind not in WITHOUT_SMS)

    def rests_until(self, *, by_sms: bool = False) -> datetime | None:
        """Messages let people sleep; reminders and who waits do not."""
        now, doctor = clock.now(), self.user.doctor
        quiet = doctor.rests_until(now) if doctor and self.kind in QUIET_HOURS_KINDS else None
        is_by_day = self.kind in WITHOUT_SMS or (by_sms and self.kind in NO_SMS_BY_NIGHT)
        night = morning_after(now, self.user.zone) if is_by_day else None
        return max((moment for moment in (quiet, night) if moment), default=None)

    def expedite(self) -> None:
        """It was not sent yet, and what could wait for a letter to be read does not any more."""
        if self.channel is Channel.MAIL and is_urgent_at(self.user, self.kind, self.urgent_from):
            self.channel = Channel.SMS

    def sms_not_before(self) -> datetime | None:
        """Of messages: an hour after one about the same chat, a day after the third that changed nothing."""
        if not self.is_about_messages:
            return None
        same = Notification.chat_id == self.chat_id, Notification.user_id == self.user_id
        is_sent = Notification.channel != Channel.PUSH, Notification.delivered_at.is_not(None)
        unread = func.count(Notification.id).filter(Notification.seq > self._member().read_to)
        told = select(func.max(Notification.delivered_at), unread)
        told = told.where(*same, Notification.kind == self.kind, *is_sent)
        sent_at, times = db.session.execute(told).one()
        until: datetime | None = sent_at and sent_at + (SMS_EVERY if times < MANY_UNREAD else SMS_THEN_EVERY)
        return until if until is not None and until > clock.now() else None

    @classmethod
    def count_of(cls, user: User, kind: NotificationKind, consultation: Consultation) -> int:
        mine = cls.user_id == user.id, cls.kind == kind, cls.consultation_id == consultation.id
        return db.session.scalar(select(func.count()).where(*mine)) or 0

    # Verbs

    def hold(self, until: datetime) -> None:
        self.held_until = until

    def claim(self) -> bool:
        """False when all it tells of was read meanwhile. Commit before sending: what comes after has its own."""
        if not self.is_about_messages:
            return True
        if self.state is NotificationState.SENDING:  # a worker died with it, or the provider had no time
            return self._has_unread()
        if self.held_until is not None:
            advisory_lock(LockKind.NOTIFICATIONS, self.user_id)
        if not self._release():
            return False
        self.state = NotificationState.SENDING
        if self.held_until is not None:
            self._merge_held()
        return True

    def schedule_sms_if_unread(self) -> None:
        """No push arrived: by SMS or mail, unless it is read soon."""
        mine = ChatMember.notified_from_seq == 0, ChatMember.unread > 0
        if not self._move_member(*mine, notified_from_seq=self.seq):
            self.mark_stale()
            return
        self.state = NotificationState.WAITING
        Job.add(JobKind.NOTIFICATION, self.id, max(clock.now(), self.created_at + SMS_AFTER))

    def mark_delivered(self, channel: Channel) -> None:
        self.state, self.channel, self.delivered_at = NotificationState.DELIVERED, channel, clock.now()

    def mark_stale(self) -> None:
        self.state = NotificationState.STALE

    def give_up(self, failure: str) -> None:
        self.state, self.failure = NotificationState.UNDELIVERABLE, failure[:120]

    # Below: parts of the verbs

    @classmethod
    def _with_people(cls, id: int) -> Self | None:
        people = joinedload(cls.consultation).joinedload(Consultation.chat)
        doctor = people.joinedload(Chat.doctor).joinedload(Doctor.user)
        loaded = joinedload(cls.user), people.joinedload(Chat.patient), doctor
        return db.session.scalar(select(cls).options(*loaded).where(cls.id == id))

    @property
    def _is_under_way(self) -> bool:
        return self.state in (NotificationState.WAITING, NotificationState.SENDING)

    @property
    def _chat_it_is_of(self) -> Chat | None:
        return self.chat or (self.consultation.chat if self.consultation is not None else None)

    @property
    def has_lost_place(self) -> bool:
        """Whose place in the chat has ended: who stood in, who may not write for somebody any more."""
        chat_id = self.chat_id or (self.consultation.chat_id if self.consultation is not None else None)
        member = db.session.get(ChatMember, (chat_id, self.user_id), populate_existing=True)
        return member is not None and not member.is_here

    @property
    def _speaks_of_the_dead(self) -> bool:
        """Of them nobody hears but the doctor whose consultation is off; nor do they themselves."""
        chat = self._chat_it_is_of
        is_dead = self.user.died_at is not None or (chat is not None and chat.subject.died_at is not None)
        is_doctors = self.kind is NotificationKind.CANCELLED and self.user.is_doctor
        return is_dead and not is_doctors

    def _member(self) -> ChatMember:
        return db.session.get_one(ChatMember, (self.chat_id, self.user_id), populate_existing=True)

    def _has_unread(self) -> bool:
        return self._member().unread > 0

    def _release(self) -> bool:
        return self._move_member(ChatMember.notified_from_seq == self.seq, notified_from_seq=0)

    def _move_member(self, *only_if: ColumnElement[bool], notified_from_seq: int) -> bool:
        """In one step: a message that is sent at this moment is told of by this notification or by another."""
        mine = ChatMember.chat_id == self.chat_id, ChatMember.user_id == self.user_id
        moved = update(ChatMember).where(*mine, *only_if).values(notified_from_seq=notified_from_seq)
        return cast(CursorResult[object], db.session.execute(moved)).rowcount == 1

    def _merge_held(self) -> None:
        """One summary of the night: of the chats with the same end of quiet hours."""
        others = select(Notification).where(
            Notification.user_id == self.user_id,
            Notification.kind == self.kind,
            Notification.state == NotificationState.WAITING,
            Notification.held_until == self.held_until,
            Notification.id != self.id,
        )
        for other in db.session.scalars(others):
            self.chats += other._release()
            other.mark_stale()
