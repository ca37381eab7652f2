"""«Неделя»: a doctor's calendar as a table, and as a list that says the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user, offer, propose
from reading import words

from ibolit.assets import STATIC
from ibolit.blueprints.consultations.week_grid import Ground, Span, Week
from ibolit.extensions import db
from ibolit.models import (
    AbsenceTerms,
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    Doctor,
    TimeOff,
    User,
)
from ibolit.models.consultations.today import Moment
from ibolit.services import clock

from .test_queries import MOST, asked_by

MONDAY = date(2027, 3, 22)  # the clocks of Berlin go forward on the 28th
BERLIN, MOSCOW = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/Moscow")


def at(day: int, hour: int, minute: int = 0, zone: ZoneInfo = MOSCOW, **more: Any) -> datetime:
    return datetime.combine(MONDAY + timedelta(days=day), time(hour, minute, **more), zone).astimezone(UTC)


def week(
    *taken: Span, zone: ZoneInfo = MOSCOW, hours: Sequence[Span] = (), off: Sequence[Span] = (), monday: date = MONDAY
) -> Week:
    held: Any = [SimpleNamespace(span=one) for one in taken]
    return Week.of(monday, zone, held=held, hours=hours, off=off)


def column(shown: Week, day: int) -> list[tuple[str, int, int]]:
    """Its cells from top to bottom: what each is, its first row and how many."""
    cells = [cell for _, row in shown.table() for cell in row if cell.day == shown.days[day].date]
    return [(f"{len(cell.held)}" if cell.held else str(cell.ground), cell.rows.start, len(cell.rows)) for cell in cells]


# The table


def test_empty_week_shows_a_working_day() -> None:
    shown = week()
    assert shown.rows == range(18, 36)
    assert column(shown, 3) == [("closed", 18, 18)]


def test_every_row_of_every_day_is_there_once() -> None:
    shown = week(
        (at(0, 10), at(0, 10, 50)), (at(0, 10, 55), at(0, 11, 25)), (at(2, 21, 40), at(2, 22, 10)),
        hours=[(at(0, 9, 15), at(0, 12, 45)), (at(0, 14), at(0, 18))], off=[(at(4, 0), at(7, 0))],
    )  # fmt: skip
    assert shown.rows == range(18, 46)
    for day in range(7):
        rows = [row for _, start, length in column(shown, day) for row in range(start, start + length)]
        assert rows == list(shown.rows)
    assert column(shown, 0) == [
        ("hours", 18, 2), ("2", 20, 3), ("hours", 23, 3), ("closed", 26, 2), ("hours", 28, 8), ("closed", 36, 10),
    ]  # fmt: skip
    assert column(shown, 4) == [("off", 18, 28)]


def test_those_that_share_no_row_stand_apart() -> None:
    shown = week((at(1, 10), at(1, 10, 30)), (at(1, 10, 30), at(1, 11)))
    assert column(shown, 1)[1:3] == [("1", 20, 1), ("1", 21, 1)]


def test_over_midnight_it_stands_on_both_days() -> None:
    shown = week((at(0, 23, 30), at(1, 0, 15)), (at(6, 23, 50), at(7, 0, 20)))
    assert ("1", 47, 1) in column(shown, 0)
    assert ("1", 0, 1) in column(shown, 1)
    assert ("1", 47, 1) in column(shown, 6)
    assert [(part.begins, part.ends) for part, _ in shown.days[6].held] == [(23 * 60 + 50, 24 * 60)]


def test_what_ends_at_midnight_is_not_of_the_next_day() -> None:
    shown = week((at(0, 23, 30), at(1, 0)))
    assert [len(day.held) for day in shown.days] == [1, 0, 0, 0, 0, 0, 0]


def test_days_on_which_the_clock_is_moved_are_days_of_the_wall() -> None:
    forward = week((at(6, 10, zone=BERLIN), at(6, 10, 30, zone=BERLIN)), zone=BERLIN)
    assert ("1", 20, 1) in column(forward, 6)
    monday = date(2027, 10, 25)
    last = datetime(2027, 10, 31, 2, 45, tzinfo=BERLIN).astimezone(UTC)  # a quarter later it is 2:00 once more
    back = week((last, last + timedelta(minutes=30)), zone=BERLIN, monday=monday)
    assert [(part.begins, part.ends) for part, _ in back.days[6].held] == [(165, 195)]


def test_consultations_stand_on_time_off_too() -> None:
    shown = week((at(0, 10), at(0, 10, 30)), off=[(at(0, 0), at(1, 0))])
    assert column(shown, 0)[:2] == [("off", 18, 2), ("1", 20, 1)]
    assert {cell.ground for _, row in shown.table() for cell in row if cell.held} == {Ground.OFF}


def labels(shown: Week, day: int) -> list[tuple[int, int, int]]:
    """Where hours are told: the row, and the hours themselves."""
    cells = [cell for _, row in shown.table() for cell in row if cell.day == shown.days[day].date and cell.part]
    return [(cell.rows.start, cell.part.begins, cell.part.ends) for cell in cells if cell.part]


def test_hours_are_told_once_where_the_first_of_them_is_free() -> None:
    shown = week(
        (at(0, 9), at(0, 9, 30)), (at(0, 11), at(0, 11, 30)), (at(1, 9), at(1, 12)),
        hours=[(at(0, 9), at(0, 12)), (at(0, 12), at(0, 13)), (at(1, 9), at(1, 12))],
    )  # fmt: skip
    assert labels(shown, 0) == [(19, 540, 720), (24, 720, 780)]
    assert labels(shown, 1) == []


def test_time_off_over_hours_is_one_piece() -> None:
    shown = week(hours=[(at(0, 10), at(0, 12)), (at(0, 14), at(0, 16))], off=[(at(0, 0), at(1, 0))])
    assert column(shown, 0) == [("off", 18, 18)]
    assert labels(shown, 0) == []


# The page


def monday_of(doctor: Doctor) -> date:
    today = clock.now().astimezone(doctor.user.zone).date()
    return today - timedelta(days=today.weekday())


def in_next_week(doctor: Doctor, day: int, hour: int) -> datetime:
    there = monday_of(doctor) + timedelta(days=7 + day)
    return datetime.combine(there, time(hour), doctor.user.zone).astimezone(UTC)


def next_week(doctor: Doctor, **more: str) -> str:
    query = {"day": (monday_of(doctor) + timedelta(days=10)).isoformat()} | more
    return "/consultations/week?" + "&".join(f"{name}={value}" for name, value in query.items())


@pytest.fixture
def full(doctor: Doctor, chat: Chat) -> list[Consultation]:
    """Confirmed, unpaid, unconfirmed and cancelled, and two days away."""
    agreed = propose(chat, starts_at=in_next_week(doctor, 0, 10))
    agreed.confirm(agreed.patient, agreed.starts_at)
    unpaid = propose(chat, starts_at=in_next_week(doctor, 1, 11), price=1500_00, minutes=45)
    asked = propose(chat, starts_at=in_next_week(doctor, 2, 12))
    gone = propose(chat, starts_at=in_next_week(doctor, 3, 13))
    gone.cancel(gone.doctor.user, CancellationReason.OTHER, CancellationTerms.NOTHING_PAID)
    host = db.session.get_one(Doctor, doctor.id)
    TimeOff.add(host, AbsenceTerms(in_next_week(doctor, 5, 0), in_next_week(doctor, 7, 0)))
    db.session.commit()
    return [agreed, unpaid, asked, gone]


@pytest.mark.parametrize("view", ["grid", "list"])
def test_both_views_say_the_same(as_doctor: Browser, doctor: Doctor, full: list[Consultation], view: str) -> None:
    page = as_doctor.get(next_week(doctor, view=view)).text
    shown = re.findall(r'class="week-one week-one--([\w-]+)" href="/consultations/(\d+)"', page)
    expected = list(zip(("to-come", "unpaid", "unconfirmed"), (str(one.id) for one in full), strict=False))
    assert shown == (expected if view == "list" else expected * 2)  # on a phone with large letters the list stands in
    said = words(page)
    for one in ("10:00", "Соколова", "подтверждена", "ещё не оплачена", "ещё не подтверждена", "Вас нет"):
        assert one in said
    assert ("<table" in page) is (view == "grid")


@pytest.mark.any_database
def test_what_nobody_has_agreed_to_yet_is_hatched() -> None:
    rule = re.search(r"([^}]*)\{[^}]*repeating-linear-gradient", (STATIC / "css" / "week.css").read_text())
    assert rule is not None
    unsaid = {Moment.AWAITS_DOCTOR, Moment.UNCHOSEN, Moment.UNPAID, Moment.UNCONFIRMED}
    assert set(re.findall(r"week-one--([\w-]+)", rule[1])) == {one.replace("_", "-") for one in unsaid}


def test_time_off_and_whole_span_stand_in_the_list(
    as_doctor: Browser, doctor: Doctor, full: list[Consultation]
) -> None:
    said = words(as_doctor.get(next_week(doctor, view="list")).text)
    assert "11:00–11:45 Анна Соколова ещё не оплачена" in said
    assert said.count("Вас нет") == 2
    assert said.count("Консультаций нет") == 4


def test_a_consultation_that_lapsed_is_gone_from_it(as_doctor: Browser, doctor: Doctor, chat: Chat) -> None:
    propose(chat, starts_at=in_next_week(doctor, 0, 10))
    later(days=15)
    day = (monday_of(doctor) - timedelta(days=3)).isoformat()
    for url in (f"/consultations/week?day={day}", "/consultations/week"):
        assert "week-one--" not in as_doctor.get(url).text


@pytest.mark.parametrize("view", ["grid", "list"])
def test_each_time_of_a_choice_stands_in_its_week(as_doctor: Browser, doctor: Doctor, chat: Chat, view: str) -> None:
    """Also in a week in which the first of them is not; until it lapses."""
    consultation = offer(chat, *(in_next_week(doctor, day, 10) for day in (0, 2, 9)))
    link = f'href="/consultations/{consultation.id}"'
    for day, times in ((7, 2), (14, 1)):
        asked = f"/consultations/week?day={monday_of(doctor) + timedelta(days=day)}&view={view}"
        page = as_doctor.get(asked).text
        shown = page.count(link)
        assert shown == (times if view == "list" else 2 * times)
        assert "время ещё не выбрано" in page
    later(hours=24)
    assert link not in as_doctor.get(next_week(doctor, view=view)).text


def test_weeks_follow_each_other(as_doctor: Browser, doctor: Doctor) -> None:
    """The list stays a list; «Эта неделя» stands only where another one is shown."""
    this, page = monday_of(doctor), as_doctor.get("/consultations/week?view=list").text
    assert "Эта неделя" not in page
    assert 'aria-current="page"' in page.replace("aria-current=page", 'aria-current="page"')
    (onward,) = re.findall(r'rel="next" href="([^"]+)"', page)
    (back,) = re.findall(r'rel="prev" href="([^"]+)"', page)
    assert onward.replace("&amp;", "&") == f"/consultations/week?day={this + timedelta(days=7)}&view=list"
    assert back.replace("&amp;", "&") == f"/consultations/week?day={this - timedelta(days=7)}&view=list"
    page = as_doctor.get(onward.replace("&amp;", "&")).text
    assert 'href="/consultations/week?view=list">Эта неделя' in page


@pytest.mark.parametrize(
    "day", ["", "x", "0001-01-01", "9999-12-31", "2027-02-30", "٢٠٢٧-٠١-٠١", "2027-W01-1", "a" * 900]
)
def test_nonsense_is_this_week(as_doctor: Browser, doctor: Doctor, day: str) -> None:
    answer = as_doctor.get("/consultations/week", query_string={"day": day, "view": day})
    assert answer.status_code == 200
    if not day.startswith("2027-W"):  # a spelling of a day that exists
        assert " aria-current=date" in answer.text


def test_by_the_doctors_own_clock(as_doctor: Browser, doctor: Doctor, chat: Chat) -> None:
    starts_at = in_next_week(doctor, 0, 21)
    propose(chat, starts_at=starts_at)
    db.session.get_one(User, doctor.user_id).timezone = "Asia/Vladivostok"
    db.session.commit()
    said = words(as_doctor.get(f"/consultations/week?view=list&day={starts_at.date()}").text)
    assert f"{starts_at.astimezone(ZoneInfo('Asia/Vladivostok')):%-H:%M}–" in said


def test_nobody_sees_anothers_week(as_patient: Browser, as_stranger: Browser, doctor: Doctor, chat: Chat) -> None:
    propose(chat, starts_at=in_next_week(doctor, 0, 10))
    for browser in (as_patient, as_stranger):
        assert browser.get(next_week(doctor)).status_code == 404
    colleague = Browser(as_patient.app, make_doctor("Лебедев Михаил Аркадьевич").user)
    assert "Соколова" not in colleague.get(next_week(doctor)).text


def test_list_of_consultations_leads_to_it(as_doctor: Browser, as_patient: Browser) -> None:
    assert 'href="/consultations/week"' in as_doctor.get("/consultations").text
    assert 'href="/consultations/week"' not in as_patient.get("/consultations").text


@pytest.mark.any_database
def test_questions_do_not_grow_with_rows(as_doctor: Browser, doctor: Doctor) -> None:
    counts = []
    for size in (2, 12):
        for number in range(size):
            chat = make_chat(make_user(f"Пациент {size} {number}"), db.session.get_one(Doctor, doctor.id), days_left=1)
            propose(
                chat, starts_at=in_next_week(doctor, size % 7, 8) + timedelta(minutes=45 * number), price=number % 2
            )
        counts.append(len(asked_by(as_doctor, next_week(doctor))))
    assert counts[0] == counts[1] <= MOST
