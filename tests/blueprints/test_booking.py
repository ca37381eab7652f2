"""«Записаться»: days, times, the last step; who was faster, what is in the way, and moving to another free time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from browser import Browser
from factories import PASSWORD, later, make_chat, make_doctor, offer, open_hours, propose
from payment_steps import answer
from reading import words
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.formatting import epoch, time_for
from ibolit.models import (
    AppointmentType,
    BookingRules,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationState,
    Doctor,
    LoginCode,
    Payment,
    RulesTerms,
    TypeTerms,
    User,
    booking,
)
from ibolit.services import clock

from .test_queries import asked_by

PAID = TypeTerms("Первичная консультация", ConsultationKind.VIDEO, 30, 2500_00)
FREE = TypeTerms("Вопрос по анализам", ConsultationKind.AUDIO, 15, 0)
NOTHING = "Врач сейчас не ведёт запись"


@pytest.fixture
def host(doctor: Doctor) -> Doctor:
    """Every day from nine to six, by Moscow's clock; free ones are agreed at once."""
    doctor = db.session.get_one(Doctor, doctor.id)
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", confirms_free=True))
    open_hours(doctor, PAID, FREE)
    return doctor


def types(doctor: Doctor) -> list[AppointmentType]:
    return list(AppointmentType.offered_by(doctor.id))


def day_ahead(doctor: Doctor, days: int = 3, which: int = 0) -> datetime:
    """A time of that day which can be booked."""
    db.session.expire_all()
    doctor, type = db.session.get_one(Doctor, doctor.id), types(doctor)[which]
    return booking.free_times(doctor, type, clock.now() + timedelta(days=days), clock.now() + timedelta(days=9))[
        0
    ].starts_at


def page_of(doctor: Doctor, start: datetime, which: int = 0) -> str:
    return f"/doctors/{doctor.id}/booking/{types(doctor)[which].id}/{int(start.timestamp())}"


