"""A consultation of a patient with a doctor: proposed in the chat, confirmed or paid, begun when both are ready.

Whatever changes one holds its lock: its payments and its chat. What time alone makes of it is shown by state_at() at
once and written by the worker, or by whoever does something with it next.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Self

from sqlalchemy import BindParameter, CheckConstraint, Column, ForeignKey, Index, Select, String, bindparam, select
from sqlalchemy.orm import Mapped, attribute_keyed_dict, joinedload, mapped_column, relationship, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from ... import errors
from ...events import ConsultationChanged, record
from ...extensions import Model, db
from ...services import clock
from ..chats import Card, Chat, Message, register_card
from ..doctors import Doctor
from ..locking import Lockable, LockKind, advisory_lock
from ..payments import Payment
from ..people import User
from ..types import RowId, UtcDateTime, enum_column
from .agreement import ConsultationAgreement
from .attendance import Attendance, ConsultationAttendance, Side
from .booked import ConsultationBooked
from .booking import ConsultationBooking
from .child_consent import ChildConsent, ConsultationChildConsent
from .choosing import ConsultationChoosing, TimeOption
from .course import ConsultationCourse
from .deadlines import ConsultationDeadlines
from .in_chat import ConsultationInChat
from .rescheduling import ConsultationRescheduling
from .sides import ConsultationSides
from .states import TRANSITIONS, CancellationReason, ConsultationKind, ConsultationState
from .summary import ConsultationSummary
from .times import ConsultationTimes

if TYPE_CHECKING:
    from .conclusion import Conclusion
    from .intake_questionnaire import IntakeQuestionnaire
    from .review import Review

# What processes of 0.1.0 still read and write (migration 0024): a row a side of `attendance` has taken their place.
RETIRED = (
    "patient_ready_at",
    "doctor_ready_at",
    "patient_first_ready_at",
    "doctor_first_ready_at",
    "patient_late_at",
    "doctor_late_at",
)


class Consultation(
    ConsultationSides,
    ConsultationBooking,
    ConsultationChoosing,
    ConsultationBooked,
    ConsultationTimes,
    ConsultationAttendance,
    ConsultationAgreement,
    ConsultationRescheduling,
    ConsultationCourse,
    ConsultationDeadlines,
    ConsultationChildConsent,
    ConsultationSummary,
    ConsultationInChat,
    Lockable,
    Model,
):
    """What a doctor proposed to a patient, and what became of it. Its look-ups bring whatever a card shows."""

    LONGEST_NOTE = 500

    __table_args__ = (
        Index("ix_consultation_of_patient", "patient_id", "starts_at", "id"),
        Index("ix_consultation_of_doctor", "doctor_id", "starts_at", "id"),
        Index("ix_consultation_of_chat", "chat_id", "starts_at"),
        CheckConstraint("ends_at > starts_at", "times"),
        CheckConstraint("price >= 0", "price"),
        *(Column(name, UtcDateTime) for name in RETIRED),
    )
    __mapper_args__ = {"exclude_properties": RETIRED}

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("consultation_request.id"), index=True)
    state: Mapped[ConsultationState] = mapped_column(enum_column(ConsultationState), default=ConsultationState.PROPOSED)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)  # as planned
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[ConsultationKind] = mapped_column(enum_column(ConsultationKind))
    price: Mapped[int]  # kopecks, 0: free
    note: Mapped[str] = mapped_column(String(LONGEST_NOTE), default="")
    sequence: Mapped[int] = mapped_column(default=0)  # of what a calendar must learn (RFC 5545, 3.8.7.4)
    proposed_start: Mapped[datetime | None] = mapped_column(UtcDateTime)  # requested beside the agreed time
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    moved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # when both agreed on the start as it is now
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    was_moved_by_doctor: Mapped[bool] = mapped_column(default=False)  # since it was paid
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # or agreed to be moved, if that was later
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    cancel_reason: Mapped[CancellationReason | None] = mapped_column(enum_column(CancellationReason))
    callback_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    chat: Mapped[Chat] = relationship(innerjoin=True, viewonly=True)
    message: Mapped[Message] = relationship(innerjoin=True, viewonly=True)
    payments: Mapped[list[Payment]] = relationship(back_populates="consultation", order_by=Payment.id)
    attendances: Mapped[dict[Side, Attendance]] = relationship(
        collection_class=attribute_keyed_dict("side"), cascade="all, delete-orphan"
    )
    time_options: Mapped[list[TimeOption]] = relationship(cascade="all, delete-orphan", order_by=TimeOption.starts_at)
    child_consents: Mapped[list[ChildConsent]] = relationship(order_by=ChildConsent.id, viewonly=True)
    # What is written of it (conclusion.py); its verbs there keep these up to date.
    questionnaire: Mapped[IntakeQuestionnaire | None] = relationship(viewonly=True)
    review: Mapped[Review | None] = relationship(viewonly=True)
    conclusions: Mapped[list[Conclusion]] = relationship(order_by="Conclusion.version", viewonly=True)

    # Look-ups

    @classmethod
    def find_for(cls, user: User, id: int) -> Consultation | None:
        """The person's own by its number, as its patient or its doctor."""
        return cls._find(user, id, anew=False)

    @classmethod
    def locked_for(cls, user: User, id: int) -> Consultation | None:
        """The same under its lock: what is read of it stays true until the commit."""
        cls._lock_rows(id)
        consultation = cls._find(user, id, anew=True)
        if consultation is not None:
            consultation.remember_lock()
        return consultation

    @classmethod
    def find_led_by(cls, user: User, id: int) -> Consultation | None:
        """The same for the doctor who leads it alone."""
        return cls.find_for(user, id) if user.doctor is not None else None

    @classmethod
    def with_card_data(cls, *, at_once: bool = False) -> Select[tuple[Self]]:
        """With everything a card shows; a few of them in one statement, for pages that ask for much else."""
        people = joinedload(cls.chat)
        return select(cls).options(
            people.joinedload(Chat.patient),
            people.joinedload(Chat.dependant),
            people.joinedload(Chat.doctor).joinedload(Doctor.user),
            joinedload(cls.message),
            *cls.card_parts(at_once=at_once),
        )

    @classmethod
    def card_parts(cls, *, at_once: bool = False) -> tuple[ORMOption, ...]:
        """The same but for chat, people and message, which a page of a chat has at hand."""
        lists = joinedload if at_once else selectinload
        return (
            joinedload(cls.attendances),
            joinedload(cls.time_options),
            joinedload(cls.child_consents),
            joinedload(cls.questionnaire),
            joinedload(cls.review),
            lists(cls.conclusions),
            lists(cls.payments).joinedload(Payment.refunds),
        )

    @classmethod
    def of_messages(cls, ids: Sequence[int]) -> Sequence[Consultation]:
        """For the cards of a page of a chat, which is loaded with its people."""
        return db.session.scalars(_of_messages(), {"messages": ids}).unique().all()

    # Questions

    @property
    def is_paid(self) -> bool:  # somebody's money was taken for it, whatever became of the money later
        return self.paid_at is not None

    @property
    def reschedule_request(self) -> datetime | None:
        """Another time somebody asks for; it lapses at the old start."""
        return self.proposed_start if self.may_be_moved() else None

    @property
    def may_be_in_calendars(self) -> bool:
        """It was agreed on at some time."""
        return self.confirmed_at is not None

    @property
    def was_moved_in_calendars(self) -> bool:
        """Its first number is of being agreed, each more of a change."""
        return self.state is ConsultationState.CONFIRMED and self.sequence > 1

    def reschedule_request_from_other(self, user: User) -> datetime | None:
        """The time the other side asks for."""
        return self.reschedule_request if self.proposed_by_id != user.id else None

    # For all who change it: its own verbs, another time, the worker, what is written of it

    def remember_lock(self) -> None:
        """With the chat's, which it brings with it."""
        super().remember_lock()
        self.chat.remember_lock()

    def lock_for(self, user: User, expected: datetime | None = None) -> None:
        """Locked, with what time made of it written.

        Raises ConsultationHasChanged when its start is not `expected`, or the person no side of it.
        """
        self._own_side(user)
        self.lock()
        self.apply_due_transition()
        if expected is not None and expected != self.starts_at:
            raise errors.ConsultationHasChanged

    def bump_revision(self) -> None:
        """Its card takes the chat's next revision, and open screens get it. Under the chat's lock."""
        self.chat.lock()
        self.chat.revision += 1
        self.message.revision = self.chat.revision
        record(ConsultationChanged(self.chat_id, self.id, self.chat.revision))

    # Below: parts of these

    @classmethod
    def _find(cls, user: User, id: int, *, anew: bool) -> Consultation | None:
        leads = user.doctor is not None
        side = user.doctor.id if user.doctor is not None else user.id
        found = db.session.scalars(_one_of(leads=leads, anew=anew), {"id": id, "side": side, "now": clock.now()})
        return found.unique().one_or_none()

    @classmethod
    def _lock_rows(cls, id: int) -> None:
        """First its payments, then its chat, as payments do. On SQLite whoever may write is alone."""
        if db.engine.dialect.name != "postgresql":
            return
        advisory_lock(LockKind.CONSULTATION, id)
        payments = select(Payment.id).where(Payment.consultation_id == id).order_by(Payment.id)
        db.session.execute(payments.with_for_update())
        chat = select(Chat.id).where(Chat.id == select(cls.chat_id).where(cls.id == id).scalar_subquery())
        db.session.execute(chat.with_for_update())

    def _take_lock(self) -> None:
        self._lock_rows(self.id)
        db.session.scalars(_one(), {"id": self.id}).unique().one()

    def _become(self, state: ConsultationState) -> None:
        if state not in TRANSITIONS[self.state]:
            raise RuntimeError(f"{self.state} is not followed by {state}")
        self.state = state
        self.sequence += 1
        db.session.flush()
        self.open_chat()


