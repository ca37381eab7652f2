"""One moment, many clocks: a doctor in Moscow, patients from Lisbon to Vladivostok, midnights and moved clocks.

What people read is their own; what the model decides is the moment's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from consultation_steps import StillClock, confirm, pay, work
from factories import make_chat, propose
from flask import Flask

from ibolit import errors
from ibolit.blueprints.consultations.forms import NoSuchTime, TimeFields, local_moment
from ibolit.extensions import db
from ibolit.formatting import (
    soon,
    soon_changes_at,
    time_for,
    time_until,
    weekday_of,
    when_for,
    words_change_at,
    zone_mark,
)
from ibolit.models import CancellationTerms, Chat, Consultation, Doctor, ProposalTerms, User
from ibolit.models.chats import ChatState
from ibolit.models.consultations import ConsultationKind
from ibolit.services import clock
from ibolit.web.fields import read_day, read_time

MOSCOW = ZoneInfo("Europe/Moscow")
KALININGRAD = ZoneInfo("Europe/Kaliningrad")
YEKATERINBURG = ZoneInfo("Asia/Yekaterinburg")
VLADIVOSTOK = ZoneInfo("Asia/Vladivostok")
LISBON = ZoneInfo("Europe/Lisbon")  # summer from the last Sunday of March to the last of October
NEPAL = ZoneInfo("Asia/Kathmandu")
NEW_YORK = ZoneInfo("America/New_York")
ZONES = (MOSCOW, KALININGRAD, YEKATERINBURG, VLADIVOSTOK, LISBON, NEPAL, NEW_YORK)


@pytest.fixture(autouse=True)
def still(clinic: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[StillClock]:
    """Noon of the 25th of November in Moscow, a Monday."""
    stands = StillClock(moscow(2030, 11, 25, 12))
    monkeypatch.setattr(clock, "datetime", stands)
    return stands


def moscow(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=MOSCOW).astimezone(UTC)  # type: ignore[misc]


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def plain(words: str) -> str:
    return words.replace("\u00a0", " ").replace("\u202f", " ")


# What is read


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        (MOSCOW, "27 ноября, 14:00 (МСК)"),
        (KALININGRAD, "27 ноября, 13:00 (14:00 МСК)"),
        (YEKATERINBURG, "27 ноября, 16:00 (14:00 МСК)"),
        (VLADIVOSTOK, "27 ноября, 21:00 (14:00 МСК)"),
        (LISBON, "27 ноября, 11:00 (14:00 МСК)"),
        (ZoneInfo("Europe/Simferopol"), "27 ноября, 14:00 (МСК)"),
    ],
)
def test_everybody_reads_his_own_time_and_moscows(zone: ZoneInfo, words: str) -> None:
    assert when_for(moscow(2030, 11, 27, 14), zone) == words


@pytest.mark.parametrize(
    ("moment", "zone", "words"),
    [
        # Moscow's evening is tomorrow in the east, Moscow's first hour is still yesterday in the west.
        (moscow(2030, 11, 27, 20), VLADIVOSTOK, "28 ноября, 03:00 (27 ноября, 20:00 МСК)"),
        (moscow(2030, 11, 27, 22), YEKATERINBURG, "28 ноября, 00:00 (27 ноября, 22:00 МСК)"),
        (moscow(2030, 11, 28, 0, 30), KALININGRAD, "27 ноября, 23:30 (28 ноября, 00:30 МСК)"),
        (moscow(2030, 11, 28, 0), MOSCOW, "28 ноября, 00:00 (МСК)"),
        # The end of a month, and a leap day that is one only on one side.
        (moscow(2030, 11, 30, 23), YEKATERINBURG, "1 декабря, 01:00 (30 ноября, 23:00 МСК)"),
        (moscow(2032, 3, 1, 0, 15), KALININGRAD, "29 февраля 2032, 23:15 (1 марта, 00:15 МСК)"),
        (moscow(2032, 2, 28, 23), VLADIVOSTOK, "29 февраля 2032, 06:00 (28 февраля, 23:00 МСК)"),
        (moscow(2031, 2, 28, 23), VLADIVOSTOK, "1 марта 2031, 06:00 (28 февраля, 23:00 МСК)"),
        # New year comes to Vladivostok first and to Lisbon last.
        (moscow(2030, 12, 31, 18), VLADIVOSTOK, "1 января 2031, 01:00 (31 декабря, 18:00 МСК)"),
        (moscow(2031, 1, 1, 1), LISBON, "31 декабря, 22:00 (1 января, 01:00 МСК)"),
        (moscow(2031, 1, 1, 1), MOSCOW, "1 января 2031, 01:00 (МСК)"),
    ],
)
def test_moscows_day_is_said_where_it_is_another(moment: datetime, zone: ZoneInfo, words: str) -> None:
    assert when_for(moment, zone) == words


@pytest.mark.parametrize(
    ("moment", "words", "mark"),
    [
        # 27 October 2030: 02:00 in Lisbon becomes 01:00, and half past one comes twice.
        (utc(2030, 10, 27, 0, 30), "01:30 (03:30 МСК)", "МСК−2"),
        (utc(2030, 10, 27, 1, 30), "01:30 (04:30 МСК)", "МСК−3"),
        # 31 March 2030: 01:00 becomes 02:00.
        (utc(2030, 3, 31, 0, 59), "00:59 (03:59 МСК)", "МСК−3"),
        (utc(2030, 3, 31, 1, 0), "02:00 (04:00 МСК)", "МСК−2"),
    ],
)
def test_lisbons_clocks_move_and_moscows_do_not(moment: datetime, words: str, mark: str) -> None:
    assert time_for(moment, LISBON) == words
    assert zone_mark(moment, LISBON) == mark


@pytest.mark.parametrize(
    ("zone", "mark"),
    [
        (MOSCOW, "МСК"),
        (KALININGRAD, "МСК−1"),
        (YEKATERINBURG, "МСК+2"),
        (VLADIVOSTOK, "МСК+7"),
        (NEPAL, "МСК+2:45"),
        (NEW_YORK, "МСК−8"),
        (ZoneInfo("America/St_Johns"), "МСК−6:30"),
    ],
)
def test_zones_are_told_apart_by_moscow(zone: ZoneInfo, mark: str) -> None:
    assert zone_mark(moscow(2030, 11, 25, 12), zone) == mark


@pytest.mark.parametrize(
    ("now", "moment", "there", "in_moscow"),
    [
        # Vladivostok is seven hours ahead: its day has turned while Moscow's has not.
        (moscow(2030, 11, 25, 12), moscow(2030, 11, 25, 18), "завтра", "сегодня"),
        (moscow(2030, 11, 25, 18), moscow(2030, 11, 26, 1), "сегодня", "завтра"),
        (moscow(2030, 11, 25, 18), moscow(2030, 11, 25, 16), "вчера", "сегодня"),
        (moscow(2030, 11, 30, 12), moscow(2030, 12, 1, 18), "послезавтра", "завтра"),
        (moscow(2032, 2, 27, 12), moscow(2032, 2, 29, 18), "понедельник", "послезавтра"),
        (moscow(2030, 12, 31, 12), moscow(2030, 12, 31, 18), "завтра", "сегодня"),
    ],
)
def test_near_days_are_the_readers_own(
    still: StillClock, now: datetime, moment: datetime, there: str, in_moscow: str
) -> None:
    still.show(now)
    assert (weekday_of(moment, VLADIVOSTOK), weekday_of(moment, MOSCOW)) == (there, in_moscow)


def test_day_that_lasts_25_hours_is_one_day(still: StillClock) -> None:
    still.show(utc(2030, 10, 26, 23, 5))  # 00:05 in Lisbon, whose clocks go back that night
    assert weekday_of(utc(2030, 10, 27, 23, 55), LISBON) == "сегодня"
    assert weekday_of(utc(2030, 10, 28, 0, 5), LISBON) == "завтра"
    assert time_until(utc(2030, 10, 27, 23, 55)) == "через 1\u00a0день"  # hours are counted by no calendar


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=5, minutes=-1), "через 4 дня"),
        (timedelta(days=1), "через 1 день"),
        (timedelta(days=1, seconds=-1), "через 23 часа"),
        (timedelta(hours=2), "через 2 часа"),
        (timedelta(hours=2, seconds=-1), "через 1 час"),
        (timedelta(hours=1), "через 1 час"),
        (timedelta(hours=1, seconds=-1), "через 60 минут"),
        (timedelta(minutes=10), "через 10 минут"),
        (timedelta(minutes=1), "через 1 минуту"),
        (timedelta(seconds=1), "через 1 минуту"),
        (timedelta(), "сейчас"),
        (timedelta(minutes=-20), "сейчас"),
    ],
)
def test_time_until(left: timedelta, words: str) -> None:
    assert plain(time_until(clock.now() + left)) == words


@pytest.mark.parametrize("start", [timedelta(days=3, hours=5), timedelta(days=1), timedelta(minutes=62)])
def test_words_turn_when_they_say(still: StillClock, start: timedelta) -> None:
    """From turn to turn until it begins: nothing changes before, something changes at it."""
    moment, turns = clock.now() + start, 0
    while clock.now() < moment:
        words, turn = time_until(moment), words_change_at(moment)
        assert clock.now() < turn <= moment
        still.show(turn - timedelta(seconds=1))
        assert time_until(moment) == words
        still.show(turn)
        assert time_until(moment) != words
        turns += 1
        assert turns < 100
    assert time_until(moment) == "сейчас"


@pytest.mark.parametrize(
    ("now", "moment", "there", "in_moscow"),
    [
        (moscow(2030, 11, 25, 18), moscow(2030, 11, 26, 5, 59), "через 11 часов", "через 11 часов"),
        (moscow(2030, 11, 25, 12), moscow(2030, 11, 26, 1), "завтра", "завтра"),
        (moscow(2030, 11, 25, 12), moscow(2030, 11, 26, 18), "послезавтра", "завтра"),
        (moscow(2030, 11, 25, 18), moscow(2030, 11, 26, 16), "через 22 часа", "завтра"),
        (moscow(2030, 11, 25, 0), moscow(2030, 11, 25, 13), "через 13 часов", "через 13 часов"),
        (moscow(2030, 11, 29, 12), moscow(2030, 12, 2, 18), "через 4 дня", "через 3 дня"),
        (moscow(2032, 2, 27, 12), moscow(2032, 3, 1, 12), "через 3 дня", "через 3 дня"),
        (moscow(2030, 12, 30, 12), moscow(2031, 1, 1, 1), "послезавтра", "послезавтра"),
    ],
)
def test_far_days_are_counted_by_the_readers_calendar(
    still: StillClock, now: datetime, moment: datetime, there: str, in_moscow: str
) -> None:
    still.show(now)
    assert (plain(soon(moment, VLADIVOSTOK)), plain(soon(moment, MOSCOW))) == (there, in_moscow)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("moment", [utc(2030, 10, 28, 0, 40), utc(2030, 3, 31, 9, 0), utc(2031, 1, 1, 6, 15)])
def test_far_words_stay_until_they_turn(still: StillClock, zone: ZoneInfo, moment: datetime) -> None:
    """Over four nights, one of which is longer or shorter in Lisbon."""
    still.show(moment - timedelta(days=4, minutes=7))
    while clock.now() < moment:
        words, turn = soon(moment, zone), soon_changes_at(moment, zone)
        now = clock.now()
        assert now < turn <= moment
        for step in range(1, 8):
            still.show(now + (turn - timedelta(seconds=1) - now) * step / 7)
            assert soon(moment, zone) == words
        still.show(turn)


# What is decided


@pytest.mark.parametrize("zone", ZONES)
def test_moments_of_a_consultation_are_absolute(
    patient: User, doctor: Doctor, zone: ZoneInfo, still: StillClock
) -> None:
    """In the night when Lisbon's clocks go back: ten minutes, half an hour and a day are that long for everybody."""
    still.show(utc(2030, 10, 25, 0, 0))
    patient.choose_zone(zone.key)
    chat = make_chat(patient, doctor, days_left=-1)
    start = utc(2030, 10, 27, 0, 45)  # 01:45 there, a quarter of an hour before it is 01:00 again
    consultation = confirm(propose(chat, starts_at=start))
    db.session.expire_all()
    assert (consultation.starts_at, consultation.opens_at, consultation.closes_at) == (
        start,
        utc(2030, 10, 27, 0, 35),
        utc(2030, 10, 27, 1, 45),
    )
    assert work(consultation) == utc(2030, 10, 26, 0, 45)  # the reminder of the day before
    still.show(utc(2030, 10, 26, 0, 45))
    assert work(consultation) == utc(2030, 10, 27, 0, 30)
    still.show(utc(2030, 10, 27, 0, 30))
    assert work(consultation) == consultation.closes_at
    still.show(utc(2030, 10, 28, 1, 14))
    assert chat.state is ChatState.CONSULTATION
    still.show(utc(2030, 10, 28, 1, 15))  # 24 hours after its end, and 25 by the clocks of the wall
    assert chat.state is ChatState.OVER