def fields_of(html: str) -> dict[str, str]:
    """What the page's own form sends."""
    form = html[html.index('<form class="form"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def press(browser: Browser, page: str, *, htmx: bool = False, **more: object) -> TestResponse:
    shown = browser.get(page)
    assert shown.status_code == 200, shown.status_code
    return browser.post(page, fields_of(shown.text) | more, htmx=htmx)


def booked() -> list[Consultation]:
    db.session.expire_all()
    made = Consultation.with_card_data().where(Consultation.is_booked).order_by(Consultation.id)
    return list(db.session.scalars(made).unique())


# The ways in


def test_doctors_page_chat_and_what_is_over_lead_there(
    as_patient: Browser, host: Doctor, chat: Chat, patient: User
) -> None:
    way = f'href="/doctors/{host.id}/booking"'
    page = as_patient.get(f"/doctors/{host.id}").text
    assert way in page
    assert "Ближайшее время: " in page
    assert way in as_patient.get(f"/chats/{chat.id}").text
    consultation = propose(chat, starts_at=clock.now() + timedelta(hours=5))
    assert way not in as_patient.get(f"/consultations/{consultation.id}").text
    later(hours=6)
    assert way in as_patient.get(f"/consultations/{consultation.id}").text


def test_nobody_is_led_to_who_offers_nothing(as_patient: Browser, host: Doctor, chat: Chat) -> None:
    for type in types(host):
        type.end()
    db.session.commit()
    for page in (f"/doctors/{host.id}", f"/chats/{chat.id}"):
        assert "booking" not in as_patient.get(page).text
    assert NOTHING in as_patient.get(f"/doctors/{host.id}/booking").text


def test_doctor_sees_no_way_and_no_page(as_doctor: Browser, host: Doctor, chat: Chat) -> None:
    assert "/booking" not in as_doctor.get(f"/chats/{chat.id}").text
    for page in ("", f"/{types(host)[0].id}", f"/{types(host)[0].id}/{int(clock.now().timestamp())}"):
        assert as_doctor.get(f"/doctors/{host.id}/booking{page}").status_code == 404


# Days and times


@pytest.mark.parametrize("htmx", [True, False])
def test_times_stand_in_the_readers_zone(as_patient: Browser, host: Doctor, patient: User, htmx: bool) -> None:
    db.session.get_one(User, patient.id).choose_zone("Asia/Omsk")
    db.session.commit()
    start = day_ahead(host)
    zone = db.session.get_one(User, patient.id).zone
    type = types(host)[0]
    shown = as_patient.get(
        f"/doctors/{host.id}/booking/{type.id}?day={start.astimezone(zone):%Y-%m-%d}", htmx=htmx
    ).text
    assert f'href="{page_of(host, start)}"' in shown
    assert time_for(start, zone) in shown  # «16:00 (09:00 МСК)»
    assert ("<html" in shown) is not htmx
    assert "Первичная консультация" in shown
    assert "2 500 ₽" in words(shown)


def test_days_go_on_and_nonsense_shows_the_first(as_patient: Browser, host: Doctor) -> None:
    first = as_patient.get(f"/doctors/{host.id}/booking").text
    later_days = re.search(r'href="([^"]+day=[^"]+)"[^>]*>Позже', first)
    assert later_days is not None
    second = as_patient.get(later_days[1].replace("&amp;", "&")).text
    assert ">Раньше</a>" in second
    address = f"/doctors/{host.id}/booking/{types(host)[0].id}"
    for nonsense in ("", "?day=завтра", "?day=9999-99-99", "?day=2020-01-01", "?day=" + "9" * 200):
        page = as_patient.get(address + nonsense)
        assert (page.status_code, "booking__time" in page.text) == (200, True)


def test_unknown_kind_or_moment_is_said_or_is_nothing(as_patient: Browser, host: Doctor) -> None:
    assert "Выберите" in words(as_patient.get(f"/doctors/{host.id}/booking/99999").text)
    assert as_patient.get("/doctors/99999/booking").status_code == 404
    assert as_patient.get(f"/doctors/{host.id}/booking/1/{'9' * 30}").status_code == 404
    assert as_patient.get(f"/doctors/{host.id}/booking/{'9' * 30}").status_code in (200, 404)
    past = f"/doctors/{host.id}/booking/{types(host)[0].id}/1"
    assert "только что заняли" in as_patient.get(past).text


def test_signed_out_choice_comes_back_after_the_entry(visitor: Browser, host: Doctor, patient: User) -> None:
    """It lies in the address alone: numbers of a kind and a moment, nothing of a person; nothing is held."""
    phone, page = patient.phone, page_of(host, day_ahead(host))
    answered = visitor.get(page)
    assert answered.status_code == 303
    assert page in answered.location.replace("%2F", "/")
    assert visitor.post(page, {"client_id": "press-0001"}).status_code in (303, 400)
    assert not booked()
    entered = visitor.post(answered.location, {"login": phone, "password": PASSWORD})
    assert (entered.status_code, urlsplit(entered.location).path) == (303, page)
    assert "Оплатить 2 500 ₽" in words(visitor.get(page).text)


def test_choice_of_who_is_new_lies_with_the_code(visitor: Browser, host: Doctor) -> None:
    """Who finishes in another browser lands there all the same."""
    page = page_of(host, day_ahead(host))
    visitor.post(f"/login/phone?next={page}", {"phone": "+79165550101"})
    assert db.session.scalars(db.select(LoginCode.next_url)).all() == [page]


@pytest.mark.any_database
@pytest.mark.parametrize("htmx", [True, False])
def test_questions_do_not_grow_with_rows(as_patient: Browser, host: Doctor, chat: Chat, htmx: bool) -> None:
    """Of the days and times, and of a list of proposals with several times each."""
    counts = []
    for rows in (1, 6):
        for number in range(rows):
            start = clock.now().replace(microsecond=0) + timedelta(days=10 * rows + number)
            offer(chat, start, start + timedelta(hours=1), start + timedelta(hours=2))
        pages = f"/doctors/{host.id}/booking", "/consultations"
        counts.append([len(asked_by(as_patient, page, htmx=htmx)) for page in pages])
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 10


# The last step


@pytest.mark.parametrize("htmx", [True, False])
def test_free_one_is_agreed_at_once(as_patient: Browser, host: Doctor, htmx: bool) -> None:
    start = day_ahead(host, which=1)
    page = page_of(host, start, which=1)
    shown = words(as_patient.get(page).text)
    for said in ("Вопрос по анализам", "Аудио, 15 минут, бесплатно", "Запись подтвердится сразу", "103", "112"):
        assert said in shown
    answered = press(as_patient, page, htmx=htmx)
    (consultation,) = booked()
    assert (consultation.state, consultation.starts_at, consultation.title) == ("confirmed", start, FREE.title)
    to = answered.headers["HX-Redirect"] if htmx else answered.location
    assert urlsplit(to).path == f"/consultations/{consultation.id}"


def test_wish_waits_for_the_doctors_yes(as_patient: Browser, as_doctor: Browser, host: Doctor) -> None:
    BookingRules.set(db.session.get_one(Doctor, host.id), RulesTerms("Europe/Moscow"))
    db.session.commit()
    page = page_of(host, day_ahead(host, which=1), which=1)
    assert "Врач подтвердит запись" in as_patient.get(page).text
    press(as_patient, page)
    (consultation,) = booked()
    assert consultation.is_wish
    card = as_doctor.get(f"/consultations/{consultation.id}").text
    assert f'action="/consultations/{consultation.id}/confirmation"' in card
    as_doctor.post(f"/consultations/{consultation.id}/confirmation", {"expected": epoch(consultation.starts_at)})
    assert booked()[0].state is ConsultationState.CONFIRMED


@pytest.mark.parametrize("htmx", [True, False])
def test_paid_one_is_held_paid_and_confirmed(as_patient: Browser, host: Doctor, htmx: bool) -> None:
    start = day_ahead(host)
    page = page_of(host, start)
    shown = words(as_patient.get(page).text)
    for said in (
        "Видео, 30 минут, 2 500 ₽",
        "и деньги вернутся полностью",
        "Для вас: Анна Соколова",
        "Оплатить 2 500 ₽",
    ):
        assert said in shown
    answered = press(as_patient, page, htmx=htmx)
    (consultation,) = booked()
    assert consultation.is_hold
    (payment,) = consultation.payments
    to = answered.headers["HX-Redirect"] if htmx else answered.location
    assert (f"/payments/{payment.id}" == urlsplit(to).path) is not htmx
    payment = db.session.get_one(Payment, payment.id)
    payment.settle(answer(payment))
    db.session.commit()
    assert booked()[0].state is ConsultationState.CONFIRMED


def test_doctor_reads_of_a_lapsed_one_that_it_was_not_paid(
    as_patient: Browser, as_doctor: Browser, host: Doctor
) -> None:
    press(as_patient, page_of(host, day_ahead(host)))
    (consultation,) = booked()
    later(hours=1)
    column = words(as_doctor.get(f"/patients/{consultation.patient_id}/column", htmx=True).text)
    assert "Запись не оплачена" in column
    assert "Не подтверждена вовремя" not in column


def test_late_choice_says_what_comes_back(as_patient: Browser, host: Doctor) -> None:
    """So near that no cancelling is early: the half hour after paying alone."""
    start = booking.first_free_times(db.session.get_one(Doctor, host.id), types(host)[0], 1)[0].starts_at
    shown = words(as_patient.get(page_of(host, start)).text)
    is_late = start < clock.now() + timedelta(hours=24)
    assert ("в первые 30 минут после оплаты" in shown) is is_late


@pytest.mark.parametrize("htmx", [True, False])
def test_somebody_was_faster_and_the_nearest_are_shown(
    as_patient: Browser, as_stranger: Browser, host: Doctor, htmx: bool
) -> None:
    page = page_of(host, day_ahead(host))
    fields = fields_of(as_stranger.get(page).text)
    press(as_patient, page)
    refused = as_stranger.post(page, fields, htmx=htmx)
    assert refused.status_code == 409
    assert "Это время только что заняли" in refused.text
    near = re.findall(rf'href="(/doctors/{host.id}/booking/\d+/\d+)"', refused.text.partition("booking__types")[0])
    assert len(near) == 3
    assert press(as_stranger, near[0]).status_code == 303
    assert len(booked()) == 2
    assert "Это время только что заняли" in as_stranger.get(page).text


def test_same_press_is_one_and_another_hold_is_refused(as_patient: Browser, host: Doctor) -> None:
    start = day_ahead(host)
    page = page_of(host, start)
    fields = fields_of(as_patient.get(page).text)
    for _ in range(2):
        assert as_patient.post(page, fields).status_code == 303
    mine = booked()[0].id
    other = page_of(host, day_ahead(host, 5))
    refused = press(as_patient, other)
    assert (refused.status_code, "уже держится другое время" in refused.text) == (409, True)
    assert f'href="/consultations/{mine}"' in refused.text
    assert as_patient.get(page).status_code == 200  # one's own hold: the press leads on
    assert press(as_patient, page).status_code == 303
    assert len(booked()) == 1


def test_own_overlap_is_said_once(as_patient: Browser, host: Doctor, patient: User) -> None:
    start = day_ahead(host)
    other = make_doctor("Другой Врач")
    mine = propose(make_chat(db.session.get_one(User, patient.id), other), starts_at=start)
    page = page_of(host, start)
    refused = press(as_patient, page)
    assert (refused.status_code, "у вас уже есть консультация" in refused.text) == (409, True)
    assert f'href="/consultations/{mine.id}"' in refused.text
    assert as_patient.post(page, fields_of(refused.text)).status_code == 303
    assert len(booked()) == 1


def test_changed_terms_are_shown_before_they_are_booked(as_patient: Browser, host: Doctor) -> None:
    page = page_of(host, day_ahead(host))
    fields = fields_of(as_patient.get(page).text)
    type = AppointmentType.locked_for(db.session.get_one(Doctor, host.id), types(host)[0].id)
    assert type is not None
    type.change(TypeTerms(PAID.title, PAID.kind, PAID.minutes, 3000_00))
    db.session.commit()
    refused = as_patient.post(page, fields)
    assert (refused.status_code, "Условия записи изменились" in refused.text) == (409, True)
    assert "Оплатить 3 000 ₽" in words(refused.text)
    assert as_patient.post(page, fields_of(refused.text)).status_code == 303
    assert booked()[0].price == 3000_00


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"kind": "smoke"}, 409), ({"price": "x"}, 409), ({"minutes": "9" * 30}, 409), ({"refund_hours": "-1"}, 409),
        ({"client_id": "!"}, 422), ({"client_id": ""}, 422),
    ],
)  # fmt: skip
@pytest.mark.parametrize("htmx", [True, False])
def test_nonsense_books_nothing(
    as_patient: Browser, host: Doctor, wrong: dict[str, str], status: int, htmx: bool
) -> None:
    assert press(as_patient, page_of(host, day_ahead(host)), htmx=htmx, **wrong).status_code == status
    assert not booked()


