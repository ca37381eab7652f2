"""The card and what is pressed on it: who may, what it says, and what a rule's no looks like."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from browser import Browser
from factories import later, make_chat, make_user, propose
from payment_steps import answer
from reading import Page, words
from started_consultations import consultation_in_progress

from ibolit.extensions import db
from ibolit.formatting import epoch
from ibolit.models import AuditAction, AuditEvent, Chat, Consultation, ConsultationState, Doctor, Message, Payment, User
from ibolit.models.consultations import Side
from ibolit.services import clock

PRICE = 1500_00
Visit = Callable[..., object]


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return propose(chat)


@pytest.fixture
def dear(chat: Chat) -> Consultation:
    """Not free."""
    return propose(chat, starts_at=clock.now() + timedelta(hours=5), price=PRICE)


def fresh(consultation: Consultation) -> Consultation:
    db.session.expire_all()
    return db.session.get_one(Consultation, consultation.id)


def press(browser: Browser, consultation: Consultation, action: str, *, htmx: bool = False, **more: object):  # type: ignore[no-untyped-def]
    data = {"expected": epoch(fresh(consultation).starts_at)} | more
    return browser.post(f"/consultations/{consultation.id}/{action}", data, htmx=htmx)


def confirmed(consultation: Consultation) -> Consultation:
    consultation = fresh(consultation)
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    return consultation


def paid(consultation: Consultation) -> Payment:
    consultation = fresh(consultation)
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    payment.settle(answer(payment))
    db.session.commit()
    return payment


# The card


def test_both_see_the_card_and_the_stranger_nothing(
    as_patient: Browser, as_doctor: Browser, as_stranger: Browser, consultation: Consultation
) -> None:
    for browser in (as_patient, as_doctor):
        assert f'id="consultation-{consultation.id}"' in browser.get(f"/consultations/{consultation.id}").text
    for htmx in (True, False):
        assert as_stranger.get(f"/consultations/{consultation.id}", htmx=htmx).status_code == 404


@pytest.mark.parametrize(
    "action",
    [
        "confirmation",
        "payments",
        "time",
        "choice",
        "time/acceptance",
        "time/refusal",
        "cancellation",
        "readiness",
        "delay",
        "end",
    ],
)
def test_stranger_presses_nothing(as_stranger: Browser, consultation: Consultation, action: str) -> None:
    assert press(as_stranger, consultation, action).status_code == 404
    assert fresh(consultation).state is ConsultationState.PROPOSED


@pytest.mark.parametrize("page", ["time", "cancellation", "call"])
def test_stranger_opens_nothing(as_stranger: Browser, consultation: Consultation, page: str) -> None:
    assert as_stranger.get(f"/consultations/{consultation.id}/{page}").status_code == 404


def test_reading_is_in_the_audit_log(as_patient: Browser, consultation: Consultation, patient: User) -> None:
    as_patient.get(f"/consultations/{consultation.id}")
    read = db.session.scalars(db.select(AuditEvent).where(AuditEvent.action == AuditAction.CONSULTATION_READ)).one()
    assert (read.actor_id, read.subject_id) == (patient.id, consultation.id)


def test_page_view_writes_no_state(as_patient: Browser, consultation: Consultation) -> None:
    later(hours=3)
    assert "Не подтверждена вовремя" in words(as_patient.get(f"/consultations/{consultation.id}").text)
    assert fresh(consultation).state is ConsultationState.PROPOSED


def test_ready_button_is_there_from_the_beginning_with_its_reason(
    as_patient: Browser, dear: Consultation, chat: Chat
) -> None:
    card = as_patient.get(f"/consultations/{dear.id}", htmx=True).text
    assert re.search(r"<button[^>]* disabled[^>]*>Готов общаться", card)
    assert "Сначала оплатите консультацию" in card
    assert "Оплатить 1 500 ₽" in words(card)


def test_confirmed_one_says_when_it_opens(as_patient: Browser, consultation: Consultation, patient: User) -> None:
    confirmed(consultation)
    opens = fresh(consultation).opens_at.astimezone(patient.zone)
    card = as_patient.get(f"/consultations/{consultation.id}", htmx=True).text
    assert f"Откроется за 10 минут до начала, в {opens:%H:%M}" in card
    later(hours=1, minutes=51)
    card = as_patient.get(f"/consultations/{consultation.id}", htmx=True).text
    assert f'action="/consultations/{consultation.id}/readiness"' in card


def test_card_knows_when_it_turns(as_patient: Browser, consultation: Consultation) -> None:
    confirmed(consultation)
    later(hours=1, minutes=40)
    card = as_patient.get(f"/consultations/{consultation.id}", htmx=True).text
    at, now = (int(re.search(rf'data-{name}="(\d+)"', card)[1]) for name in ("at", "now"))  # type: ignore[index]
    assert 0 < at - now <= 60_000  # the words «через 20 минут» turn first


def test_card_stands_in_the_chat(
    as_patient: Browser, as_doctor: Browser, consultation: Consultation, chat: Chat
) -> None:
    for browser in (as_patient, as_doctor):
        assert f'id="consultation-{consultation.id}"' in browser.get(f"/chats/{chat.id}").text


# Confirming and paying


@pytest.mark.parametrize("htmx", [True, False])
def test_patient_confirms(as_patient: Browser, consultation: Consultation, htmx: bool) -> None:
    answered = press(as_patient, consultation, "confirmation", htmx=htmx)
    assert answered.status_code == (200 if htmx else 303)
    assert fresh(consultation).state is ConsultationState.CONFIRMED


def test_what_has_changed_meanwhile_is_shown_before_it_is_pressed(
    as_patient: Browser, consultation: Consultation
) -> None:
    for htmx in (True, False):
        answered = press(as_patient, consultation, "confirmation", htmx=htmx, expected=1)
        assert answered.status_code == 409
        assert "Консультация изменилась" in answered.text
        assert f'id="consultation-{consultation.id}"' in answered.text
    assert fresh(consultation).state is ConsultationState.PROPOSED


def test_doctor_confirms_nothing(as_doctor: Browser, consultation: Consultation) -> None:
    assert press(as_doctor, consultation, "confirmation").status_code == 409


def test_paying_leads_to_the_bank_and_back(as_patient: Browser, dear: Consultation) -> None:
    answered = press(as_patient, dear, "payments", htmx=True)
    payment = db.session.scalars(db.select(Payment)).one()
    assert answered.headers["HX-Redirect"] == payment.page
    assert (payment.amount, payment.consultation_id, payment.days) == (PRICE, dear.id, 0)
    way = f"/payments/{payment.id}"
    assert press(as_patient, dear, "payments").headers["Location"] == way


def test_doctor_pays_nothing(as_doctor: Browser, dear: Consultation) -> None:
    assert press(as_doctor, dear, "payments").status_code == 404


def test_paid_twice_is_paid_once(as_patient: Browser, dear: Consultation) -> None:
    paid(dear)
    assert press(as_patient, dear, "payments").status_code == 409
    assert "Оплачено" in as_patient.get(f"/consultations/{dear.id}").text


def test_garbage_in_seen_is_no_crash(as_patient: Browser, consultation: Consultation) -> None:
    for garbage in ("", "abc", "-5", "9" * 40, "²"):
        assert press(as_patient, consultation, "confirmation", expected=garbage).status_code == 409


# Another time


def other(consultation: Consultation, user: User, **by: float) -> dict[str, str]:
    local = (fresh(consultation).starts_at + timedelta(**by)).astimezone(user.zone)
    return {"day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}


@pytest.mark.parametrize("htmx", [True, False])
def test_other_time_is_wished_seen_and_accepted(
    as_patient: Browser, as_doctor: Browser, patient: User, consultation: Consultation, htmx: bool
) -> None:
    confirmed(consultation)
    assert as_patient.get(f"/consultations/{consultation.id}/time", htmx=htmx).status_code == 200
    press(as_patient, consultation, "time", htmx=htmx, **other(consultation, patient, days=1))
    wish = fresh(consultation).reschedule_request
    assert wish is not None
    assert "Пациент предлагает другое время" in words(as_doctor.get(f"/consultations/{consultation.id}").text)
    assert "Вы предлагаете другое время" in words(as_patient.get(f"/consultations/{consultation.id}").text)
    press(as_doctor, consultation, "time/acceptance", htmx=htmx, expected=epoch(wish))
    assert (fresh(consultation).starts_at, fresh(consultation).reschedule_request) == (wish, None)


def test_two_who_wish_at_once_are_told_of_each_other(
    as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor, consultation: Consultation
) -> None:
    """The second form was open already: it comes back with the other's time, and sent again it counts."""
    seen = {"expected_request": 0} | other(consultation, doctor.user, days=2)
    press(as_patient, consultation, "time", **other(consultation, patient, days=1))
    theirs = fresh(consultation).reschedule_request
    assert theirs is not None
    answer = press(as_doctor, consultation, "time", **seen)
    assert answer.status_code == 409
    assert "другое время предложили и вам" in answer.text
    assert "Пациент предлагает" in words(answer.text)
    assert fresh(consultation).reschedule_request == theirs
    form = Page(answer.text).form_to("/time").fields
    assert form["expected_request"] == str(epoch(theirs))
    assert press(as_doctor, consultation, "time", **form).status_code == 303
    assert fresh(consultation).reschedule_request == theirs + timedelta(days=1)


