"""What a doctor proposes, and whether their time is free for it."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    String,
    and_,
    cast,
    extract,
    false,
    or_,
    select,
    union_all,
)
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
from .choosing import MOST_TIMES, PAID_AHEAD, TimeOption, choice_lasts_until
from .states import CONFIRMED_STATES, ConsultationKind, ConsultationState
from .times import CLOSES_AFTER, LONGEST, PAYMENT_HOLDS

if TYPE_CHECKING:
    from .consultation import Consultation
    from .request import ConsultationRequest

HALF_AN_HOUR, LOOKS_AHEAD = timedelta(minutes=30), timedelta(days=14)
MORNING, EVENING = 8, 21  # o'clock, between which a time is suggested
OFFERED_HOURS, OFFERED = (10, 13, 17), 6  # o'clock; times to choose from
NEAREST = 3  # free times told beside one that is taken


@dataclass(frozen=True)
class ProposalTerms:
    """What a doctor proposes. Price in kopecks, 0 for free; `other_starts`: times to choose from beside the first."""

    kind: ConsultationKind
    starts_at: datetime
    minutes: int
    price: int
    note: str = ""
    other_starts: tuple[datetime, ...] = ()

    @property
    def starts(self) -> list[datetime]:
        """In their order, each once; what is more than one may offer is left out."""
        return sorted({self.starts_at, *self.other_starts})[:MOST_TIMES]


class KeptSpan(NamedTuple):
    """Some of a doctor's time that something proposed, agreed or held takes; of several times to choose from, each."""

    doctor_id: int
    starts_at: datetime
    ends_at: datetime
    consultation_id: int

    def meets(self, start: datetime, end: datetime) -> bool:
        return self.starts_at < end and self.ends_at > start


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
        """A card in the chat; a repeated press is the same one.

        Raises TimeIsPast, TimeIsTooSoon, TimeIsTooFar, TimeIsTaken, and what Chat.refuse_agreements_of() raises.
        """
        advisory_lock(LockKind.AGENDA, doctor.id)
        chat.lock()
        client_id = submission_id(client_id, terms)
        known = Message.by_client_id(doctor.user_id, client_id, chat.id)
        if known is not None:
            return db.session.scalars(cls.with_card_data().where(cls.message_id == known.id)).unique().one()
        chat.refuse_agreements_of(doctor.user)
        starts, length = terms.starts, timedelta(minutes=terms.minutes)
        _check_times(starts, needs_payment=terms.price > 0)
        for start in starts:
            cls.refuse_taken(doctor.id, start, start + length)
        message = chat.post_card(doctor.user, "Приглашение на консультацию", client_id, card=Card.CONSULTATION)
        consultation = cls(
            chat_id=chat.id,
            doctor_id=doctor.id,
            patient_id=chat.patient_id,
            message_id=message.id,
            request_id=request.id if request else None,
            kind=terms.kind,
            starts_at=starts[0],
            ends_at=starts[0] + length,
            price=terms.price,
            note=terms.note,
        )
        db.session.add(consultation)
        if len(starts) > 1:
            consultation.offer_times(starts)
        db.session.flush()
        if request is not None:
            chat.bump_revision(db.session.get_one(Message, request.message_id))
        Job.add(JobKind.CONSULTATION, consultation.id, due_at=consultation.next_due_at())
        record(ConsultationProposed(consultation.id))
        return consultation

    @classmethod
    def refuse_taken(
        cls: type[Consultation], doctor_id: int, start: datetime, end: datetime, but: int | None = None
    ) -> None:
        """Raises TimeIsTaken when something proposed or agreed keeps some of it; take the agenda's lock first."""
        for kept in cls.kept_spans([doctor_id], start, end, but):
            raise errors.TimeIsTaken(kept.consultation_id, start, (kept.starts_at, kept.ends_at))

    @classmethod
    def kept_spans(
        cls: type[Consultation], doctor_ids: Collection[int], since: datetime, until: datetime, but: int | None = None
    ) -> list[KeptSpan]:
        """What of these doctors' time is taken between these moments, by its start, in one query."""
        kept = cls._kept(doctor_ids, since, until, but)
        found = {KeptSpan(*row) for row in db.session.execute(kept).tuples()}
        return sorted(found, key=lambda one: (one.starts_at, one.consultation_id))

    @classmethod
    def kept_minutes(
        cls: type[Consultation], doctor_ids: Collection[int], since: datetime, until: datetime, but: int | None = None
    ) -> list[tuple[int, int, int]]:
        """The same for who counts: the doctor, and the whole minutes since 1970 from which and to which it is taken.

        In no order, some of it twice. A page of doctors asks for hundreds of them, and moments are dear.
        """
        kept = cls._kept(doctor_ids, since, until, but).subquery().c
        begins, ends = (cast(extract("epoch", kept[name]), BigInteger) for name in ("starts_at", "ends_at"))
        rows = db.session.execute(select(kept.doctor_id, begins, ends)).tuples()
        return [(doctor_id, begun // 60, -(-ended // 60)) for doctor_id, begun, ended in rows]

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
    def nearest_free_times(
        cls: type[Consultation], doctor_id: int, wanted: datetime, minutes: int, zone: tzinfo
    ) -> list[datetime]:
        """A few free times of the doctor's days around one that is taken, in their order. They are only suggested."""
        first = max(_first_half_hour(), _half_hour(wanted - LOOKS_AHEAD / 2))
        free = cls._free_half_hours(doctor_id, zone, first, timedelta(minutes=minutes))
        return sorted(sorted(free, key=lambda start: abs(start - wanted))[:NEAREST])

    @classmethod
    def _free_half_hours(
        cls: type[Consultation],
        doctor_id: int,
        zone: tzinfo,
        first: datetime | None = None,
        length: timedelta = HALF_AN_HOUR,
    ) -> Iterator[datetime]:
        first = first or _first_half_hour()
        taken = cls.kept_spans([doctor_id], first, first + LOOKS_AHEAD)
        for half_hour in range(LOOKS_AHEAD // HALF_AN_HOUR):
            start = first + half_hour * HALF_AN_HOUR
            is_free = not any(kept.meets(start, start + length) for kept in taken)
            if is_free and MORNING <= start.astimezone(zone).hour < EVENING:
                yield start

    @classmethod
    def _kept(
        cls: type[Consultation], doctor_ids: Collection[int], since: datetime, until: datetime, but: int | None
    ) -> CompoundSelect[tuple[int, datetime, datetime, int]]:
        """What is proposed, agreed or held, and the times of which one may be chosen yet."""
        spans = select(cls.doctor_id, cls.starts_at, cls.ends_at, cls.id)
        kept = spans.where(cls.doctor_id.in_(doctor_ids), *cls._is_kept(since, until))
        offered = select(TimeOption.doctor_id, TimeOption.starts_at, TimeOption.ends_at, TimeOption.consultation_id)
        is_near = TimeOption.starts_at < until, TimeOption.starts_at > since - LONGEST, TimeOption.ends_at > since
        may_be_chosen = cls.state == ConsultationState.PROPOSED, cls.held_until > clock.now()
        offered = offered.join(cls, cls.id == TimeOption.consultation_id)
        offered = offered.where(TimeOption.doctor_id.in_(doctor_ids), *is_near, *may_be_chosen)
        if but is not None:
            kept, offered = kept.where(cls.id != but), offered.where(cls.id != but)
        return union_all(kept, offered)

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
    return _half_hour(clock.now() + timedelta(hours=1))


def _half_hour(moment: datetime) -> datetime:
    """The moment, on to :00 or :30."""
    return datetime.fromtimestamp(-(-moment.timestamp() // 1800) * 1800, UTC)


def check_time(start: datetime, *, needs_payment: bool) -> None:
    now = clock.now()
    if start <= now:
        raise errors.TimeIsPast
    if needs_payment and start < now + PAID_AHEAD:
        raise errors.TimeIsTooSoon
    if start > now + timedelta(days=366):
        raise errors.TimeIsTooFar


def _check_times(starts: Sequence[datetime], *, needs_payment: bool) -> None:
    """Of several there must be time left to choose from them."""
    for start in starts:
        check_time(start, needs_payment=needs_payment)
    if len(starts) > 1 and choice_lasts_until(starts[0], needs_payment=needs_payment) <= clock.now():
        raise errors.TimeIsTooSoon
