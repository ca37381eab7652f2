"""The doors around a call: its page, the check, reports, the telephone, and another device."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from browser import Browser
from factories import PASSWORD, attach, later, make_chat, make_doctor, propose, say
from flask import Flask
from payment_steps import buy
from started_consultations import completed_consultation, consultation_in_progress

from ibolit.extensions import db
from ibolit.models import CallReport, Chat, Consultation, Device, DeviceTransfer, Doctor, RateLimitHit, User
from ibolit.services import Services, clock
from ibolit.web import guest_device

REPORT = {"seconds": 60, "setup_ms": 700, "restarts": 1, "path": "relay", "loss_permille": 12, "rtt_ms": 80}


@pytest.fixture
def consultation(chat: Chat) -> Consultation:
    return consultation_in_progress(chat)


def fresh(consultation: Consultation) -> Consultation:
    return db.session.get_one(Consultation, consultation.id)


# The page


def test_page_knows_where_to_signal_and_who_leads(
    as_patient: Browser, as_doctor: Browser, consultation: Consultation
) -> None:
    for browser, leads in ((as_patient, "false"), (as_doctor, "true")):
        page = browser.get(f"/consultations/{consultation.id}/call").text
        assert f'data-signal="/consultations/{consultation.id}/signal"' in page
        assert f'data-leads="{leads}"' in page
        assert f'data-closes="{int(consultation.closes_at.timestamp() * 1000)}"' in page


def test_stranger_finds_nothing(as_stranger: Browser, consultation: Consultation) -> None:
    for path in ("call", "check"):
        assert as_stranger.get(f"/consultations/{consultation.id}/{path}").status_code == 404
    for path in ("call/report", "call/phone", "handover"):
        assert as_stranger.post(f"/consultations/{consultation.id}/{path}", dict(REPORT)).status_code == 404
    assert CallReport.of(fresh(consultation)) == []


def test_visitor_is_asked_to_sign_in(visitor: Browser, consultation: Consultation) -> None:
    answered = visitor.get(f"/consultations/{consultation.id}/call")
    assert answered.status_code == 303
    assert answered.location.startswith("/login")


def test_before_and_after_there_is_only_the_card(as_patient: Browser, chat: Chat) -> None:
    ahead, over = propose(chat), completed_consultation(chat)
    for consultation in (ahead, over):
        assert as_patient.get(f"/consultations/{consultation.id}/call").location == f"/consultations/{consultation.id}"


def test_check_may_come_days_before_and_not_after(as_patient: Browser, chat: Chat) -> None:
    over = completed_consultation(chat)
    ahead = propose(chat, starts_at=clock.now() + timedelta(days=3))
    page = as_patient.get(f"/consultations/{ahead.id}/check")
    assert page.status_code == 200
    assert "iceTransportPolicy" in page.text
    assert as_patient.get(f"/consultations/{over.id}/check").location == f"/consultations/{over.id}"


def test_only_pages_of_a_call_may_use_camera_and_microphone(as_patient: Browser, consultation: Consultation) -> None:
    for path, allowed in (("/call", "(self)"), ("/check", "(self)"), ("", "()")):
        policy = as_patient.get(f"/consultations/{consultation.id}{path}").headers["Permissions-Policy"]
        assert policy.startswith(f"camera={allowed}, microphone=")
    assert "microphone=(self)" in as_patient.get(f"/chats/{consultation.chat_id}").headers["Permissions-Policy"]
    assert "microphone=()" in as_patient.get("/profile").headers["Permissions-Policy"]


def test_only_the_page_of_a_call_may_ask_for_a_screen(as_doctor: Browser, consultation: Consultation) -> None:
    for path, allowed in (("/call", "(self)"), ("/check", "()"), ("", "()")):
        policy = as_doctor.get(f"/consultations/{consultation.id}{path}").headers["Permissions-Policy"]
        assert f"display-capture={allowed}" in policy


def test_doctors_show_and_patients_enlarge(as_patient: Browser, as_doctor: Browser, consultation: Consultation) -> None:
    shown, seen = (one.get(f"/consultations/{consultation.id}/call").text for one in (as_doctor, as_patient))
    for offered in ("Показать картинку", "Показать окно или вкладку", "Закончить показ"):
        assert offered in shown
        assert offered not in seen
    assert f"/chats/{consultation.chat_id}/files" in shown
    assert "Увеличить" in seen


# Reports


def test_reports_of_a_side_are_summed(
    as_patient: Browser, as_doctor: Browser, consultation: Consultation, app: Flask
) -> None:
    for browser in (as_patient, as_patient, as_doctor):
        assert browser.post(f"/consultations/{consultation.id}/call/report", dict(REPORT)).status_code == 204
    sides = {report.user_id: report for report in CallReport.of(fresh(consultation))}
    assert sides[consultation.patient_id].seconds == 120
    assert sides[consultation.patient_id].restarts == 2
    assert len(sides) == 2
    said = app.test_cli_runner().invoke(args=["calls", str(consultation.id)]).output
    assert "patient  set up in 700 ms × 2, restarted 2 times, relayed 120 s, direct 0 s, loss 12 ‰" in said
    assert app.test_cli_runner().invoke(args=["calls", "99999"]).exit_code == 1


def test_report_comes_also_when_the_consultation_is_over(as_patient: Browser, chat: Chat) -> None:
    assert (
        as_patient.post(f"/consultations/{completed_consultation(chat).id}/call/report", dict(REPORT)).status_code
        == 204
    )


ODD = [{"seconds": -1}, {"seconds": 10**9}, {"seconds": "x"}, {"path": "1.2.3.4"}, {"loss_permille": 1001}]


@pytest.mark.parametrize("odd", [*ODD, {"rtt_ms": -5}])
def test_odd_report_is_not_kept(as_patient: Browser, consultation: Consultation, odd: dict[str, object]) -> None:
    assert as_patient.post(f"/consultations/{consultation.id}/call/report", REPORT | odd).status_code == 400
    assert CallReport.of(fresh(consultation)) == []


def test_consultation_that_never_began_has_no_report(as_patient: Browser, chat: Chat) -> None:
    assert as_patient.post(f"/consultations/{propose(chat).id}/call/report", dict(REPORT)).status_code == 400


# The telephone


def test_doctor_is_asked_to_telephone_live_and_on_the_card(
    as_patient: Browser, as_doctor: Browser, consultation: Consultation, patient: User, services: Services
) -> None:
    listener = services.realtime.open(consultation.doctor.user_id, 0)
    card, call = f"/consultations/{consultation.id}", f"/consultations/{consultation.id}/call"
    assert "Пациент просит позвонить" not in as_doctor.get(call).text + as_doctor.get(card).text
    for _ in range(2):
        assert as_patient.post(f"/consultations/{consultation.id}/call/phone").location == call
    told = [said for said in iter(listener.take, None) if f"consultation-{consultation.id}-phone" in said]
    services.realtime.close(listener)
    assert len(told) == 1
    for shown in (told[0], as_doctor.get(call).text, as_doctor.get(card).text):
        assert "Пациент просит позвонить" in shown
        assert f'href="tel:{patient.phone}"' in shown
    assert "Держите телефон рядом" in as_patient.get(call).text


def test_htmx_gets_the_line_alone(as_patient: Browser, consultation: Consultation) -> None:
    answered = as_patient.post(f"/consultations/{consultation.id}/call/phone", htmx=True)
    assert answered.text.lstrip().startswith(f'<div id="consultation-{consultation.id}-phone"')


def test_doctor_cannot_ask_himself(as_doctor: Browser, consultation: Consultation) -> None:
    assert as_doctor.post(f"/consultations/{consultation.id}/call/phone").status_code == 404
    assert fresh(consultation).callback_requested_at is None


def test_nobody_is_phoned_when_it_is_over(as_patient: Browser, chat: Chat) -> None:
    assert as_patient.post(f"/consultations/{completed_consultation(chat).id}/call/phone").status_code == 409


# Another device


def link_of(browser: Browser, consultation: Consultation) -> str:
    page = browser.post(f"/consultations/{consultation.id}/handover")
    assert page.status_code == 200
    found = re.search(r'href="http://127\.0\.0\.1:8000(/h/\d+\?token=[^"]+)"', page.text)
    assert found is not None
    return html.unescape(found[1])


@pytest.fixture
def handed(clinic: Flask, as_patient: Browser, consultation: Consultation) -> Browser:
    """The patient's other device, let in for this consultation."""
    other = Browser(clinic)
    assert other.post(link_of(as_patient, consultation)).location == f"/consultations/{consultation.id}/call"
    return other


