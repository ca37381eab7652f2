"""What a doctor proposes, and whether their time is free for it."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import ColumnElement, String, and_, false, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import ConsultationProposed, record
from ...extensions import db
from ...services import clock
from ..chats import Card, Chat, Message, submission_id
from ..doctors import Doctor
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime
from .states import CONFIRMED_STATES, ConsultationKind, ConsultationState
from .times import CLOSES_AFTER, LONGEST, PAYMENT_HOLDS

if TYPE_CHECKING:
    from .consultation import Consultation
    from .request import ConsultationRequest

PAID_AHEAD = timedelta(minutes=15)  # a paid start is at least so far away
HALF_AN_HOUR, LOOKS_AHEAD = timedelta(minutes=30), timedelta(days=14)
MORNING, EVENING = 8, 21  # o'clock, between which a time is suggested
OFFERED_HOURS, OFFERED = (10, 13, 17), 6  # o'clock; times to choose from


@dataclass(frozen=True)
class ProposalTerms:
    """What a doctor proposes. Price in kopecks, 0 for free."""

    kind: ConsultationKind
    starts_at: datetime
    minutes: int
    price: int
    note: str = ""


class KeptSpan(NamedTuple):
    """Some of a doctor's time that something proposed, agreed or held takes."""

    doctor_id: int
    starts_at: datetime
    ends_at: datetime
    consultation_id: int