# Asked with every press. SQLAlchemy spends more on building such a statement than on running it: each is built once.


@cache
def _of_messages() -> Select[tuple[Consultation]]:
    whole = select(Consultation).options(*Consultation.card_parts(at_once=True))
    return whole.where(Consultation.message_id.in_(bindparam("messages", expanding=True)))


@cache
def _one() -> Select[tuple[Consultation]]:
    return _with_listeners().where(Consultation.id == bindparam("id")).execution_options(populate_existing=True)


@cache
def _one_of(*, leads: bool, anew: bool) -> Select[tuple[Consultation]]:
    side: BindParameter[int] = bindparam("side")
    one = _with_listeners().where(Consultation.id == bindparam("id"), Consultation.chat_id.not_in(Chat.erased()))
    if leads:
        one = one.where(Consultation.doctor_id == side)
    else:
        is_shown = Consultation.is_shown_to(side, bindparam("now", type_=UtcDateTime))
        one = one.where(Consultation.patient_id == side, is_shown)
    return one.execution_options(populate_existing=True) if anew else one


def _with_listeners() -> Select[tuple[Consultation]]:
    """Whoever changes one tells the members of its chat."""
    return Consultation.with_card_data(at_once=True).options(joinedload(Consultation.chat).joinedload(Chat.members))


register_card(Card.CONSULTATION, Consultation.of_messages)