def test_other_time_is_declined(
    as_patient: Browser, as_doctor: Browser, doctor: Doctor, consultation: Consultation
) -> None:
    press(as_doctor, consultation, "time", **other(consultation, doctor.user, days=1))
    wish = fresh(consultation).reschedule_request
    assert press(as_patient, consultation, "time/refusal", expected=epoch(wish)).status_code == 303
    assert fresh(consultation).reschedule_request is None


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"day": "", "time": "14:00"}, "Выберите дату."),
        ({"day": "завтра", "time": "14:00"}, "Введите дату так"),
        ({"day": "30.02.2027", "time": "14:00"}, "Такой даты нет в календаре"),
        ({"day": "2027-02-01", "time": "25:00"}, "Введите время так"),
        ({"day": "2020-02-01", "time": "12:00"}, "Это время уже прошло"),
        ({"day": "2099-02-01", "time": "12:00"}, "больше чем через год"),
        ({"day": "9999-12-31", "time": "23:59"}, "больше чем через год"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_wrong_time_is_said_next_to_it(
    as_patient: Browser, consultation: Consultation, typed: dict[str, str], sentence: str, htmx: bool
) -> None:
    answered = press(as_patient, consultation, "time", htmx=htmx, **typed)
    assert answered.status_code == 422
    assert sentence in answered.text
    assert fresh(consultation).reschedule_request is None


def test_hour_that_the_clocks_leave_out_is_refused(
    as_patient: Browser, patient: User, consultation: Consultation
) -> None:
    user = db.session.get_one(User, patient.id)
    user.choose_zone("Europe/Lisbon")
    db.session.commit()
    answered = press(as_patient, consultation, "time", day="2027-03-28", time="01:30")
    assert "часы переводят вперёд" in answered.text


# Cancelling


def test_refund_rule_is_said_before_the_press(as_patient: Browser, dear: Consultation) -> None:
    paid(dear)
    assert "Вернём 1 500 ₽ полностью" in words(as_patient.get(f"/consultations/{dear.id}/cancellation").text)
    later(minutes=31)
    page = words(as_patient.get(f"/consultations/{dear.id}/cancellation").text)
    assert "решит клиника" in page


@pytest.mark.parametrize("htmx", [True, False])
def test_cancelled_with_what_was_promised(as_patient: Browser, dear: Consultation, htmx: bool) -> None:
    payment_id = paid(dear).id
    later(minutes=31)
    stale = press(as_patient, dear, "cancellation", htmx=htmx, reason="bad_time", expected="full")
    assert stale.status_code == 409
    assert "Условия возврата денег изменились" in stale.text
    assert fresh(dear).state is ConsultationState.CONFIRMED
    press(as_patient, dear, "cancellation", htmx=htmx, reason="bad_time", expected="clinic_decides")
    assert fresh(dear).state is ConsultationState.CANCELLED
    assert db.session.get_one(Payment, payment_id).refunds[0].state == "requested"
    card = words(as_patient.get(f"/consultations/{dear.id}").text)
    assert "Вы отменили: не подходит время" in card
    assert "О возврате решит клиника до" in card


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("cancelled", "она отменена"),
        ("expired", "её время прошло"),
        ("met", "она уже идёт"),
    ],
)
def test_pages_of_what_is_over_say_why(as_patient: Browser, consultation: Consultation, how: str, words: str) -> None:
    if how == "cancelled":
        press(as_patient, consultation, "cancellation", reason="other", expected="nothing_paid")
    elif how == "expired":
        later(hours=5)
    else:
        consultation = confirmed(consultation)
        consultation.state = ConsultationState.IN_PROGRESS
        db.session.commit()
    for page, action in (("time", "Перенести"), ("cancellation", "Отменить")):
        said = as_patient.get(f"/consultations/{consultation.id}/{page}").text
        assert f"{action} консультацию уже нельзя: {words}." in said
        assert "Это время действует" not in said