def test_ended_kind_is_said(as_patient: Browser, host: Doctor) -> None:
    page = page_of(host, day_ahead(host))
    fields = fields_of(as_patient.get(page).text)
    types(host)[0].end()
    db.session.commit()
    assert as_patient.post(page, fields).status_code == 409
    assert as_patient.get(page).status_code == 200
    assert not booked()


def test_without_a_chat_booking_makes_one(as_stranger: Browser, host: Doctor) -> None:
    press(as_stranger, page_of(host, day_ahead(host, which=1), which=1))
    (consultation,) = booked()
    assert consultation.patient.name == "Посторонний Пётр"
    assert "Консультация подтверждена" in as_stranger.get(f"/chats/{consultation.chat_id}").text


# Moving


def moved_page(consultation: Consultation, start: datetime) -> str:
    return f"/consultations/{consultation.id}/move/{int(start.timestamp())}"


@pytest.fixture
def agreed(as_patient: Browser, host: Doctor) -> Consultation:
    press(as_patient, page_of(host, day_ahead(host, which=1), which=1))
    return booked()[0]


@pytest.mark.parametrize("htmx", [True, False])
def test_early_enough_it_is_moved_at_once(as_patient: Browser, host: Doctor, agreed: Consultation, htmx: bool) -> None:
    card = as_patient.get(f"/consultations/{agreed.id}").text
    assert f'href="/consultations/{agreed.id}/move"' in card
    assert f'href="/consultations/{agreed.id}/move"' in as_patient.get(f"/consultations/{agreed.id}/cancellation").text
    new = day_ahead(host, 5, which=1)
    times = as_patient.get(f"/consultations/{agreed.id}/move?day={new.astimezone(agreed.patient.zone):%Y-%m-%d}").text
    assert f'href="{moved_page(agreed, new)}"' in times
    assert "Время изменится сразу" in as_patient.get(moved_page(agreed, new)).text
    answered = press(as_patient, moved_page(agreed, new), htmx=htmx)
    assert answered.status_code == (200 if htmx else 303)
    (consultation,) = booked()
    assert (consultation.starts_at, consultation.state) == (new, "confirmed")
    assert "Консультация перенесена" in as_patient.get(f"/consultations/{agreed.id}").text


