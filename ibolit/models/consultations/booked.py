"""What a patient has booked by themselves from a doctor's free times: a hold to be paid, a wish, or agreed at once."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Mapped

from ...config import current_settings
from ...events import ConsultationMoved, ConsultationProposed, record
from ...extensions import db
from ...services import clock
from ..chats import Card, Chat, Message
from ..doctors import TimeOff
from ..job import Job, JobKind
from ..people import User
from .attendance import Attendance, Side
from .choosing import PAID_AHEAD
from .states import CONFIRMED_STATES, ConsultationKind, ConsultationState
from .times import CLOSES_AFTER, LONGEST

if TYPE_CHECKING:
    from .consultation import Consultation

HELD_FOR = timedelta(minutes=15)  # from the first press, never renewed
HOLDS_A_DAY = 4  # of one person, that were not paid
MISSED_WITHIN, MOST_MISSED = timedelta(days=90), 2  # after so many a free one waits for the doctor's yes
DAY = timedelta(days=1)


@dataclass(frozen=True)
class BookingTerms:
    """What the patient saw and chose, which is kept: price in kopecks, until how many hours before all comes back."""

    type_id: int
    starts_at: datetime
    kind: ConsultationKind
    minutes: int
    price: int
    refund_hours: int

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)


class ConsultationBooked:
    """A consultation's facet for what its patient has made."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        ended_at: Mapped[datetime | None]
        held_until: Mapped[datetime | None]
        refund_hours: Mapped[int | None]

    # Look-ups

    @classmethod
    def booked_by_press(cls: type[Consultation], chat: Chat, client_id: str) -> Consultation | None:
        """What this very press has made before."""
        mine = cls.chat_id == chat.id, cls.is_booked, Message.client_id == client_id
        made = cls.with_card_data().join(Message, Message.id == cls.message_id).where(*mine)
        return db.session.scalars(made).unique().one_or_none()

    @classmethod
    def live_hold_of(cls: type[Consultation], patient: User) -> Consultation | None:
        """The one time that is held for this person until it is paid."""
        held = cls.state == ConsultationState.PROPOSED, cls.is_booked, cls.held_until > clock.now()
        return db.session.scalar(select(cls).where(cls.patient_id == patient.id, *held).limit(1))

    @classmethod
    def unpaid_holds_of_day(cls: type[Consultation], patient: User) -> int:
        """Of the last 24 hours."""
        held = cls.is_booked, cls.held_until.is_not(None), cls.paid_at.is_(None), cls.created_at > clock.now() - DAY
        return db.session.scalar(select(func.count()).where(cls.patient_id == patient.id, *held)) or 0

    @classmethod
    def free_one_coming(cls: type[Consultation], chat: Chat) -> Consultation | None:
        """Booked for nothing with this doctor, and about the same person: agreed, or waiting for a yes."""
        mine = cls.chat_id == chat.id, cls.is_booked, cls.price == 0
        return db.session.scalar(select(cls).where(*mine, cls._may_take_place()).order_by(cls.starts_at).limit(1))

    @classmethod
    def overlapping(
        cls: type[Consultation], patient: User, start: datetime, end: datetime, but: int = 0
    ) -> Consultation | None:
        """The person's own at that time, with whatever doctor."""
        meets = cls.starts_at < end, cls.ends_at > start, cls.starts_at > start - LONGEST
        mine = select(cls).where(cls.patient_id == patient.id, cls.id != but, *meets, cls._may_take_place())
        return db.session.scalar(mine.order_by(cls.starts_at).limit(1))

    @classmethod
    def is_often_missed_by(cls: type[Consultation], patient: User) -> bool:
        """They did not come to two of the last 90 days."""
        came = select(Attendance.consultation_id).where(
            Attendance.consultation_id == cls.id,
            Attendance.side == Side.PATIENT,
            Attendance.first_ready_at.is_not(None),
        )
        mine = cls.patient_id == patient.id, cls.starts_at > clock.now() - MISSED_WITHIN
        missed = select(func.count()).where(*mine, cls.state == ConsultationState.MISSED, ~came.exists())
        return (db.session.scalar(missed) or 0) >= MOST_MISSED

    # Questions

    @property
    def was_hold(self: Consultation) -> bool:
        """Its patient took its time to pay for it within a while, whether they did or not."""
        return self.is_booked and self.held_until is not None

    @property
    def is_hold(self: Consultation) -> bool:
        """Its patient's, for as long as `held_until` says, to be paid."""
        return self.was_hold and self.state_now is ConsultationState.PROPOSED

    def held_for(self: Consultation, viewer: User) -> datetime | None:
        """Until when its time is this person's to pay for."""
        return self.held_until if self.is_hold and viewer.id == self.patient_id else None

    @property
    def is_wish(self: Consultation) -> bool:
        """Its patient's, which waits for the doctor's yes."""
        return self._is_asked_of_doctor and self.state_now is ConsultationState.PROPOSED

    @property
    def has_hold_lapsed(self: Consultation) -> bool:
        """Nobody paid in time, and nothing else has become of it."""
        return self.was_hold and self.state_now is ConsultationState.EXPIRED

    @property
    def who_confirms(self: Consultation) -> User:
        """Whose yes makes it agreed: the patient's to a proposal, the doctor's to a wish."""
        return self.doctor.user if self._is_asked_of_doctor else self.patient

    @property
    def promised_refund_hours(self: Consultation) -> int:
        """So many before its start all comes back: those that its patient saw, else the clinic's setting."""
        return current_settings.refund_hours if self.refund_hours is None else self.refund_hours

    def may_be_paid_late(self: Consultation) -> bool:
        """Its hold has lapsed, but its time is free still and far enough ahead; under the lock of the agenda."""
        is_over = not self.has_hold_lapsed or self.starts_at < clock.now() + PAID_AHEAD
        if is_over or self.doctor.hidden or self.chat.has_patient_left:
            return False
        is_away = any(begins < self.ends_at for begins, _ in TimeOff.spans_of(self.doctor, self.starts_at))
        return not is_away and not self.kept_spans([self.doctor_id], self.starts_at, self.ends_at, self.id)

    def picks_new_time(self: Consultation, viewer: User) -> bool:
        """Its patient moves it by free times: it was booked by one, and its doctor offers something still."""
        is_own = viewer.id == self.patient_id and self.type_id is not None
        return is_own and self.doctor.takes_bookings and self.may_be_moved()

    def may_be_booked_again_by(self: Consultation, viewer: User) -> bool:
        return self.chat.may_be_booked_by(viewer)

    # Verbs

    @classmethod
    def place(
        cls: type[Consultation],
        chat: Chat,
        patient: User,
        terms: BookingTerms,
        *,
        title: str,
        client_id: str,
        at_once: bool,
    ) -> Consultation:
        """A card in the chat: what is paid is held, what is free is agreed `at_once` or is a wish. Under the locks of
        booking.book(). The doctor owes an answer to a wish alone."""
        chat.refuse_agreements_of(patient)
        said, is_wish = "Запись на консультацию", not terms.price and not at_once
        if is_wish:
            message = chat.post_card(patient, said, client_id, card=Card.CONSULTATION)
        else:
            message = chat.post_system_card(said, client_id, Card.CONSULTATION, by=patient.id)
        consultation = cls(
            chat_id=chat.id,
            doctor_id=chat.doctor_id,
            patient_id=patient.id,
            message_id=message.id,
            is_booked=True,
            title=title,
            held_until=clock.now() + HELD_FOR if terms.price else None,
            type_id=terms.type_id,
            kind=terms.kind,
            starts_at=terms.starts_at,
            ends_at=terms.ends_at,
            price=terms.price,
            refund_hours=terms.refund_hours,
        )
        db.session.add(consultation)
        db.session.flush()
        Job.add(JobKind.CONSULTATION, consultation.id, due_at=consultation.next_due_at())
        record(ConsultationProposed(consultation.id))
        if not terms.price and at_once:
            consultation.agree(by=patient)
        return consultation

    def move_at_once(self: Consultation, start: datetime) -> None:
        """By its patient, with nobody asked; decided by booking.move() under the agenda's lock and its own."""
        from_start = self.starts_at
        self.moved_by_patient += 1
        self.shift_to(start)
        record(ConsultationMoved(self.id, self.patient_id, from_start, was_agreed=True))
        Job.expedite(JobKind.CONSULTATION, self.id)
        self.bump_revision()

    def end_wait_for_wish(self: Consultation) -> None:
        """The doctor has answered it, or it is taken back: nobody waits for a word any more."""
        if self._is_asked_of_doctor:
            self.chat.dismiss(self.message.seq)

    # Below: parts of these

    @property
    def _is_asked_of_doctor(self: Consultation) -> bool:
        return self.is_booked and not self.price

    @classmethod
    def _may_take_place(cls: type[Consultation]) -> ColumnElement[bool]:
        now = clock.now()
        is_held = or_(cls.held_until.is_(None), cls.held_until > now)
        is_proposed = and_(cls.state == ConsultationState.PROPOSED, cls.starts_at > now, is_held)
        return or_(is_proposed, and_(cls.state.in_(CONFIRMED_STATES), cls.ends_at > now - CLOSES_AFTER))