def test_page_with_the_code_says_what_it_opens(as_patient: Browser, consultation: Consultation) -> None:
    page = as_patient.post(f"/consultations/{consultation.id}/handover").text
    assert "<svg" in page
    assert " style=" not in page
    assert "10\u00a0минут" in page


def test_opening_the_link_consumes_nothing(clinic: Flask, as_patient: Browser, consultation: Consultation) -> None:
    link, other = link_of(as_patient, consultation), Browser(clinic)
    for _ in range(3):
        page = other.get(link)
        assert page.status_code == 200
        assert "Войти и открыть разговор" in page.text
        assert consultation.patient.name not in page.text
        assert consultation.doctor.user.name not in page.text
    assert other.post(link).status_code == 303
    for again in (Browser(clinic).get(link), Browser(clinic).post(link)):
        assert again.status_code == 410
        assert "Ссылка больше не действует" in again.text


@pytest.mark.parametrize("odd", ["", "?token=", "?token=wrong"])
def test_wrong_link(clinic: Flask, as_patient: Browser, consultation: Consultation, odd: str) -> None:
    path = link_of(as_patient, consultation).partition("?")[0]
    for answered in (Browser(clinic).get(path + odd), Browser(clinic).post(path + odd)):
        assert answered.status_code == 410


def test_token_belongs_to_its_own_number(clinic: Flask, as_patient: Browser, consultation: Consultation) -> None:
    token = link_of(as_patient, consultation).partition("?")[2]
    assert Browser(clinic).post(f"/h/99999?{token}").status_code == 410