def test_cancelling_needs_a_reason_of_ours(as_doctor: Browser, consultation: Consultation) -> None:
    for reason in ("", "money_back", "из вредности"):
        answered = press(as_doctor, consultation, "cancellation", reason=reason, expected="nothing_paid")
        assert answered.status_code == 422
    assert fresh(consultation).state is ConsultationState.PROPOSED


def test_unknown_promise_is_no_promise(as_doctor: Browser, consultation: Consultation) -> None:
    assert press(as_doctor, consultation, "cancellation", reason="other", expected="gold").status_code == 409


# Attendance


def test_both_ready_are_led_to_the_call(as_patient: Browser, as_doctor: Browser, consultation: Consultation) -> None:
    confirmed(consultation)
    later(hours=1, minutes=55)
    press(as_patient, consultation, "readiness", htmx=True)
    assert "Ждём врача" in as_patient.get(f"/consultations/{consultation.id}").text
    assert "Пациент: здесь" in words(as_doctor.get(f"/consultations/{consultation.id}").text)
    answered = press(as_doctor, consultation, "readiness", htmx=True)
    assert answered.headers["HX-Redirect"] == f"/consultations/{consultation.id}/call"
    assert fresh(consultation).state is ConsultationState.IN_PROGRESS


def test_too_early_is_said_on_the_card(as_patient: Browser, consultation: Consultation) -> None:
    confirmed(consultation)
    answered = press(as_patient, consultation, "readiness", htmx=True)
    assert answered.status_code == 409
    assert "Ещё рано" in answered.text