def test_too_late_the_doctor_is_asked(as_patient: Browser, host: Doctor, agreed: Consultation) -> None:
    new, old = day_ahead(host, 5, which=1), agreed.starts_at
    later(seconds=(old - clock.now()).total_seconds() - 3 * 3600)
    assert "Врачу придёт просьба" in as_patient.get(moved_page(agreed, new)).text
    press(as_patient, moved_page(agreed, new))
    (consultation,) = booked()
    assert (consultation.starts_at, consultation.reschedule_request) == (old, new)


def test_time_that_the_doctor_asks_for_is_taken_at_once(
    as_patient: Browser, host: Doctor, agreed: Consultation
) -> None:
    new, old = day_ahead(host, 5, which=1), agreed.starts_at
    agreed.request_reschedule(db.session.get_one(Doctor, host.id).user, new, old)
    db.session.commit()
    later(seconds=(old - clock.now()).total_seconds() - 3 * 3600)  # too late to be moved without asking
    assert "Время изменится сразу" in as_patient.get(moved_page(agreed, new)).text
    press(as_patient, moved_page(agreed, new))
    (consultation,) = booked()
    assert (consultation.starts_at, consultation.reschedule_request) == (new, None)
    assert "Консультация перенесена." in as_patient.get(f"/consultations/{agreed.id}").text