def test_refund_rule_counts_hours_and_not_the_clock_on_the_wall(
    patient: User, doctor: Doctor, still: StillClock
) -> None:
    """At 12:00 in Lisbon for tomorrow's 12:00 there are 25 hours left when the clocks go back, and 23 when forward."""
    patient.choose_zone(LISBON.key)
    chat = make_chat(patient, doctor)
    for day, terms in (
        (date(2030, 10, 27), CancellationTerms.FULL),
        (date(2031, 3, 30), CancellationTerms.CLINIC_DECIDES),
    ):
        start = local_moment(day, time(12), LISBON)
        still.show(start - timedelta(days=10))
        consultation = propose(chat, starts_at=start, price=1500_00)
        pay(consultation)
        still.show(local_moment(day - timedelta(days=1), time(12), LISBON))
        assert CancellationTerms.of(patient, consultation) is terms


def test_same_words_of_two_zones_are_two_times(chat: Chat, doctor: Doctor) -> None:
    """«14:00» of the doctor in Moscow and «14:00» typed in Vladivostok do not meet."""
    day = date(2030, 11, 27)
    for zone in (MOSCOW, VLADIVOSTOK):
        terms = ProposalTerms(ConsultationKind.VIDEO, local_moment(day, time(14), zone), 30, 0)
        Consultation.propose(chat, doctor, terms, f"press-{zone.key}")
    with pytest.raises(errors.TimeIsTaken):
        propose(chat, starts_at=local_moment(day, time(21), VLADIVOSTOK))


