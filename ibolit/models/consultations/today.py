"""«Сегодня»: what a doctor has before them and behind them on this day, and the conclusions they owe; and «Неделя»."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import ClassVar

from sqlalchemy import ColumnElement, Select, and_, bindparam, or_, select
from sqlalchemy.orm import joinedload, selectinload
from sqlalchemy.orm.interfaces import ORMOption

from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..doctors import Doctor
from ..payments import Payment
from ..people import Dependant, User
from ..types import UtcDateTime
from .choosing import TimeOption
from .conclusion import Conclusion
from .consultation import Consultation
from .states import UPCOMING, ConsultationState
from .times import LONGEST

OWED_FOR = timedelta(days=30)  # older ones are found in the list of consultations
MOST_OWED = 20
DAY = timedelta(days=1)
SHOWN_STATES = (*UPCOMING, ConsultationState.COMPLETED, ConsultationState.MISSED)


class Moment(StrEnum):
    """What a doctor's day says of a consultation; in the order of what asks for the doctor most."""

    RUNNING = "running"
    AWAITS_DOCTOR = "awaits_doctor"  # by its patient, and waits for the doctor's yes
    PATIENT_READY = "patient_ready"
    TO_COME = "to_come"
    UNCHOSEN = "unchosen"  # the patient may still choose one of several times
    UNPAID = "unpaid"
    UNCONFIRMED = "unconfirmed"
    OWED = "owed"  # it is over, and its conclusion is not written
    MISSED = "missed"
    DONE = "done"


PAST = (Moment.OWED, Moment.MISSED, Moment.DONE)


@dataclass(frozen=True)
class Held:
    """One of the day, and what the day says of it; `option`: one of the times its patient may choose from."""

    consultation: Consultation
    moment: Moment
    option: TimeOption | None = None

    @property
    def span(self) -> tuple[datetime, datetime]:
        """From when, and until before."""
        one = self.option or self.consultation
        return one.starts_at, one.ends_at


@dataclass(frozen=True)
class Day:
    """What is seen at once, and what is behind «Ещё»; `changes_at`: when time alone will make it say something else."""

    first: Sequence[Held]
    rest: Sequence[Held]
    changes_at: datetime | None

    SEEN_AT_ONCE: ClassVar[int] = 2  # more would push the list of chats off a phone


def today_of(doctor: Doctor) -> Day:
    """By the doctor's calendar: what is coming by its start, then what is past, owed conclusions of any day first.

    In one query, and one more for payments when there is anything to show.
    """
    now = clock.now()
    begins = datetime.combine(now.astimezone(doctor.user.zone).date(), time(), doctor.user.zone).astimezone(UTC)
    asked = {"doctor": doctor.id, "begins": begins, "ends": begins + DAY, "since": now - OWED_FOR}
    found = db.session.scalars(_of_day(), asked).unique().all()
    held = sorted((Held(one, moment_of(one)) for one in found), key=_place)
    turns = [one.changes_at() for one in found]
    changes_at = min((moment for moment in turns if moment is not None), default=None)
    return Day(held[: Day.SEEN_AT_ONCE], held[Day.SEEN_AT_ONCE :], changes_at)


def held_between(doctor: Doctor, begins: datetime, ends: datetime) -> list[Held]:
    """What a doctor's calendar shows of that time, by its start: neither what was cancelled nor what has lapsed.

    Of several times to choose from each stands for itself. In one query, and one more for payments when there is
    anything to show.
    """
    is_its_own, is_option = _is_then(Consultation, begins, ends), _is_then(TimeOption, begins, ends)
    options = select(TimeOption.consultation_id).where(TimeOption.doctor_id == doctor.id, is_option)
    is_shown = or_(is_its_own, Consultation.id.in_(options)), Consultation.state.in_(SHOWN_STATES)
    mine = Consultation.doctor_id == doctor.id, Consultation.chat_id.not_in(Chat.erased())
    own = select(Consultation).options(*_for_a_line()).where(*mine, *is_shown)
    found = db.session.scalars(own.order_by(Consultation.starts_at, Consultation.id)).unique().all()
    held = [Held(one, moment_of(one), option) for one in found for option in _times_of(one)]
    then = [one for one in held if one.span[0] < ends and one.span[1] > begins]
    return sorted(then, key=lambda one: (one.span, one.consultation.id))


def _is_then(noun: type[Consultation | TimeOption], begins: datetime, ends: datetime) -> ColumnElement[bool]:
    return and_(noun.starts_at < ends, noun.ends_at > begins, noun.starts_at > begins - LONGEST)


def _times_of(consultation: Consultation) -> Sequence[TimeOption | None]:
    """None: its own; nothing of what is over."""
    if consultation.awaits_choice:
        return consultation.time_options
    return [None] if consultation.state_now in SHOWN_STATES else []


def moment_of(consultation: Consultation) -> Moment:
    state = consultation.state_now
    if state in UPCOMING:
        return Moment.AWAITS_DOCTOR if consultation.is_wish else _ahead(consultation, state)
    if state is ConsultationState.COMPLETED:
        return Moment.DONE if consultation.conclusions else Moment.OWED
    return Moment.MISSED


def _ahead(consultation: Consultation, state: ConsultationState) -> Moment:
    if state is ConsultationState.IN_PROGRESS:
        return Moment.RUNNING
    if consultation.awaits_choice:
        return Moment.UNCHOSEN
    if state is ConsultationState.PROPOSED:
        return Moment.UNPAID if consultation.price else Moment.UNCONFIRMED
    return Moment.PATIENT_READY if consultation.is_side_ready(consultation.patient) else Moment.TO_COME


def _place(held: Held) -> tuple[int, datetime]:
    return 1 + PAST.index(held.moment) if held.moment in PAST else 0, held.consultation.starts_at


@cache
def _of_day() -> Select[tuple[Consultation]]:
    begins, ends = bindparam("begins", type_=UtcDateTime), bindparam("ends", type_=UtcDateTime)
    own = (Consultation.doctor_id == bindparam("doctor")) & Consultation.chat_id.not_in(Chat.erased())
    is_of_day = Consultation.starts_at >= begins, Consultation.starts_at < ends
    of_day = select(Consultation.id).where(own, *is_of_day, Consultation.state.in_(SHOWN_STATES))
    has_conclusion = select(Conclusion.id).where(Conclusion.consultation_id == Consultation.id).exists()
    since = Consultation.starts_at > bindparam("since", type_=UtcDateTime)
    owed = select(Consultation.id).where(own, since, Consultation.state == ConsultationState.COMPLETED, ~has_conclusion)
    owed = owed.order_by(Consultation.starts_at.desc()).limit(MOST_OWED)
    ids = or_(Consultation.id.in_(of_day), Consultation.id.in_(select(owed.subquery().c.id)))
    return select(Consultation).options(*_for_a_line()).where(ids)


def _for_a_line() -> tuple[ORMOption, ...]:
    """What a line of the day says of a consultation."""
    people = joinedload(Consultation.chat)
    return (
        people.joinedload(Chat.patient).load_only(User.name, User.timezone, User.seen_at),
        people.joinedload(Chat.dependant).load_only(Dependant.name),
        people.joinedload(Chat.doctor),
        joinedload(Consultation.attendances),
        joinedload(Consultation.time_options),
        joinedload(Consultation.conclusions).load_only(Conclusion.version),
        joinedload(Consultation.conclusions).raiseload(Conclusion.message),
        selectinload(Consultation.payments).joinedload(Payment.refunds),
    )