def test_own_signed_in_device_goes_there_and_the_link_stays_good(
    clinic: Flask, as_patient: Browser, patient: User, consultation: Consultation
) -> None:
    link = link_of(as_patient, consultation)
    assert Browser(clinic, patient).get(link).location == f"/consultations/{consultation.id}/call"
    assert Browser(clinic).get(link).status_code == 200


def test_somebody_else_is_told_and_his_session_ends(
    clinic: Flask, as_patient: Browser, as_stranger: Browser, stranger: User, consultation: Consultation
) -> None:
    link = link_of(as_patient, consultation)
    assert "Прежний вход закончится" in as_stranger.get(link).text
    assert as_stranger.post(link).status_code == 303
    assert db.session.scalars(Device.of(stranger)).all() == []
    assert as_stranger.get(f"/consultations/{consultation.id}").status_code == 200


def test_links_are_made_so_many_an_hour(as_patient: Browser, consultation: Consultation) -> None:
    for _ in range(10):
        link_of(as_patient, consultation)
    assert as_patient.post(f"/consultations/{consultation.id}/handover").status_code == 429


def test_guessing_is_counted_by_address(clinic: Flask, consultation: Consultation) -> None:
    other = Browser(clinic)
    for _ in range(60):
        assert other.post("/h/1?token=guess").status_code == 410
    assert other.post("/h/1?token=guess").status_code == 429
    assert db.session.scalar(db.select(db.func.count()).select_from(RateLimitHit)) == 60


def test_no_link_when_the_consultation_is_over(as_patient: Browser, chat: Chat) -> None:
    assert as_patient.post(f"/consultations/{completed_consultation(chat).id}/handover").status_code == 409


def test_device_is_listed_and_can_be_ended(handed: Browser, as_patient: Browser, consultation: Consultation) -> None:
    profile = as_patient.get("/profile/devices").text
    assert "Только разговор: " in profile
    device = db.session.scalars(db.select(Device).where(Device.only_consultation_id == consultation.id)).one()
    as_patient.post(f"/profile/devices/{device.id}/end")
    assert handed.get(f"/consultations/{consultation.id}").location.startswith("/login")


def test_it_reaches_the_consultation_its_chat_and_files(
    handed: Browser, consultation: Consultation, patient: User
) -> None:
    file = attach(consultation.chat, patient)
    say(consultation.chat, patient, "Снимок", files=[file])
    for path in (
        f"/consultations/{consultation.id}",
        f"/consultations/{consultation.id}/call",
        f"/consultations/{consultation.id}/check",
        f"/chats/{consultation.chat_id}",
        f"/chats/{consultation.chat_id}/files",
        f"/files/{file.id}/view",
    ):
        assert handed.get(path).status_code == 200, path
    letter: dict[str, object] = {"text": "Вижу вас", "client_id": "handed-12345"}
    assert handed.post(f"/chats/{consultation.chat_id}/messages", letter, htmx=True).status_code == 200
    assert handed.post(f"/consultations/{consultation.id}/call/phone").status_code == 303
    assert handed.post("/logout").location == "/login"


@pytest.fixture
def other_chat(patient: User) -> Chat:
    """The patient's own, with another doctor."""
    chat = make_chat(patient, make_doctor("Лебедев Игорь Петрович"), days_left=2)
    say(chat, chat.doctor.user, "Анализы готовы")
    return chat


