"""What of a doctor's time may be booked: hours, types, rules, time off, and what is proposed or agreed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from consultation_steps import NOON, StillClock, cancel, confirm, facts
from factories import make_chat, make_doctor, make_user, offer, propose
from queries import Queries

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    AbsenceTerms,
    AppointmentType,
    BookingRules,
    Chat,
    Consultation,
    ConsultationKind,
    Doctor,
    HoursSpan,
    RulesTerms,
    TimeOff,
    TypeTerms,
    User,
    WeeklyHours,
    booking,
)
from ibolit.models.booking.wall_clock import minutes_of

pytestmark = pytest.mark.usefixtures("clinic", "still")

DAY = timedelta(days=1)
MIDNIGHT = datetime(2030, 3, 6, tzinfo=UTC) - timedelta(hours=3)  # of Wednesday, in Moscow; NOON is Tuesday, 15:00
FIRST = TypeTerms("Первичная консультация", ConsultationKind.VIDEO, 30, 2500_00)
SHORT = TypeTerms("Вопрос по анализам", ConsultationKind.AUDIO, 15, 0)
TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3


@pytest.fixture
def first(doctor: Doctor) -> AppointmentType:
    doctor.user.timezone = "Europe/Moscow"
    return AppointmentType.add(doctor, FIRST)


def open_on(doctor: Doctor, *spans: HoursSpan) -> None:
    WeeklyHours.replace(doctor, spans)
    db.session.commit()


def times(doctor: Doctor, type: AppointmentType, day: datetime = MIDNIGHT) -> list[str]:
    """Of that day, as the doctor's clock shows them."""
    slots = booking.free_times(doctor, type, day, day + DAY)
    return [f"{slot.starts_at.astimezone(doctor.user.zone):%H:%M}" for slot in slots]


def at(clock: str, day: datetime = MIDNIGHT) -> datetime:
    hours, minutes = map(int, clock.split(":"))
    return day + timedelta(hours=hours, minutes=minutes)


def test_nobody_is_booked_who_has_set_no_hours(doctor: Doctor, first: AppointmentType, chat: Chat) -> None:
    assert times(doctor, first) == []
    assert booking.next_free_times([doctor]) == {}
    assert chat.may_be_booked_by(chat.patient)


def test_starts_follow_each_other_with_the_pause(doctor: Doctor, first: AppointmentType) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 11 * 60), HoursSpan(WEDNESDAY, 14 * 60, 15 * 60))
    assert times(doctor, first) == ["09:00", "09:35", "10:10", "14:00"]
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", pause_minutes=0))
    assert times(doctor, first) == ["09:00", "09:30", "10:00", "10:30", "14:00", "14:30"]


def test_hours_may_be_for_some_types_alone(doctor: Doctor, first: AppointmentType) -> None:
    short = AppointmentType.add(doctor, SHORT)
    open_on(doctor, HoursSpan(WEDNESDAY, 540, 600), HoursSpan(WEDNESDAY, 600, 660, frozenset({short.id})))
    assert times(doctor, first) == ["09:00"]
    assert times(doctor, short) == ["09:00", "09:20", "09:40", "10:00", "10:20", "10:40"]


def test_notice_and_last_day_are_kept(doctor: Doctor, first: AppointmentType, still: StillClock) -> None:
    """It is 15:00 on a Tuesday."""
    open_on(doctor, *(HoursSpan(day, 16 * 60, 18 * 60) for day in range(7)))
    assert times(doctor, first, MIDNIGHT - DAY) == ["17:10"]
    still.go(minutes=-59)
    assert times(doctor, first, MIDNIGHT - DAY) == ["16:35", "17:10"]
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", horizon_days=2))
    assert times(doctor, first, MIDNIGHT + DAY) == ["16:00", "16:35", "17:10"]
    assert times(doctor, first, MIDNIGHT + 2 * DAY) == []


