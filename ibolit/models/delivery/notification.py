"""What people must learn who may not be looking: rows in the transaction of their cause, delivered by the worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Self, cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    CursorResult,
    Executable,
    ForeignKey,
    Index,
    String,
    Table,
    func,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...config import current_settings
from ...database import advisory_lock
from ...extensions import Model, db
from ...services import clock
from ..chats import Chat, ChatMember
from ..consultations import COMING, Consultation, ConsultationState
from ..doctors import Doctor
from ..job import Job, JobKind
from ..night_hours import morning_after
from ..payments import Payment, Refund
from ..people import User
from ..purging import purge
from ..types import RowId, UtcDateTime, word_of
from .push_subscription import PushSubscription

TIME_PRESSES = timedelta(hours=1)
DAY_PRESSES = timedelta(hours=3)
AWAITED_FOR = timedelta(minutes=5)  # who hears later than this that somebody waits would come to an empty screen
LOOKS_WITHIN = timedelta(seconds=10)  # who has a page open may be reading it just now
READ_WITHIN = timedelta(minutes=10)  # no SMS about what is read soon
SMS_EVERY = timedelta(hours=1)  # about messages of one chat
OFTEN, SMS_THEN_EVERY = 3, timedelta(days=1)  # about those that stay unread


class NotificationKind(StrEnum):
    MESSAGE = "message"
    PAID = "paid"
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
    CORRECTED = "corrected"  # the conclusion was
    DECIDED = "decided"  # what becomes of money that may go back
    RETURNED = "returned"  # money that came in vain goes back
    WAITS = "waits"  # for the patient's yes or his money
    ENDS = "ends"  # the chat's time does


# Too dear to be missed: also by SMS or mail, whether it was pushed or not.
BOTH_WAYS = (NotificationKind.NEAR, NotificationKind.READY)


# What turns a day over: for a time of today it goes to the phone in the hand.
TURNS = (
    NotificationKind.PROPOSED,
    NotificationKind.CONFIRMED,
    NotificationKind.TIME_WISHED,
    NotificationKind.TIME_DECLINED,
    NotificationKind.MOVED,
    NotificationKind.CANCELLED,
)

# They let people sleep: doctors have quiet hours of their own, and no SMS of these goes out by night.
LET_SLEEP = (NotificationKind.MESSAGE, NotificationKind.REQUESTED)
GOES_BACK = (NotificationKind.DECIDED, NotificationKind.RETURNED)
NO_SMS_BY_NIGHT = (*LET_SLEEP, *GOES_BACK)

# By push or mail, by day; the screen says it, too, and no SMS is paid for it.
WITHOUT_SMS = (NotificationKind.WAITS, NotificationKind.ENDS)


class Channel(StrEnum):
    PUSH = "push"
    SMS = "sms"
    MAIL = "mail"


class NotificationState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"  # of messages: those after it have a notification of their own
    DELIVERED = "delivered"
    STALE = "stale"  # it was no news any more when it could be sent, or another told of it, too
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
    NotificationKind.CORRECTED: tuple(ConsultationState),
    NotificationKind.WAITS: (ConsultationState.PROPOSED,),
}


class Notification(Model):
    """Its link leads to a consultation or to a chat; `moment` is the time it speaks of.

    The channel is the way it goes, or would go if no push arrives. Of messages it tells from `seq` on.
    """

    __table_args__ = (
        CheckConstraint("(consultation_id IS NULL) <> (chat_id IS NULL)", "link"),
        Index("ix_notification_of_chat", "chat_id", "user_id", "delivered_at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    kind: Mapped[NotificationKind] = mapped_column(word_of(NotificationKind))
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    chat_id: Mapped[int | None] = mapped_column(ForeignKey("chat.id"))
    moment: Mapped[datetime | None] = mapped_column(UtcDateTime)
    presses_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when it is too late to be told
    seq: Mapped[int] = mapped_column(default=0)
    chats: Mapped[int] = mapped_column(default=1)  # so many it tells of after the quiet hours
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the doctor's quiet hours
    unique_key: Mapped[str] = mapped_column(String(120), unique=True)  # the same fact tells a person once
    channel: Mapped[Channel] = mapped_column(word_of(Channel))
    state: Mapped[NotificationState] = mapped_column(word_of(NotificationState), default=NotificationState.WAITING)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failure: Mapped[str | None] = mapped_column(String(120))  # the kind of error, never its data
    user: Mapped[User] = relationship(innerjoin=True)
    consultation: Mapped[Consultation | None] = relationship()
    chat: Mapped[Chat | None] = relationship()

    # Writing

    @classmethod
    def of_talk(
        cls,
        user: User,
        kind: NotificationKind,
        talk: Consultation,
        which: object = "",
        moment: datetime | None = None,
        presses_at: datetime | None = None,
    ) -> None:
        """`which` tells apart what may happen to one consultation more than once.

        It speaks of the `moment`, and is of use until `presses_at`: who waits for the old start must know before it.
        """
        moment = moment or talk.starts_at
        told = {"moment": moment, "presses_at": min(moment, presses_at or moment)}
        cls._write(user, kind, f"{talk.id}:{which}", told, consultation_id=talk.id)

    @classmethod
    def of_request(cls, user: User, chat: Chat, request_id: int, seq: int) -> None:
        cls._write(user, NotificationKind.REQUESTED, str(request_id), chat_id=chat.id, seq=seq)

    @classmethod
    def of_end(cls, chat: Chat) -> None:
        assert chat.open_until is not None
        which, told = f"{chat.id}:{chat.open_until.timestamp():.0f}", {"moment": chat.open_until}
        cls._write(chat.patient, NotificationKind.ENDS, which, told, chat_id=chat.id)

    @classmethod
    def of_payment(cls, payment: Payment) -> None:
        which = str(payment.id)
        if payment.consultation_id is None:
            cls._write(payment.payer, NotificationKind.PAID, which, chat_id=payment.chat_id)
        else:
            cls._write(payment.payer, NotificationKind.PAID, which, consultation_id=payment.consultation_id)

    @classmethod
    def of_decision(cls, refund: Refund) -> None:
        """It leads to the card, or to where all one's payments are."""
        payment, which = refund.payment, f"{refund.id}:{refund.state}"
        kind = NotificationKind.RETURNED if refund.is_automatic else NotificationKind.DECIDED
        if payment.consultation_id is None:
            cls._write(payment.payer, kind, which, chat_id=payment.chat_id)
        else:
            cls._write(payment.payer, kind, which, consultation_id=payment.consultation_id)

    @classmethod
    def of_message(cls, member: ChatMember, seq: int, *, has_page_open: bool) -> None:
        """One a chat is under way at a time; the chat's lock is held."""
        if member.notified_from_seq:
            return
        member.notified_from_seq = seq
        user = db.session.get_one(User, member.user_id)
        id = cls._insert(user, NotificationKind.MESSAGE, f"{member.chat_id}:{seq}", chat_id=member.chat_id, seq=seq)
        if id is None:
            return
        if PushSubscription.reaches(user.id):
            Job.add(JobKind.PUSH, id, clock.now() + LOOKS_WITHIN if has_page_open else None)
        else:
            Job.add(JobKind.NOTIFICATION, id, clock.now() + READ_WITHIN)

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
        if notification is None or not (notification._is_under_way or notification.kind in BOTH_WAYS):
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
        """What it says is not so any more, or comes too late to be of use. Of messages take() tells."""
        talk = self.consultation
        if self.kind is NotificationKind.REQUESTED and self.chat is not None:
            return 0 < self.seq <= self._member().read_to or not self.chat.awaits_reply
        if self.kind is NotificationKind.ENDS and self.chat is not None and self.chat.open_until is not None:
            return self.chat.open_until != self.moment or self.chat.open_until <= clock.now()
        if talk is None or self.kind in (NotificationKind.PAID, *GOES_BACK):
            return False
        if self.kind is NotificationKind.TIME_WISHED:
            return talk.wish != self.moment
        if talk.starts_at != self.moment or talk.state_now not in TRUE_IN[self.kind]:
            return True
        if self.kind in (NotificationKind.NEAR, NotificationKind.WAITS):
            return clock.now() >= talk.starts_at
        if self.kind is NotificationKind.READY:
            return clock.now() - self.created_at > AWAITED_FOR
        return self.kind is NotificationKind.LATE and talk.late_until(talk.other_than(self.user)) is None

    @property
    def is_of_messages(self) -> bool:
        return self.kind is NotificationKind.MESSAGE

    @property
    def goes_both_ways(self) -> bool:
        return self.kind in BOTH_WAYS

    @property
    def is_urgent(self) -> bool:
        """Somebody waits, or writes just now."""
        return self.is_of_messages or self.goes_both_ways or self.kind is NotificationKind.LATE

    @property
    def worth_keeping_until(self) -> datetime:
        """A phone that is off until then needs it no more."""
        if self.kind in (NotificationKind.READY, NotificationKind.LATE):
            return self.created_at + AWAITED_FOR
        if self.kind is NotificationKind.NEAR and self.moment is not None:
            return self.moment
        return clock.now() + timedelta(days=1)

    @property
    def named_doctor(self) -> User | None:
        """Whose name a push may say: by the patient's own choice, and never a patient's."""
        chat = self.chat or (self.consultation.chat if self.consultation else None)
        may_name = self.user.push_names and self.user.is_patient and self.chats == 1
        return chat.doctor.user if chat and may_name else None

    def may_be_sent(self) -> bool:
        """Without a push."""
        return self.channel is Channel.MAIL or self.kind not in WITHOUT_SMS

    def rests_until(self, *, by_sms: bool = False) -> datetime | None:
        """Messages let people sleep; reminders and who waits do not."""
        now, doctor = clock.now(), self.user.doctor
        quiet = doctor.rests_until(now) if doctor and self.kind in LET_SLEEP else None
        is_by_day = self.kind in WITHOUT_SMS or (by_sms and self.kind in NO_SMS_BY_NIGHT)
        night = morning_after(now, self.user.zone) if is_by_day else None
        return max((moment for moment in (quiet, night) if moment), default=None)

    def expedite(self) -> None:
        """It was not sent yet, and what could wait for a letter to be read does not any more."""
        if self.channel is Channel.MAIL and _presses(self.user, self.kind, self.presses_at):
            self.channel = Channel.SMS

    def sms_waits_until(self) -> datetime | None:
        """Of messages: an hour after one about the same chat, a day after the third that changed nothing."""
        if not self.is_of_messages:
            return None
        same = Notification.chat_id == self.chat_id, Notification.user_id == self.user_id
        is_sent = Notification.channel != Channel.PUSH, Notification.delivered_at.is_not(None)
        unread = func.count(Notification.id).filter(Notification.seq > self._member().read_to)
        told = select(func.max(Notification.delivered_at), unread)
        told = told.where(*same, Notification.kind == self.kind, *is_sent)
        sent_at, times = db.session.execute(told).one()
        until: datetime | None = sent_at and sent_at + (SMS_EVERY if times < OFTEN else SMS_THEN_EVERY)
        return until if until is not None and until > clock.now() else None

    @classmethod
    def count_of(cls, user: User, kind: NotificationKind, talk: Consultation) -> int:
        mine = cls.user_id == user.id, cls.kind == kind, cls.consultation_id == talk.id
        return db.session.scalar(select(func.count()).where(*mine)) or 0

    # Verbs

    def hold(self, until: datetime) -> None:
        self.held_until = until

    def take(self) -> bool:
        """False when all it tells of was read meanwhile. Commit before sending: what comes after has its own."""
        if not self.is_of_messages:
            return True
        if self.state is NotificationState.SENDING:  # a worker died with it, or the provider had no time
            return self._has_unread()
        if self.held_until is not None:
            advisory_lock(db.session, f"telling:{self.user_id}")
        if not self._let_go():
            return False
        self.state = NotificationState.SENDING
        if self.held_until is not None:
            self._tell_of_others_held()
        return True

    def await_reading(self) -> None:
        """No push arrived: by SMS or mail, unless it is read soon."""
        mine = ChatMember.notified_from_seq == 0, ChatMember.unread > 0
        if not self._move_member(*mine, notified_from_seq=self.seq):
            self.grow_stale()
            return
        self.state = NotificationState.WAITING
        Job.add(JobKind.NOTIFICATION, self.id, max(clock.now(), self.created_at + READ_WITHIN))

    def arrive(self, channel: Channel) -> None:
        self.state, self.channel, self.delivered_at = NotificationState.DELIVERED, channel, clock.now()

    def grow_stale(self) -> None:
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

    def _member(self) -> ChatMember:
        return db.session.get_one(ChatMember, (self.chat_id, self.user_id), populate_existing=True)

    def _has_unread(self) -> bool:
        return self._member().unread > 0

    def _let_go(self) -> bool:
        return self._move_member(ChatMember.notified_from_seq == self.seq, notified_from_seq=0)

    def _move_member(self, *only_if: ColumnElement[bool], notified_from_seq: int) -> bool:
        """In one step: a message that is sent at this moment is told of by this notification or by another."""
        mine = ChatMember.chat_id == self.chat_id, ChatMember.user_id == self.user_id
        moved = update(ChatMember).where(*mine, *only_if).values(notified_from_seq=notified_from_seq)
        return cast(CursorResult[object], db.session.execute(moved)).rowcount == 1

    def _tell_of_others_held(self) -> None:
        """One summary of the night: of the chats with the same end of quiet hours."""
        others = select(Notification).where(
            Notification.user_id == self.user_id,
            Notification.kind == self.kind,
            Notification.state == NotificationState.WAITING,
            Notification.held_until == self.held_until,
            Notification.id != self.id,
        )
        for other in db.session.scalars(others):
            self.chats += other._let_go()
            other.grow_stale()

    @classmethod
    def _write(
        cls, user: User, kind: NotificationKind, which: str, told: dict[str, datetime] | None = None, **link: int
    ) -> None:
        """With the jobs that deliver it; written before, it is written already."""
        has_push = PushSubscription.reaches(user.id)
        if kind in WITHOUT_SMS and not has_push and user.email is None:
            return
        id = cls._insert(user, kind, which, told, **link)
        if id is None:
            return
        if has_push:
            Job.add(JobKind.PUSH, id)
        if not has_push or kind in BOTH_WAYS:
            Job.add(JobKind.NOTIFICATION, id)

    @classmethod
    def _insert(
        cls, user: User, kind: NotificationKind, which: str, told: dict[str, datetime] | None = None, **more: int
    ) -> int | None:
        times = {"moment": None, "presses_at": None} | (told or {})
        presses = user.email is None or _presses(user, kind, times["presses_at"])
        row: dict[str, object] = {
            "user_id": user.id,
            "kind": kind,
            "unique_key": f"{kind}:{user.id}:{which}",
            "channel": Channel.SMS if presses else Channel.MAIL,
        } | times
        id: int | None = db.session.connection().scalar(_insert_or_ignore(db.engine.dialect.name), row | more)
        return id


def _presses(user: User, kind: NotificationKind, moment: datetime | None) -> bool:
    """Without a push it goes to the phone in the hand; a letter may wait until it is read."""
    if user.phone is None:
        return False
    if kind in (NotificationKind.READY, NotificationKind.LATE):
        return True
    if moment is None:
        return False
    left = moment - clock.now()
    if kind is NotificationKind.NEAR:
        return left <= TIME_PRESSES
    is_today = moment.astimezone(user.zone).date() <= clock.now().astimezone(user.zone).date()
    return kind in TURNS and (left <= DAY_PRESSES or is_today)


@cache
def _insert_or_ignore(dialect: str) -> Executable:
    """Done with many a message, so it is built once."""
    table = cast(Table, Notification.__table__)
    insert = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    written: Executable = insert.on_conflict_do_nothing().returning(table.c.id)
    return written