def test_time_it_has_already_is_not_offered(as_patient: Browser, agreed: Consultation) -> None:
    day = agreed.starts_at.astimezone(agreed.patient.zone)
    times = as_patient.get(f"/consultations/{agreed.id}/move?day={day:%Y-%m-%d}").text
    assert times.count(f'href="/consultations/{agreed.id}/move/') > 3
    assert f'href="{moved_page(agreed, agreed.starts_at)}"' not in times
    page = as_patient.get(moved_page(agreed, agreed.starts_at)).text
    assert "Это то же самое время. Выберите другое." in page
    assert "Врачу придёт просьба" not in page


def test_taken_or_changed_meanwhile_is_said(
    as_patient: Browser, as_stranger: Browser, host: Doctor, agreed: Consultation
) -> None:
    new = day_ahead(host, 5, which=1)
    fields = fields_of(as_patient.get(moved_page(agreed, new)).text)
    press(as_stranger, page_of(host, new, which=1))
    refused = as_patient.post(moved_page(agreed, new), fields)
    assert (refused.status_code, "Это время только что заняли" in refused.text) == (409, True)
    assert "Это время только что заняли" in as_patient.get(moved_page(agreed, new)).text
    other = day_ahead(host, 6, which=1)
    refused = as_patient.post(moved_page(agreed, other), fields | {"expected": "1"})
    assert (refused.status_code, "изменилась, пока вы смотрели" in refused.text) == (409, True)
    assert booked()[0].starts_at == agreed.starts_at


def test_nobody_elses_is_moved(as_doctor: Browser, as_stranger: Browser, host: Doctor, agreed: Consultation) -> None:
    """A doctor's move has its own form, and always waits for a yes."""
    page = moved_page(agreed, day_ahead(host, 5, which=1))
    for browser in (as_doctor, as_stranger):
        for address in (page, f"/consultations/{agreed.id}/move"):
            assert browser.get(address).status_code == 404
        assert browser.post(page, {"expected": epoch(agreed.starts_at)}).status_code == 404
    assert "/move" not in as_doctor.get(f"/consultations/{agreed.id}").text


def test_what_was_agreed_by_word_is_moved_by_asking(as_patient: Browser, host: Doctor, chat: Chat) -> None:
    consultation = propose(chat, starts_at=clock.now() + timedelta(days=3))
    answered = as_patient.get(f"/consultations/{consultation.id}/move")
    assert (answered.status_code, answered.location) == (303, f"/consultations/{consultation.id}/time")
    assert "/move" not in as_patient.get(f"/consultations/{consultation.id}").text