def test_what_is_proposed_takes_its_time_with_pauses(
    doctor: Doctor, first: AppointmentType, chat: Chat, patient: User
) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 12 * 60))
    consultation = propose(chat, starts_at=at("10:00"))
    assert times(doctor, first) == ["09:00", "10:35", "11:10"]
    confirm(consultation)
    assert times(doctor, first) == ["09:00", "10:35", "11:10"]
    assert [slot.starts_at for slot in booking.free_times(doctor, first, at("09:30"), at("10:30"), consultation)] == [
        at("09:35"),
        at("10:10"),
    ]
    cancel(consultation, patient)
    assert times(doctor, first) == ["09:00", "09:35", "10:10", "10:45", "11:20"]


def test_times_to_choose_from_are_all_taken_until_one_is_chosen(
    doctor: Doctor, first: AppointmentType, chat: Chat, patient: User
) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 12 * 60))
    choice = offer(chat, at("09:00"), at("10:10"))
    assert times(doctor, first) == ["09:35", "10:45", "11:20"]
    spans = Consultation.kept_spans([doctor.id], MIDNIGHT, MIDNIGHT + DAY)
    assert [(one.starts_at, one.ends_at) for one in spans] == [
        (at("09:00"), at("09:30")),
        (at("10:10"), at("10:40")),
    ]
    minutes = {(doctor.id, minutes_of(one.starts_at), minutes_of(one.ends_at)) for one in spans}
    assert set(Consultation.kept_minutes([doctor.id], MIDNIGHT, MIDNIGHT + DAY)) == minutes
    assert Consultation.kept_minutes([doctor.id], MIDNIGHT, MIDNIGHT + DAY, choice.id) == []
    choice.choose_time(patient, at("10:10"))
    db.session.commit()
    assert times(doctor, first) == ["09:00", "09:35", "10:45", "11:20"]


def test_time_off_takes_all_it_covers(doctor: Doctor, first: AppointmentType) -> None:
    open_on(doctor, *(HoursSpan(day, 9 * 60, 10 * 60) for day in range(7)))
    TimeOff.add(doctor, AbsenceTerms(MIDNIGHT, MIDNIGHT + DAY))
    db.session.commit()
    assert times(doctor, first) == []
    assert times(doctor, first, MIDNIGHT + DAY) == ["09:00"]


def test_a_time_that_is_not_shown_any_more_may_still_be_free(
    doctor: Doctor, first: AppointmentType, chat: Chat
) -> None:
    """Somebody took a longer one meanwhile, and what is shown begins elsewhere now."""
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 12 * 60))
    propose(chat, starts_at=at("09:00"), minutes=60)
    assert times(doctor, first) == ["10:05", "10:40", "11:15"]
    assert booking.is_free(doctor, first, at("10:10"))
    assert not booking.is_free(doctor, first, at("10:00"))
    assert not booking.is_free(doctor, first, at("11:35"))
    assert not booking.is_free(doctor, first, at("10:12"))
    assert not booking.is_free(doctor, first, at("10:10") + timedelta(seconds=1))


def test_hidden_doctors_and_ended_types_have_none(doctor: Doctor, first: AppointmentType, chat: Chat) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 12 * 60))
    first.end()
    assert times(doctor, first) == []
    assert not booking.is_free(doctor, first, at("09:00"))
    assert booking.next_free_times([doctor]) == {}
    first.bring_back()
    assert booking.is_free(doctor, first, at("09:00"))
    doctor.hidden = True
    assert times(doctor, first) == []
    assert not booking.is_free(doctor, first, at("09:00"))
    assert booking.next_free_times([doctor]) == {}
    assert not chat.may_be_booked_by(chat.patient)