# What is typed


@pytest.mark.parametrize(
    ("day", "at", "zone", "moment"),
    [
        (date(2030, 11, 27), time(14), MOSCOW, utc(2030, 11, 27, 11)),
        (date(2030, 11, 27), time(14), VLADIVOSTOK, utc(2030, 11, 27, 4)),
        (date(2031, 1, 1), time(0), KALININGRAD, utc(2030, 12, 31, 22)),
        (date(2032, 2, 29), time(0, 30), YEKATERINBURG, utc(2032, 2, 28, 19, 30)),
        (date(2030, 10, 27), time(0, 59), LISBON, utc(2030, 10, 26, 23, 59)),
        (date(2030, 10, 27), time(1, 30), LISBON, utc(2030, 10, 27, 0, 30)),  # the first of the two
        (date(2030, 10, 27), time(2), LISBON, utc(2030, 10, 27, 2)),
        (date(2030, 3, 31), time(0, 59), LISBON, utc(2030, 3, 31, 0, 59)),
        (date(2030, 3, 31), time(2), LISBON, utc(2030, 3, 31, 1)),
    ],
)
def test_local_time_becomes_a_moment(day: date, at: time, zone: ZoneInfo, moment: datetime) -> None:
    assert local_moment(day, at, zone) == moment
    assert local_moment(day, at, zone).astimezone(zone).replace(tzinfo=None) == datetime.combine(day, at)