def test_everything_else_leads_back(
    handed: Browser, consultation: Consultation, other_chat: Chat, patient: User
) -> None:
    card = f"/consultations/{consultation.id}"
    theirs, payment = consultation_in_progress(other_chat), buy(other_chat)
    file = attach(other_chat, patient)
    say(other_chat, patient, "Снимок", files=[file])
    pages = [
        "/messages",
        "/doctors",
        f"/doctors/{consultation.doctor_id}",
        "/profile",
        "/profile/payments",
        "/consultations",
    ]
    pages += [f"/chats/{other_chat.id}", f"/chats/{other_chat.id}/messages", f"/chats/{other_chat.id}/files"]
    pages += [f"/files/{file.id}", f"/files/{file.id}/shown", f"/files/{file.id}/thumbnail", f"/files/{file.id}/view"]
    pages += [f"/consultations/{theirs.id}", f"/consultations/{theirs.id}/call", f"/consultations/{theirs.id}/check"]
    pages += [
        f"/consultations/{consultation.id}/cancellation",
        f"/consultations/{consultation.id}/complaint",
        f"/payments/{payment.id}",
    ]
    for path in pages:
        answered = handed.get(path)
        assert (answered.status_code, answered.location) == (303, card), path
        assert handed.get(path, htmx=True).headers["HX-Redirect"] == card, path
    for path in (
        f"/chats/{other_chat.id}/messages",
        f"/chats/{other_chat.id}/uploads",
        "/messages/search",
        "/profile/password",
        "/profile/email",
        f"/consultations/{consultation.id}/handover",
        f"/consultations/{theirs.id}/call/phone",
        f"/chats/{consultation.chat_id}/payments",
    ):
        assert handed.post(path, {"text": "Привет", "client_id": "x" * 12}).location == card, path


def test_its_owner_may_sign_in_there(handed: Browser, consultation: Consultation) -> None:
    card = f"/consultations/{consultation.id}"
    page = handed.get(card).text
    assert 'action="/logout"' in page
    assert 'href="/login"' in page
    assert "Вход" in handed.get("/login").text
    assert handed.get("/messages").location == card
    assert handed.post("/login", {"login": consultation.patient.phone, "password": PASSWORD}).status_code == 303
    assert handed.get("/messages").status_code == 200


def test_it_may_be_left(handed: Browser, consultation: Consultation) -> None:
    assert handed.post("/logout").location == "/login"
    assert handed.get(f"/consultations/{consultation.id}").location.startswith("/login")


def test_only_these_doors_are_open_to_it(clinic: Flask) -> None:
    """A new door is closed to such a device until somebody decides otherwise; a renamed one is found here."""
    opened = guest_device.ALWAYS | guest_device.OF_THE_CONSULTATION | guest_device.OF_THE_CHAT
    opened |= guest_device.OF_A_FILE | guest_device.OF_AN_UPLOAD
    assert opened <= set(clinic.view_functions)


def test_chat_there_shows_no_other_chat(handed: Browser, consultation: Consultation, other_chat: Chat) -> None:
    page = handed.get(f"/chats/{consultation.chat_id}").text
    assert 'class="tabs' not in page
    assert other_chat.doctor.user.name not in page
    assert "Анализы готовы" not in page


def test_live_news_there_are_of_this_chat_only(
    handed: Browser, consultation: Consultation, other_chat: Chat, services: Services, patient: User
) -> None:
    whole = services.realtime.open(patient.id, 1)
    there = services.realtime.open(patient.id, 2, only_chat_id=consultation.chat_id)
    say(other_chat, other_chat.doctor.user, "Приходите")
    buy(other_chat)
    say(consultation.chat, consultation.doctor.user, "Слышу вас")
    heard, heard_there = (" ".join(iter(queue.take, None)) for queue in (whole, there))
    for queue in (whole, there):
        services.realtime.close(queue)
    assert "Приходите" in heard
    assert "Слышу вас" in heard_there
    assert "Приходите" not in heard_there
    assert "payment" not in heard_there


def test_it_ends_with_the_window(handed: Browser, consultation: Consultation) -> None:
    left = (consultation.closes_at - clock.now()).total_seconds()
    later(seconds=left - 5)
    assert handed.get(f"/consultations/{consultation.id}").status_code == 200
    later(seconds=left + 5)
    assert handed.get(f"/consultations/{consultation.id}").location.startswith("/login")


def test_doctor_ends_the_consultation_from_there(
    clinic: Flask, as_doctor: Browser, consultation: Consultation, doctor: Doctor
) -> None:
    other = Browser(clinic)
    other.post(link_of(as_doctor, consultation))
    assert other.post(f"/consultations/{consultation.id}/end").status_code == 303
    assert fresh(consultation).ended_at is not None
    assert db.session.scalar(db.select(db.func.count()).select_from(DeviceTransfer)) == 1


def test_token_is_in_no_log(
    clinic: Flask, as_patient: Browser, consultation: Consultation, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    link = link_of(as_patient, consultation)
    monkeypatch.setattr(clinic, "testing", False)
    monkeypatch.setattr("ibolit.blueprints.calls.device_transfer.device_name", lambda: 1 / 0)
    assert Browser(clinic).post(link).status_code == 500
    assert "ZeroDivisionError" in caplog.text
    assert link.partition("token=")[2] not in caplog.text


def test_socket_is_no_page(as_patient: Browser, visitor: Browser, consultation: Consultation) -> None:
    """As /live: a plain question is none of its."""
    for browser in (as_patient, visitor):
        assert browser.get(f"/consultations/{consultation.id}/signal?page=a-page-0001").status_code == 400