def test_page_without_scripts_looks_by_itself_and_is_a_sign_of_life(
    as_patient: Browser, consultation: Consultation
) -> None:
    confirmed(consultation)
    assert 'http-equiv="refresh"' not in as_patient.get(f"/consultations/{consultation.id}").text
    later(hours=1, minutes=50, seconds=10)
    press(as_patient, consultation, "readiness")
    before = fresh(consultation).attendance_of(Side.PATIENT).ready_at
    later(hours=1, minutes=51)
    assert (
        '<noscript><meta http-equiv="refresh" content="15">' in as_patient.get(f"/consultations/{consultation.id}").text
    )
    after = fresh(consultation).attendance_of(Side.PATIENT).ready_at
    assert before is not None
    assert after is not None
    assert after > before


def test_call_without_scripts_opens_by_itself(as_patient: Browser, consultation: Consultation) -> None:
    confirmed(consultation)
    later(hours=1, minutes=55)
    consultation = fresh(consultation)
    for side in (consultation.patient, consultation.doctor.user):
        consultation.mark_ready(side)
    db.session.commit()
    assert f"0; url=/consultations/{consultation.id}/call" in as_patient.get(f"/consultations/{consultation.id}").text


def test_both_open_the_call_and_the_doctor_ends_it(
    as_patient: Browser, as_doctor: Browser, consultation: Consultation
) -> None:
    confirmed(consultation)
    assert as_patient.get(f"/consultations/{consultation.id}/call").status_code == 303  # not begun
    later(hours=1, minutes=55)
    for browser in (as_patient, as_doctor):
        press(browser, consultation, "readiness")
    for browser in (as_patient, as_doctor):
        assert browser.get(f"/consultations/{consultation.id}/call").status_code == 200
    assert press(as_patient, consultation, "end").status_code == 404
    assert press(as_doctor, consultation, "end").status_code == 303
    assert fresh(consultation).state is ConsultationState.COMPLETED