def test_next_ones_of_many_in_few_questions(doctor: Doctor, first: AppointmentType, chat: Chat) -> None:
    """The second has only a later day, the third nothing, the fourth is away."""
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 11 * 60), HoursSpan(THURSDAY, 9 * 60, 10 * 60))
    propose(chat, starts_at=at("09:00"))
    others = [make_doctor(name) for name in ("Петров Пётр", "Лебедев Лев", "Хасанова Алия")]
    for other in others:
        other.user.timezone = "Asia/Vladivostok"
        AppointmentType.add(other, FIRST)
        AppointmentType.add(other, SHORT)
    open_on(others[0], HoursSpan(0, 9 * 60, 12 * 60))
    open_on(others[2], *(HoursSpan(day, 9 * 60, 12 * 60) for day in range(7)))
    TimeOff.add(others[2], AbsenceTerms(NOON - DAY, NOON + 3 * DAY))
    db.session.commit()
    everybody = [doctor, *others]
    assert all(one.user.zone for one in everybody)  # a list of doctors is loaded with their users
    with Queries() as queries:
        found = booking.next_free_times(everybody)
    assert len(queries) <= 6
    assert found[doctor.id].starts_at == at("09:35")
    assert found[others[0].id].starts_at == datetime(2030, 3, 10, 23, tzinfo=UTC)
    assert found[others[2].id].starts_at == datetime(2030, 3, 8, 23, tzinfo=UTC)
    assert found[others[2].id].type_id == AppointmentType.offered_by(others[2].id)[0].id
    assert others[1].id not in found
    assert set(booking.next_free_times(everybody, NOON + 2 * DAY)) == {doctor.id}


def test_nearest_are_on_both_sides(doctor: Doctor, first: AppointmentType, chat: Chat) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 12 * 60), HoursSpan(THURSDAY, 9 * 60, 10 * 60))
    propose(chat, starts_at=at("10:10"))
    around = [slot.starts_at for slot in booking.nearest(doctor, first, at("10:10"))]
    assert around == [at("09:00"), at("09:35"), at("10:45")]
    far = [slot.starts_at for slot in booking.nearest(doctor, first, NOON + 100 * DAY)]
    assert far == [at("09:00"), at("09:35"), at("10:45")]


def test_time_it_has_already_is_none_to_move_to(doctor: Doctor, first: AppointmentType, patient: User) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 540, 570), HoursSpan(THURSDAY, 540, 570))
    agreed = booking.book(patient, doctor, booking.terms_of(first, at("09:00")), "press-one")
    agreed.agree(by=doctor.user)
    db.session.commit()
    to = booking.times_to_move_to(agreed, patient.zone)
    assert at("09:00") not in to
    assert at("09:00", MIDNIGHT + DAY) in to
    far = booking.nearest(doctor, first, NOON + 100 * DAY, moved=agreed)
    assert far[0].starts_at == at("09:00")  # its own counts as free, however far one looks


def test_days_are_those_of_who_reads(doctor: Doctor, first: AppointmentType, patient: User) -> None:
    """00:30 in Moscow is the evening before in Kaliningrad."""
    patient.timezone = "Europe/Kaliningrad"
    open_on(doctor, HoursSpan(WEDNESDAY, 30, 105))
    days = booking.free_days(doctor, first, MIDNIGHT, MIDNIGHT + DAY, patient.zone)
    assert {day.isoformat(): len(slots) for day, slots in days.items()} == {"2030-03-05": 1, "2030-03-06": 1}


# The week


def test_week_is_replaced_as_a_whole(doctor: Doctor, first: AppointmentType) -> None:
    week = [HoursSpan(TUESDAY, 540, 600, frozenset({first.id})), HoursSpan(TUESDAY, 600, 1440)]
    WeeklyHours.replace(doctor, reversed(week))
    assert facts()[-1] == "FreeTimesChanged"
    db.session.commit()
    assert WeeklyHours.of(doctor) == week
    WeeklyHours.replace(doctor, [])
    assert WeeklyHours.of(doctor) == []


@pytest.mark.parametrize(
    ("spans", "error", "weekday"),
    [
        ([HoursSpan(0, 540, 600), HoursSpan(3, 540, 600), HoursSpan(3, 595, 660)], errors.HoursOverlap, 3),
        ([HoursSpan(2, 600, 600)], errors.HoursAreOdd, 2),
        ([HoursSpan(2, 541, 600)], errors.HoursAreOdd, 2),
        ([HoursSpan(6, 540, 1445)], errors.HoursAreOdd, 6),
        ([HoursSpan(1, 540, 600, frozenset({10**9}))], errors.HoursForUnknownType, 1),
        ([HoursSpan(4, 60 * hour, 60 * hour + 30) for hour in range(9)], errors.TooManyHours, 4),
    ],
)
def test_odd_weeks_are_refused(
    doctor: Doctor, spans: list[HoursSpan], error: type[errors.HoursViolation], weekday: int
) -> None:
    with pytest.raises(error) as refused:
        WeeklyHours.replace(doctor, spans)
    assert refused.value.weekday == weekday
    assert WeeklyHours.of(doctor) == []


