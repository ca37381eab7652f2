"""From the chat: a doctor proposes, a patient asks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import add_tariff, later, make_chat, offer, propose
from reading import words
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.formatting import epoch
from ibolit.models import Chat, Consultation, ConsultationRequest, Doctor, Message, User
from ibolit.services import clock


def typed(user: User, **more: object) -> dict[str, object]:
    local = (clock.now() + timedelta(days=2)).astimezone(user.zone)
    fields: dict[str, object] = {"kind": "video", "day": f"{local:%Y-%m-%d}", "time": "14:00", "minutes": 30}
    return fields | {"price": "1 500", "note": "Возьмите тонометр", "client_id": "press-0001"} | more


def send(browser: Browser, chat: Chat, user: User, *, htmx: bool = False, **more: object) -> TestResponse:
    return browser.post(f"/chats/{chat.id}/consultations", typed(user, **more), htmx=htmx)


def all_consultations() -> list[Consultation]:
    db.session.expire_all()
    return list(db.session.scalars(Consultation.with_card_data().order_by(Consultation.id)).unique())


@pytest.mark.parametrize("htmx", [True, False])
def test_doctor_proposes(as_doctor: Browser, as_patient: Browser, chat: Chat, doctor: Doctor, htmx: bool) -> None:
    answered = send(as_doctor, chat, doctor.user, htmx=htmx)
    assert answered.status_code == (200 if htmx else 303)
    (consultation,) = all_consultations()
    assert (consultation.price, consultation.minutes, consultation.kind, consultation.note) == (
        1500_00,
        30,
        "video",
        "Возьмите тонометр",
    )
    assert consultation.starts_at.astimezone(doctor.user.zone).hour == 14
    assert "Возьмите тонометр" in as_patient.get(f"/chats/{chat.id}").text


def test_two_taps(as_doctor: Browser, chat: Chat, doctor: Doctor) -> None:
    """The sheet comes with everything filled in: its own fields, sent as they are, make a proposal."""
    db.session.get_one(Doctor, doctor.id).default_price = 2000_00
    db.session.commit()
    sheet = as_doctor.get(f"/chats/{chat.id}/consultations/new", htmx=True).text
    fields = dict(re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', sheet))
    minutes = re.search(r'<option selected value="(\d+)"', sheet)
    assert minutes is not None
    as_doctor.post(f"/chats/{chat.id}/consultations", fields | {"kind": "video", "minutes": minutes[1], "note": ""})
    (consultation,) = all_consultations()
    assert (consultation.price, consultation.minutes) == (2000_00, 30)
    assert consultation.starts_at > clock.now() + timedelta(minutes=59)


def test_suggested_time_is_free(as_doctor: Browser, chat: Chat) -> None:
    first = as_doctor.get(f"/chats/{chat.id}/consultations/new").text
    day, at = (re.search(rf'name="{name}"[^>]* value="([^"]+)"', first)[1] for name in ("day", "time"))  # type: ignore[index]
    as_doctor.post(
        f"/chats/{chat.id}/consultations",
        {"kind": "audio", "day": day, "time": at, "minutes": 30, "price": "0", "client_id": "press-0001"},
    )
    assert len(all_consultations()) == 1
    second = as_doctor.get(f"/chats/{chat.id}/consultations/new").text
    again = tuple(re.search(rf'name="{name}"[^>]* value="([^"]+)"', second)[1] for name in ("day", "time"))  # type: ignore[index]
    assert again != (day, at)


def offered(page: str) -> list[tuple[str, str]]:
    return re.findall(r'data-day="([^"]+)"\s+data-time="([^"]+)"', page)


def test_free_times_are_offered(as_doctor: Browser, as_patient: Browser, chat: Chat) -> None:
    """Also with what was wrong, and to whoever moves what is agreed."""
    form = f"/chats/{chat.id}/consultations/new"
    times = offered(as_doctor.get(form, htmx=True).text)
    assert len(times) == 6
    day, at = times[0]
    typed = {"kind": "audio", "day": day, "time": at, "minutes": 30, "price": "много", "client_id": "press-0001"}
    assert offered(as_doctor.post(f"/chats/{chat.id}/consultations", typed, htmx=True).text) == times
    as_doctor.post(f"/chats/{chat.id}/consultations", typed | {"price": "0"})
    left = offered(as_doctor.get(form, htmx=True).text)
    assert left[:5] == times[1:]
    (consultation,) = all_consultations()
    assert offered(as_patient.get(f"/consultations/{consultation.id}/time").text) == left


def test_double_press_is_one(as_doctor: Browser, chat: Chat, doctor: Doctor) -> None:
    for _ in range(2):
        send(as_doctor, chat, doctor.user)
    assert len(all_consultations()) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"kind": "smoke"}, "Выберите видео или аудио."),
        ({"day": ""}, "Выберите дату."),
        ({"time": "полдень"}, "Введите время так"),
        ({"minutes": "7"}, "Выберите из списка, сколько минут."),
        ({"price": "дорого"}, "Введите цену в рублях"),
        ({"price": " "}, "Введите цену. Для бесплатной – 0."),
        ({"price": "99999999"}, "больше миллиона"),
        ({"note": "ж" * 501}, "длиннее 500 знаков"),
        ({"client_id": "!"}, "Обновите страницу"),
        ({"day": "01.02.2020"}, "уже прошло"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_wrong_words_are_said_and_kept(
    as_doctor: Browser, chat: Chat, doctor: Doctor, wrong: dict[str, str], sentence: str, htmx: bool
) -> None:
    answered = send(as_doctor, chat, doctor.user, htmx=htmx, **wrong)
    assert answered.status_code == 422
    assert sentence in answered.text
    assert "14:00" in answered.text or "time" in wrong
    assert all_consultations() == []


def test_own_time_is_not_given_twice(as_doctor: Browser, chat: Chat, doctor: Doctor, stranger: User) -> None:
    send(as_doctor, chat, doctor.user)
    other = make_chat(stranger, db.session.get_one(Doctor, doctor.id))
    answered = send(as_doctor, other, doctor.user, client_id="press-0002", time="14:15")
    assert answered.status_code == 422
    assert "В это время у вас 14:00–14:30 Анна Соколова" in words(answered.text)
    assert "Ближайшее свободное: 13:30, 14:30 и 15:00." in words(answered.text)
    day = f"{(clock.now() + timedelta(days=2)).astimezone(doctor.user.zone):%Y-%m-%d}"
    assert offered(answered.text) == [(day, "13:30"), (day, "14:30"), (day, "15:00")]


def choice(user: User, *hours: int) -> dict[str, str]:
    """Two more times of the same day, as they are typed."""
    day = typed(user)["day"]
    pairs = [{f"day_{number}": str(day), f"time_{number}": f"{hour}:00"} for number, hour in enumerate(hours, 2)]
    return {name: value for pair in pairs for name, value in pair.items()}


@pytest.mark.parametrize("htmx", [True, False])
def test_doctor_offers_a_choice_and_one_tap_takes_one(
    as_doctor: Browser, as_patient: Browser, chat: Chat, doctor: Doctor, htmx: bool
) -> None:
    send(as_doctor, chat, doctor.user, htmx=htmx, price="0", **choice(doctor.user, 16, 18))
    (consultation,) = all_consultations()
    zone = doctor.user.zone
    assert [one.starts_at.astimezone(zone).hour for one in consultation.time_options] == [14, 16, 18]
    of_doctor = words(as_doctor.get(f"/chats/{chat.id}").text)
    assert "Пациент выбирает до" in of_doctor
    assert "Время на выбор" in of_doctor
    page = as_patient.get(f"/chats/{chat.id}").text
    assert "Выберите время консультации" in words(page)  # the one next step
    forms = re.findall(r'action="(/consultations/\d+/choice)".*?value="(\d+)".*?>([^<]*)</button>', page, re.S)
    assert [form[2].split(", ")[-1] for form in forms] == ["14:00 (МСК)", "16:00 (МСК)", "18:00 (МСК)"]
    answered = as_patient.post(forms[1][0], {"expected": forms[1][1]}, htmx=htmx)
    assert answered.status_code == (200 if htmx else 303)
    (consultation,) = all_consultations()
    assert consultation.starts_at.astimezone(zone).hour == 16
    assert consultation.state == "confirmed"
    shown = words(as_patient.get(f"/chats/{chat.id}").text)
    assert "Консультация подтверждена: " in shown
    assert "Время на выбор" not in shown


def test_paid_choice_is_paid_next(as_doctor: Browser, as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    send(as_doctor, chat, doctor.user, **choice(doctor.user, 16))
    (consultation,) = all_consultations()
    card = f"/consultations/{consultation.id}"
    refused = as_patient.post(f"{card}/payments", {"expected": epoch(consultation.starts_at)})
    assert (refused.status_code, "Сначала выберите время" in refused.text) == (409, True)
    assert "Оплатить" not in as_patient.get(card).text
    as_patient.post(f"{card}/choice", {"expected": epoch(consultation.time_options[1].starts_at)})
    shown = words(as_patient.get(card).text)
    assert "Время согласовано, осталось оплатить" in shown
    assert "Оплатить 1 500 ₽" in shown


@pytest.mark.parametrize("htmx", [True, False])
def test_choice_taken_already_lapsed_or_made_up_is_explained(
    as_doctor: Browser, as_patient: Browser, chat: Chat, doctor: Doctor, htmx: bool
) -> None:
    first = offer(chat, *(clock.now().replace(microsecond=0) + timedelta(days=day) for day in (2, 3, 4)))
    second = offer(chat, *(clock.now().replace(microsecond=0) + timedelta(days=day) for day in (5, 6)))

    def press(consultation: Consultation, expected: object) -> TestResponse:
        return as_patient.post(f"/consultations/{consultation.id}/choice", {"expected": expected}, htmx=htmx)

    starts = [epoch(one.starts_at) for one in first.time_options]
    for nonsense in ("", "завтра", "1", "9" * 14):
        refused = press(first, nonsense)
        assert (refused.status_code, "изменилась, пока вы смотрели" in refused.text) == (409, True)
    press(first, starts[0])
    assert press(first, starts[0]).status_code == (200 if htmx else 303)  # the same press again
    refused = press(first, starts[1])  # of another tab
    assert (refused.status_code, "Вы уже выбрали другое время" in refused.text) == (409, True)
    start = epoch(second.time_options[1].starts_at)
    later(hours=24)
    refused = press(second, start)
    assert (refused.status_code, "больше не держит это время" in refused.text) == (409, True)
    assert "Время не выбрано" in refused.text
    assert "Ни одно время не выбрали" in words(as_doctor.get(f"/consultations/{second.id}").text)


def test_doctor_chooses_nothing_for_the_patient(as_doctor: Browser, chat: Chat) -> None:
    consultation = offer(chat, *(clock.now().replace(microsecond=0) + timedelta(days=day) for day in (2, 3)))
    start = epoch(consultation.starts_at)
    assert as_doctor.post(f"/consultations/{consultation.id}/choice", {"expected": start}).status_code == 409
    assert "/choice" not in as_doctor.get(f"/consultations/{consultation.id}").text


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"time_2": ""}, "Выберите время."),
        ({"day_2": ""}, "Выберите дату."),
        ({"time_3": "полдень"}, "Введите время так"),
        ({"day_3": "32.01.2027"}, "Такой даты нет в календаре"),
        ({"time_2": "14:00"}, "Это время уже стоит выше."),
        ({"time_3": "16:00"}, "Это время уже стоит выше."),
        ({"day_2": "01.02.2020"}, "уже прошло"),
    ],
)
@pytest.mark.parametrize("htmx", [True, False])
def test_wrong_choice_is_said_and_kept(
    as_doctor: Browser, chat: Chat, doctor: Doctor, wrong: dict[str, str], sentence: str, htmx: bool
) -> None:
    fields = choice(doctor.user, 16, 18) | wrong
    answered = send(as_doctor, chat, doctor.user, htmx=htmx, **fields)
    assert answered.status_code == 422
    assert sentence in answered.text
    assert '<details class="more-times" open' in answered.text
    for name, value in fields.items():
        assert re.search(rf'name="{name}"[^>]* value="{value}"', answered.text)
    assert not all_consultations()


def test_clash_of_one_of_the_times_stands_next_to_it(
    as_doctor: Browser, chat: Chat, doctor: Doctor, stranger: User
) -> None:
    send(as_doctor, make_chat(stranger, db.session.get_one(Doctor, doctor.id)), doctor.user, time="16:00")
    answered = send(as_doctor, chat, doctor.user, client_id="press-0002", **choice(doctor.user, 16, 18))
    assert answered.status_code == 422
    assert re.search(r'id="time_2-error".*?16:00–16:30 Посторонний Пётр', answered.text, re.S)
    assert len(all_consultations()) == 1


def test_patient_reads_of_nobody_when_a_time_is_taken(
    as_patient: Browser, chat: Chat, doctor: Doctor, stranger: User
) -> None:
    start = (clock.now() + timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
    consultation = propose(chat, starts_at=start)
    taken = propose(make_chat(stranger, db.session.get_one(Doctor, doctor.id)), starts_at=start + timedelta(hours=2))
    local = taken.starts_at.astimezone(chat.patient.zone)
    fields = {"day": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}", "expected": epoch(start)}
    answered = as_patient.post(f"/consultations/{consultation.id}/time", fields)
    assert answered.status_code == 422
    assert "уже есть консультация" in answered.text
    assert "Посторонний" not in answered.text


def test_patient_and_stranger_propose_nothing(
    as_patient: Browser, as_stranger: Browser, chat: Chat, doctor: Doctor
) -> None:
    for browser in (as_patient, as_stranger):
        assert send(browser, chat, doctor.user).status_code == 404
    assert as_stranger.get(f"/chats/{chat.id}/consultations/new").status_code == 404
    assert as_stranger.get(f"/chats/{chat.id}/consultations/hint?day=2027-01-01&time=12:00").status_code == 404


def test_patients_clock_is_shown_where_it_differs(as_doctor: Browser, chat: Chat, patient: User) -> None:
    ask = f"/chats/{chat.id}/consultations/hint?day=2027-01-01&time=23:30"
    assert "У пациента" not in as_doctor.get(ask, htmx=True).text
    db.session.get_one(User, patient.id).choose_zone("Asia/Yekaterinburg")
    db.session.commit()
    shown = as_doctor.get(ask, htmx=True).text
    assert "2 января" in shown
    assert "01:30" in shown
    assert "МСК+2" in shown
    for garbage in ("", "day=x&time=y", "day=9999-12-31&time=23:59"):
        assert as_doctor.get(f"/chats/{chat.id}/consultations/hint?{garbage}", htmx=True).status_code == 200


# «Попросить консультацию»


def ask(browser: Browser, chat: Chat, *, htmx: bool = False, **more: object) -> TestResponse:
    fields = {"kind": "audio", "wishes": "Вечером в среду", "client_id": "asked-0001"} | more
    return browser.post(f"/chats/{chat.id}/consultation-requests", fields, htmx=htmx)


@pytest.mark.parametrize("htmx", [True, False])
def test_patient_asks_and_the_doctor_turns_it_into_a_proposal(
    as_patient: Browser, as_doctor: Browser, chat: Chat, doctor: Doctor, htmx: bool
) -> None:
    assert as_patient.get(f"/chats/{chat.id}/consultations/new", htmx=htmx).status_code == 200
    ask(as_patient, chat, htmx=htmx)
    request = db.session.scalars(db.select(ConsultationRequest)).one()
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert "Вечером в среду" in page
    assert f"/consultations/new?request={request.id}" in page
    sheet = as_doctor.get(f"/chats/{chat.id}/consultations/new?request={request.id}", htmx=htmx).text
    assert "Вечером в среду" in sheet
    assert re.search(r'checked[^>]* value="audio"', sheet)
    send(as_doctor, chat, doctor.user, request_id=request.id)
    (consultation,) = all_consultations()
    assert consultation.request_id == request.id
    assert f'href="/consultations/{consultation.id}">Врач предлагает время' in as_patient.get(f"/chats/{chat.id}").text


def test_asking_works_in_a_closed_chat_and_begins_no_free_time(
    as_patient: Browser, patient: User, doctor: Doctor
) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    assert ask(as_patient, chat).status_code == 303
    assert len(list(db.session.scalars(db.select(Message)))) == 1
    fresh = make_chat(patient, add_doctor_of_another())
    ask(as_patient, fresh, client_id="asked-0002")
    assert db.session.get_one(Chat, fresh.id).open_until is None


def add_doctor_of_another() -> Doctor:
    from factories import make_doctor

    other = make_doctor("Другой Врач")
    add_tariff(other)
    return other


def test_empty_or_long_wish_is_refused_and_kept(as_patient: Browser, chat: Chat) -> None:
    assert "Напишите, когда вам удобно" in ask(as_patient, chat, wishes="  ").text
    long = ask(as_patient, chat, wishes="ж" * 501, htmx=True)
    assert long.status_code == 422
    assert "ж" * 501 in long.text


def test_doctor_and_stranger_ask_nothing(as_doctor: Browser, as_stranger: Browser, chat: Chat) -> None:
    for browser in (as_doctor, as_stranger):
        assert ask(browser, chat).status_code == 404


def test_foreign_request_is_no_request(as_doctor: Browser, chat: Chat, doctor: Doctor, stranger: User) -> None:
    other = make_chat(stranger, db.session.get_one(Doctor, doctor.id))
    from ibolit.models import ConsultationKind

    foreign = ConsultationRequest.ask(other, other.patient, ConsultationKind.VIDEO, "Чужое", "asked-0009")
    db.session.commit()
    assert "Чужое" not in as_doctor.get(f"/chats/{chat.id}/consultations/new?request={foreign.id}").text
    send(as_doctor, chat, doctor.user, request_id=foreign.id)
    assert all_consultations()[0].request_id is None


def test_proposal_in_a_chat_never_begun(as_patient: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor)
    consultation = propose(chat)
    assert f'id="consultation-{consultation.id}"' in as_patient.get(f"/chats/{chat.id}").text
    assert db.session.get_one(Chat, chat.id).open_until is None


@pytest.mark.parametrize("htmx", [True, False])
def test_asking_has_its_measure_and_keeps_the_words(as_patient: Browser, chat: Chat, htmx: bool) -> None:
    """Each is an SMS that the clinic pays for."""
    for number in range(10):
        ask(as_patient, chat, client_id=f"asked-{number:04}")
    answered = ask(as_patient, chat, client_id="asked-9999", wishes="Ещё раз", htmx=htmx)
    assert answered.status_code == 429
    assert "Слишком много попыток" in answered.text
    assert "Ещё раз" in answered.text
    assert db.session.scalar(db.select(db.func.count(ConsultationRequest.id))) == 10