def test_late_is_one_press(as_doctor: Browser, as_patient: Browser, consultation: Consultation) -> None:
    confirmed(consultation)
    later(hours=1, minutes=55)
    assert press(as_doctor, consultation, "delay", htmx=True).status_code == 200
    assert "Врач опаздывает" in words(as_patient.get(f"/consultations/{consultation.id}").text)


# The list


def test_list_of_both_and_of_the_stranger(
    as_patient: Browser, as_doctor: Browser, as_stranger: Browser, consultation: Consultation
) -> None:
    for htmx in (True, False):
        assert f'id="consultation-{consultation.id}"' in as_patient.get("/consultations", htmx=htmx).text
        assert f'id="consultation-{consultation.id}"' in as_doctor.get("/consultations", htmx=htmx).text
        assert "Пока нет консультаций" in as_stranger.get("/consultations", htmx=htmx).text


def test_doctors_day_on_one_screen(as_doctor: Browser, doctor: Doctor, chat: Chat) -> None:
    chats = [chat, *(make_chat(make_user(f"Пациент {n}"), doctor) for n in range(3))]
    soon, next_one, unsure, tomorrow = (
        propose(one, starts_at=clock.now() + timedelta(minutes=ahead), minutes=10)
        for one, ahead in zip(chats, (5, 30, 60, 60 * 24 * 3), strict=True)
    )
    for one in (soon, next_one, tomorrow):
        confirmed(one)
    soon = fresh(soon)
    soon.mark_ready(soon.patient)
    db.session.commit()
    ids = [one.id for one in (soon, next_one, unsure, tomorrow)]
    page = as_doctor.get("/consultations").text
    order = re.findall(r'agenda__title">([^<]+)|id="consultation-(\d+)"', page)
    flat = [title or int(number) for title, number in order]
    titles = ("Сейчас ждут", "Следующая", "Не подтверждены", "Позже")
    assert flat == [one for pair in zip(titles, ids, strict=True) for one in pair]


def test_past_is_paged(as_patient: Browser, chat: Chat) -> None:
    for number in range(23):
        propose(chat, starts_at=clock.now() + timedelta(minutes=10 + number), minutes=1)
    later(days=1)
    page = as_patient.get("/consultations").text
    first = re.findall(r'id="consultation-(\d+)"', page)
    more = re.search(r'hx-get="(/consultations\?before=[^"]+)"', page)
    assert more is not None
    rest = re.findall(r'id="consultation-(\d+)"', as_patient.get(more[1].replace("&amp;", "&"), htmx=True).text)
    assert (len(first), len(rest)) == (20, 3)
    assert not set(first) & set(rest)