def test_hours_of_a_day_are_copied_over_others() -> None:
    week = [HoursSpan(0, 540, 600), HoursSpan(0, 700, 800), HoursSpan(1, 60, 120), HoursSpan(5, 60, 120)]
    assert booking.copied(week, 0, {0, 1, 2}) == [
        HoursSpan(0, 540, 600),
        HoursSpan(0, 700, 800),
        HoursSpan(1, 540, 600),
        HoursSpan(1, 700, 800),
        HoursSpan(2, 540, 600),
        HoursSpan(2, 700, 800),
        HoursSpan(5, 60, 120),
    ]


def test_a_doctor_who_travels_moves_no_hours(doctor: Doctor, first: AppointmentType) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 10 * 60))
    before = booking.free_times(doctor, first, MIDNIGHT, MIDNIGHT + DAY)
    doctor.user.follow_zone("Asia/Vladivostok")
    db.session.commit()
    assert booking.free_times(doctor, first, MIDNIGHT, MIDNIGHT + DAY) == before != []


def test_odd_rules_are_refused(doctor: Doctor) -> None:
    for terms in (
        RulesTerms("Europe/Moscow", notice_minutes=14),
        RulesTerms("Europe/Moscow", pause_minutes=-1),
        RulesTerms("Europe/Moscow", horizon_days=0),
    ):
        with pytest.raises(errors.RulesOutOfBounds):
            BookingRules.set(doctor, terms)
    with pytest.raises(errors.ZoneIsUnknown):
        BookingRules.set(doctor, RulesTerms("Europe/Nowhere"))


# Types


def test_types_stand_in_the_doctors_order(doctor: Doctor, first: AppointmentType) -> None:
    short = AppointmentType.add(doctor, SHORT)
    assert AppointmentType.add(doctor, FIRST) is first
    assert AppointmentType.offered_by(doctor.id) == [first, short]
    short.move(-1)
    assert AppointmentType.offered_by(doctor.id) == [short, first]
    short.end()
    assert AppointmentType.offered_by(doctor.id) == [first]
    assert AppointmentType.kept_by(doctor) == [first, short]
    with pytest.raises(errors.TypeHasEnded):
        short.change(FIRST)
    short.bring_back()
    assert AppointmentType.offered_by(doctor.id) == [first, short]


def test_stranger_finds_no_type_of_this_doctor(doctor: Doctor, first: AppointmentType) -> None:
    other = make_doctor("Лебедев Лев")
    assert AppointmentType.locked_for(other, first.id) is None
    assert AppointmentType.find_of(other.id, first.id) is None
    assert AppointmentType.locked_for(doctor, first.id) is first


def test_types_are_a_dozen_at_most_and_of_usual_length(doctor: Doctor) -> None:
    for number in range(AppointmentType.MOST):
        last = AppointmentType.add(doctor, TypeTerms(f"Вид {number}", ConsultationKind.VIDEO, 30, 0))
    with pytest.raises(errors.TooManyTypes):
        AppointmentType.add(doctor, FIRST)
    last.end()
    AppointmentType.add(doctor, FIRST)
    with pytest.raises(errors.TooManyTypes):
        last.bring_back()
    for minutes in (5, 33, 185):
        with pytest.raises(errors.LengthIsOdd):
            AppointmentType.add(doctor, TypeTerms("Вид", ConsultationKind.VIDEO, minutes, 0))


def test_another_doctor_s_consultations_take_nothing(doctor: Doctor, first: AppointmentType) -> None:
    open_on(doctor, HoursSpan(WEDNESDAY, 9 * 60, 10 * 60))
    propose(make_chat(make_user(), make_doctor("Лебедев Лев")), starts_at=at("09:00"))
    assert times(doctor, first) == ["09:00"]