@pytest.mark.parametrize("at", [time(1), time(1, 30), time(1, 59)])
def test_hour_the_clocks_leave_out_is_no_time(at: time) -> None:
    with pytest.raises(NoSuchTime):
        local_moment(date(2030, 3, 31), at, LISBON)


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("2030-11-27", date(2030, 11, 27)),
        ("27.11.2030", date(2030, 11, 27)),
        (" 1.2.2032 ", date(2032, 2, 1)),
        ("29.02.2032", date(2032, 2, 29)),
    ],
)
def test_day_as_browsers_and_hands_write_it(words: str, day: date) -> None:
    assert read_day(words) == day


@pytest.mark.parametrize("words", ["", "29.02.2031", "31.11.2030", "2030-13-01", "27.11.30", "завтра", "0000-01-01"])
def test_what_is_no_day_is_refused(words: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, nobody reads it
        read_day(words)


@pytest.mark.parametrize(("words", "at"), [("14:00", time(14)), ("9.05", time(9, 5)), ("00:00:30", time(0))])
def test_time_as_browsers_and_hands_write_it(words: str, at: time) -> None:
    assert read_time(words) == at


@pytest.mark.parametrize("words", ["", "24:00", "12:60", "14", "14-00", "полдень"])
def test_what_is_no_time_is_refused(words: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says, nobody reads it
        read_time(words)


@pytest.mark.parametrize(
    ("day", "at", "zone"),
    [
        ("0001-01-01", "00:00", MOSCOW),  # before the first day there is
        ("9999-12-31", "23:59", NEW_YORK),  # after the last
        ("31.03.2030", "01:30", LISBON),
        ("31.11.2030", "14:00", MOSCOW),
        ("27.11.2030", "25:00", MOSCOW),
        ("", "14:00", MOSCOW),
        ("27.11.2030", "", MOSCOW),
    ],
)
def test_form_says_what_is_wrong_with_a_time(app: Flask, day: str, at: str, zone: ZoneInfo) -> None:
    with app.test_request_context("/", method="POST", data={"day": day, "time": at}):
        form = TimeFields(zone, meta={"csrf": False})
        assert not form.validate()
        assert form.day.errors or form.at.errors


def test_doubled_hour_that_stood_there_comes_back_unchanged(app: Flask) -> None:
    """The second of the two; touched, it is the first of another time."""
    second = utc(2030, 10, 27, 1, 30)
    with app.test_request_context("/"):
        shown = TimeFields(LISBON, second, meta={"csrf": False})
    typed = {"day": shown.day.data, "time": shown.at.data, "shown": str(shown.shown.data)}
    for at, moment in (("01:30", second), ("01:45", utc(2030, 10, 27, 0, 45))):
        with app.test_request_context("/", method="POST", data=typed | {"time": at}):
            form = TimeFields(LISBON, meta={"csrf": False})
            assert form.validate()
            assert form.moment == moment


@pytest.mark.parametrize("day", ["29.02.2031", "2030-11-31"])
def test_day_that_no_calendar_has_is_called_so(app: Flask, day: str) -> None:
    with app.test_request_context("/", method="POST", data={"day": day, "time": "14:00"}):
        form = TimeFields(LISBON, meta={"csrf": False})
        assert not form.validate()
        assert form.day.errors == ["Такой даты нет в календаре. Проверьте день и месяц."]


def test_form_reads_a_doubled_hour_and_shows_it_back(app: Flask) -> None:
    with app.test_request_context("/", method="POST", data={"day": "2030-10-27", "time": "01:30"}):
        form = TimeFields(LISBON, meta={"csrf": False})
        assert form.validate()
        assert form.moment == utc(2030, 10, 27, 0, 30)
    with app.test_request_context("/"):
        form = TimeFields(VLADIVOSTOK, utc(2030, 12, 31, 15), meta={"csrf": False})
        assert (form.day.data, form.at.data) == ("2031-01-01", "01:00")