class ConsultationBooking:
    """A consultation's facet for a doctor's time: what is proposed, taken, free; and how it was booked.

    What a patient has booked keeps a copy of what was shown: the type's title, kind, length, price, the refund rule.
    """

    type_id: Mapped[int | None] = mapped_column(RowId)  # AppointmentType, which is never deleted
    title: Mapped[str] = mapped_column(String(80), default="", server_default="")  # of the type
    is_booked: Mapped[bool] = mapped_column(default=False, server_default=false())  # by the patient, from free times
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)  # its expiry, else its start is
    refund_hours: Mapped[int | None]  # before the start, to which all comes back; none: the clinic's setting
    moved_by_patient: Mapped[int] = mapped_column(default=0, server_default="0")  # times, at once

    @classmethod
    def propose(
        cls: type[Consultation],
        chat: Chat,
        doctor: Doctor,
        terms: ProposalTerms,
        client_id: str,
        request: ConsultationRequest | None = None,
    ) -> Consultation:
        """A card in the chat; a repeated press is the same one. Raises TimeIsPast, TimeIsTooSoon, TimeIsTaken."""
        advisory_lock(LockKind.AGENDA, doctor.id)
        chat.lock()
        client_id = submission_id(client_id, terms)
        known = Message.by_client_id(doctor.user_id, client_id, chat.id)
        if known is not None:
            return db.session.scalars(cls.with_card_data().where(cls.message_id == known.id)).unique().one()
        ends_at = terms.starts_at + timedelta(minutes=terms.minutes)
        check_time(terms.starts_at, needs_payment=terms.price > 0)
        if cls.is_time_taken(doctor.id, terms.starts_at, ends_at):
            raise errors.TimeIsTaken
        message = chat.post_card(doctor.user, "Приглашение на консультацию", client_id, card=Card.CONSULTATION)
        consultation = cls(
            chat_id=chat.id,
            doctor_id=doctor.id,
            patient_id=chat.patient_id,
            message_id=message.id,
            request_id=request.id if request else None,
            kind=terms.kind,
            starts_at=terms.starts_at,
            ends_at=ends_at,
            price=terms.price,
            note=terms.note,
        )
        db.session.add(consultation)
        db.session.flush()
        if request is not None:
            chat.bump_revision(db.session.get_one(Message, request.message_id))
        Job.add(JobKind.CONSULTATION, consultation.id, due_at=consultation.next_due_at())
        record(ConsultationProposed(consultation.id))
        return consultation

    @classmethod
    def is_time_taken(
        cls: type[Consultation], doctor_id: int, start: datetime, end: datetime, but: int | None = None
    ) -> bool:
        """The doctor has something proposed or agreed at that time; take the agenda's lock first."""
        others = select(cls.id).where(*cls._kept_of(doctor_id, start, end))
        if but is not None:
            others = others.where(cls.id != but)
        return db.session.scalar(others.limit(1)) is not None

    @classmethod
    def kept_spans(
        cls: type[Consultation], doctor_ids: Collection[int], since: datetime, until: datetime, but: int | None = None
    ) -> list[KeptSpan]:
        """What of these doctors' time is taken between these moments, in one query."""
        spans = select(cls.doctor_id, cls.starts_at, cls.ends_at, cls.id)
        kept = spans.where(cls.doctor_id.in_(doctor_ids), *cls._is_kept(since, until))
        if but is not None:
            kept = kept.where(cls.id != but)
        return [KeptSpan(*row) for row in db.session.execute(kept).tuples()]

    @classmethod
    def next_free_time(cls: type[Consultation], doctor_id: int, zone: tzinfo) -> datetime:
        """The next free half hour of the doctor's day in their zone, an hour ahead at least. It is only suggested."""
        return next(cls._free_half_hours(doctor_id, zone), _first_half_hour())

    @classmethod
    def offered_times(cls: type[Consultation], doctor_id: int, zone: tzinfo) -> list[datetime]:
        """A few free times of the next days, to be chosen by one press. They are only suggested."""
        local = ((start, start.astimezone(zone)) for start in cls._free_half_hours(doctor_id, zone))
        whole_hours = (start for start, there in local if there.hour in OFFERED_HOURS and not there.minute)
        return list(islice(whole_hours, OFFERED))

    @classmethod
    def _free_half_hours(cls: type[Consultation], doctor_id: int, zone: tzinfo) -> Iterator[datetime]:
        first = _first_half_hour()
        times = select(cls.starts_at, cls.ends_at).where(*cls._kept_of(doctor_id, first, first + LOOKS_AHEAD))
        taken = db.session.execute(times).all()
        for half_hour in range(LOOKS_AHEAD // HALF_AN_HOUR):
            start = first + half_hour * HALF_AN_HOUR
            is_free = not any(begun < start + HALF_AN_HOUR and ended > start for begun, ended in taken)
            if is_free and MORNING <= start.astimezone(zone).hour < EVENING:
                yield start

    @classmethod
    def _kept_of(
        cls: type[Consultation], doctor_id: int, start: datetime, end: datetime
    ) -> tuple[ColumnElement[bool], ...]:
        """What of the doctor's holds some of that time."""
        return cls.doctor_id == doctor_id, *cls._is_kept(start, end)

    @classmethod
    def _is_kept(cls: type[Consultation], start: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
        now = clock.now()
        is_held = or_(cls.held_until.is_(None), cls.held_until > now)
        is_proposed = and_(cls.state == ConsultationState.PROPOSED, cls.starts_at > now - PAYMENT_HOLDS, is_held)
        is_kept = or_(is_proposed, and_(cls.state.in_(CONFIRMED_STATES), cls.ends_at > now - CLOSES_AFTER))
        is_near = cls.starts_at < end, cls.starts_at > start - LONGEST  # what the index knows
        return *is_near, cls.ends_at > start, is_kept


def _first_half_hour() -> datetime:
    """An hour ahead, then on to :00 or :30."""
    ahead = clock.now() + timedelta(hours=1)
    return datetime.fromtimestamp(-(-ahead.timestamp() // 1800) * 1800, UTC)


def check_time(start: datetime, *, needs_payment: bool) -> None:
    now = clock.now()
    if start <= now:
        raise errors.TimeIsPast
    if needs_payment and start < now + PAID_AHEAD:
        raise errors.TimeIsTooSoon
    if start > now + timedelta(days=366):
        raise errors.TimeIsTooFar