def test_garbage_as_cursor_is_the_first_page(as_patient: Browser, consultation: Consultation) -> None:
    for garbage in ("x", "1-", "9e99-1", "nan-1", "inf-2"):
        assert as_patient.get(f"/consultations?before={garbage}").status_code == 200


def test_neutral_address_leads_to_the_card(as_patient: Browser, visitor: Browser, consultation: Consultation) -> None:
    assert as_patient.get(f"/v/{consultation.id}").headers["Location"] == f"/consultations/{consultation.id}"
    assert "/login" in visitor.get(f"/v/{consultation.id}").headers["Location"]


# Pages opened before the update of 29 November 2026 post the former names; read until 27 February 2027.


def test_button_of_a_card_opened_before_the_update_confirms(as_patient: Browser, consultation: Consultation) -> None:
    url, starts_at = f"/consultations/{consultation.id}/confirmation", fresh(consultation).starts_at
    assert as_patient.post(url, {"seen": 1}).status_code == 409
    assert as_patient.post(url, {"seen": epoch(starts_at)}).status_code == 303
    assert fresh(consultation).state is ConsultationState.CONFIRMED


def test_reschedule_form_opened_before_the_update_requests(
    as_doctor: Browser, doctor: Doctor, consultation: Consultation
) -> None:
    confirmed(consultation)
    form = {"seen": epoch(fresh(consultation).starts_at), "seen_wish": 0} | other(consultation, doctor.user, days=1)
    assert as_doctor.post(f"/consultations/{consultation.id}/time", form).status_code == 303
    assert fresh(consultation).reschedule_request is not None


def test_cancellation_opened_before_the_update_cancels(as_patient: Browser, consultation: Consultation) -> None:
    url = f"/consultations/{consultation.id}/cancellation"
    assert as_patient.post(url, {"reason": "other", "promise": "full"}).status_code == 409
    assert as_patient.post(url, {"reason": "other", "promise": "nothing_paid"}).status_code == 303
    assert fresh(consultation).state is ConsultationState.CANCELLED


# «Нужен очный приём»


@pytest.mark.parametrize("how", ["at the end", "afterwards", "twice"])
def test_it_may_end_with_a_visit(
    as_patient: Browser, as_doctor: Browser, as_stranger: Browser, chat: Chat, how: str
) -> None:
    """In the call, or on the card of what has ended; both read it on the card and in the chat, once."""
    consultation = consultation_in_progress(chat)
    to = f"/consultations/{consultation.id}"
    assert "Завершить: нужен очный приём" in as_doctor.get(f"{to}/call").text
    assert press(as_stranger, consultation, "end", needs_visit="1").status_code == 404
    assert press(as_patient, consultation, "end", needs_visit="1").status_code == 404
    if how == "afterwards":
        press(as_doctor, consultation, "end")
        assert ">Нужен очный приём</button>" in as_doctor.get(to).text
        assert "Нужен очный приём" not in as_patient.get(to).text
    for _ in range(2 if how == "twice" else 1):
        assert press(as_doctor, consultation, "end", needs_visit="1").status_code == 303
    assert fresh(consultation).state is ConsultationState.COMPLETED
    assert fresh(consultation).needs_visit
    assert "Нужен очный приём. Покажитесь врачу лично" in words(as_patient.get(to).text)
    assert ">Нужен очный приём</button>" not in as_doctor.get(to).text
    note = "Консультация завершена: нужен очный приём."
    notes = db.session.scalars(db.select(Message.text).where(Message.author_id.is_(None), Message.text == note)).all()
    assert len(notes) == 1
    assert note in as_patient.get(f"/chats/{consultation.chat_id}").text


def test_what_did_not_take_place_ends_with_no_visit(as_doctor: Browser, consultation: Consultation) -> None:
    confirmed(consultation)
    assert press(as_doctor, consultation, "end", needs_visit="1").status_code == 409
    assert not fresh(consultation).needs_visit
