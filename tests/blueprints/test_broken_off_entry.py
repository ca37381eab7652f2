"""An entry that was broken off goes on: another number, another device, another person signed in; and by invitation."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from browser import Browser
from factories import PASSWORD, later, make_user, propose
from flask import Flask
from guests import BOTH, EMAIL, NEW, PHONE, TYPED, code_of, invite, letters, link_of
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Chat, Doctor, LoginCode, User
from ibolit.phones import readable
from ibolit.services import Services

BY_INVITATION = "Регистрация по приглашению: код приходит тем"


def prove(browser: Browser, services: Services, phone: str = TYPED, why: str = "") -> None:
    browser.post(f"/login/phone{why}", {"phone": phone})
    assert browser.post("/login/code", {"code": code_of(services)}).location == "/login/password"


def test_mistyped_number_behind_an_invitation_is_mended(
    visitor: Browser, doctor: Doctor, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(registration_is_open=False)
    invite(doctor, EMAIL)
    link = link_of(services)
    page = visitor.get(visitor.post(link, {"phone": "8 916 123-45-76"}).location).text
    assert "+7 916 123-45-76" in page  # whole: he typed it, and sees what is wrong
    assert f'href="{link}">Другой номер' in page
    answer = visitor.post(link, {"phone": TYPED})
    visitor.post(answer.location, {"code": code_of(services)})
    assert letters(services)[0].to == PHONE
    visitor.post(f"/login/password?next={link}", NEW)
    visitor.post("/consent", BOTH)
    [chat] = db.session.scalars(db.select(Chat))
    assert visitor.get(link).location == f"/chats/{chat.id}"


def test_number_of_an_invitation_is_not_told(visitor: Browser, doctor: Doctor, services: Services) -> None:
    invite(doctor, PHONE)
    link = link_of(services)
    page = visitor.get(visitor.post(link).location).text
    assert "+7 916" not in page
    assert f'href="{link}">Назад к приглашению' in page


def test_another_number_keeps_the_way(visitor: Browser) -> None:
    answer = visitor.post("/login/phone?why=forgot&next=/consultations/3", {"phone": TYPED})
    assert 'href="/login/phone?why=forgot&amp;next=/consultations/3">Другой номер' in visitor.get(answer.location).text
    assert Browser(visitor.app).get("/login/code?next=/messages").location == "/login/phone?next=/messages"
    assert Browser(visitor.app).get("/login/password?next=/messages").location == "/login/phone?next=/messages"


def land(browser: Browser, answer: TestResponse) -> str:
    """Where one stands after the consent."""
    for _ in range(3):
        answer = browser.get(answer.location)
        if answer.location is None:
            return answer.request.path
        if answer.location.startswith("/consent"):
            answer = browser.post(answer.location, BOTH)
    raise AssertionError(answer.location)


def finish(browser: Browser, services: Services, phone: str = TYPED) -> TestResponse:
    """Without any `next`: he has only typed the clinic's address."""
    browser.post("/login/phone", {"phone": phone})
    browser.post("/login/code", {"code": code_of(services)})
    return browser.post("/login/password", NEW)


@pytest.mark.parametrize("broken_off_at", ["phone", "code", "password", "consent"])
def test_entry_begun_in_a_messenger_ends_where_it_was_led(
    clinic: Flask, doctor: Doctor, services: Services, broken_off_at: str
) -> None:
    """Wherever it is broken off, and once only: the next sign-in leads home."""
    to = f"/doctors/{doctor.id}"
    inside, at_home = Browser(clinic), Browser(clinic)
    steps = ["phone", "code", "password", "consent"]
    asked = inside.get(to).location
    assert asked == f"/login?next={to}"
    answer = inside.post(f"/login/phone?next={to}", {"phone": TYPED})
    for step in steps[1 : steps.index(broken_off_at) + 1]:
        typed = {"code": {"code": code_of(services)}, "password": NEW}
        answer = inside.post(f"/login/{step}?next={to}", typed[step]) if step != "consent" else answer
    if broken_off_at in ("password", "consent"):
        answer = at_home.post("/login", {"login": TYPED, "password": NEW["password"]})
    else:
        later(seconds=61)
        answer = finish(at_home, services)
    assert land(at_home, answer) == to
    again = Browser(clinic)
    assert again.post("/login", {"login": TYPED, "password": NEW["password"]}).location == "/doctors"


def test_entry_begun_by_an_invitation_ends_in_its_chat(clinic: Flask, doctor: Doctor, services: Services) -> None:
    """Without the link, too: the SMS has shown whose phone it is. No token is kept for it."""
    invite(doctor, PHONE)
    inside, at_home = Browser(clinic), Browser(clinic)
    link = link_of(services)
    inside.post(link)
    inside.post(f"/login/code/again?next={link}")
    assert db.session.scalars(db.select(LoginCode.next_url)).all() == [""]
    later(seconds=61)
    answer = finish(at_home, services)
    [chat] = db.session.scalars(db.select(Chat))
    assert land(at_home, answer) == f"/chats/{chat.id}"


def test_forgotten_password_elsewhere_leads_to_the_consultation(
    clinic: Flask, chat: Chat, patient: User, services: Services
) -> None:
    to = f"/consultations/{propose(chat).id}"
    Browser(clinic).post(f"/login/phone?why=forgot&next={to}", {"phone": patient.phone})
    answer = finish(Browser(clinic), services, patient.phone)
    assert answer.location == to


def test_own_way_goes_before_the_one_broken_off(clinic: Flask, chat: Chat, patient: User, services: Services) -> None:
    Browser(clinic).post("/login/phone?next=/messages", {"phone": patient.phone})
    typed = {"login": patient.phone, "password": PASSWORD}
    assert Browser(clinic).post(f"/login?next=/chats/{chat.id}", typed).location == f"/chats/{chat.id}"
    assert Browser(clinic).post("/login", typed).location == "/doctors"  # he has arrived


def test_way_of_yesterday_leads_nowhere(clinic: Flask, patient: User) -> None:
    Browser(clinic).post("/login/phone?next=/messages", {"phone": patient.phone})
    later(days=1, minutes=1)
    typed = {"login": patient.phone, "password": PASSWORD}
    assert Browser(clinic).post("/login", typed).location == "/doctors"


@pytest.mark.parametrize(
    ("to", "kept"),
    [
        ("/chats/5?after=3", "/chats/5"),
        ("/doctors?q=%D0%BE%D0%BD%D0%BA%D0%BE%D0%BB%D0%BE%D0%B3", "/doctors"),
        ("/i/abcdefghijklmnopqrstuvwx", ""),
        ("/n/3?token=abc", ""),
        ("/h/3?token=abc", ""),
        ("/profile/email/abc", ""),
        ("/logout", ""),
        ("//evil.example/chats/5", ""),
        ("/\\evil.example", ""),
        ("https://evil.example/chats/5", ""),
        (f"/chats/{'9' * 300}", ""),
        ("/nowhere", ""),
    ],
)
def test_only_a_page_of_ours_without_secrets_is_kept(visitor: Browser, to: str, kept: str) -> None:
    visitor.post("/login/phone?" + urlencode({"next": to}), {"phone": TYPED})
    assert db.session.scalars(db.select(LoginCode.next_url)).all() == [kept]


def test_who_is_in_already_goes_on(as_patient: Browser) -> None:
    """He has signed in in another tab, and reloads this one."""
    assert as_patient.get("/login?next=/messages").location == "/messages"
    assert as_patient.get("/login?next=//evil.example").location == "/doctors"


def test_resending_from_a_lost_session_keeps_the_way(visitor: Browser) -> None:
    assert visitor.post("/login/code/again?next=/messages").location == "/login/phone?next=/messages"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_entry_finished_elsewhere_says_so(clinic: Flask, services: Services, method: str) -> None:
    phone, tablet = Browser(clinic), Browser(clinic)
    prove(phone, services)
    with phone.client.session_transaction() as session, tablet.client.session_transaction() as other:
        other["proved"] = session["proved"]  # both have typed the code
    phone.post("/login/password", NEW)
    answer = tablet.get("/login/password?next=/messages") if method == "GET" else tablet.post("/login/password", NEW)
    assert answer.status_code == 409
    assert "Пароль уже создан" in answer.text
    assert 'href="/login' in answer.text


def test_somebody_elses_new_password_ends_who_was_here(
    as_patient: Browser, patient: User, stranger: User, services: Services
) -> None:
    assert f"вошли как <b>{patient.name}</b>" in as_patient.get("/login/phone?why=forgot").text
    prove(as_patient, services, stranger.phone, "?why=forgot")
    page = as_patient.get("/login/password").text
    assert f"вошли как <b>{patient.name}</b>" in page
    assert 'data-behaviour="busy-button sign-out"' in page
    answer = as_patient.post("/login/password", NEW, headers={"Sec-Fetch-Site": "same-origin"})
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (303, '"storage"')
    assert stranger.name in as_patient.get("/profile").text


def test_own_new_password_clears_nothing(as_patient: Browser, patient: User, services: Services) -> None:
    prove(as_patient, services, patient.phone, "?why=forgot")
    assert "вошли как" not in as_patient.get("/login/password").text
    answer = as_patient.post("/login/password", NEW, headers={"Sec-Fetch-Site": "same-origin"})
    assert "Clear-Site-Data" not in answer.headers


def test_old_sign_in_page_of_another_person_clears(as_patient: Browser, stranger: User) -> None:
    typed = {"login": stranger.phone, "password": "correct horse"}
    answer = as_patient.post("/login", typed, headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.headers["Clear-Site-Data"] == '"storage"'


def test_clinic_by_invitation_says_the_same_to_everybody(
    clinic: Flask, doctor: Doctor, services: Services, change_settings: Callable[..., None]
) -> None:
    """At every step, whosever number it is; the sixth wrong code is the last."""
    assert BY_INVITATION not in Browser(clinic).get("/login/phone").text
    change_settings(registration_is_open=False)
    known = make_user("Анна")
    invite(doctor, "+79161230099")
    heard = {}
    for phone in (known.phone, "+79161230099", "+79990000000"):
        browser = Browser(clinic)
        pages = [browser.get("/login/phone"), browser.get(browser.post("/login/phone", {"phone": phone}).location)]
        code = LoginCode.newest_for(phone)
        assert code is not None
        wrong = "000000" if code.digits != "000000" else "000001"
        pages += [browser.post("/login/code", {"code": wrong}) for _ in range(6)]
        pages.append(browser.get(browser.post("/login/code/again").location))
        for page in pages:
            assert page.text.count(BY_INVITATION) == 1
            assert "+7 495 000-00-00" in page.text
            assert "Отправили" not in page.text
            assert "Проверьте цифры" not in page.text
        heard[phone] = [without_what_varies(page.text, phone) for page in pages]
    assert heard[known.phone] == heard["+79161230099"] == heard["+79990000000"]
    run_due()
    assert "+79990000000" not in {letter.to for letter in letters(services)}


def without_what_varies(page: str, phone: str) -> str:
    return re.sub(r'csrf_token"[^>]* value="[^"]*"|data-seconds="\d+"|data-left>\d+', "", page).replace(
        readable(phone), "…"
    )


def test_who_holds_the_link_is_told_that_it_was_sent(
    visitor: Browser, doctor: Doctor, services: Services, change_settings: Callable[..., None]
) -> None:
    change_settings(registration_is_open=False)
    invite(doctor, PHONE)
    assert "Отправили код на номер" in visitor.get(visitor.post(link_of(services)).location).text


@pytest.mark.parametrize("way", ["/login", "/login/phone", "/i/{}"])
def test_browser_without_cookies_is_told_where_to_go(
    clinic: Flask, doctor: Doctor, services: Services, way: str
) -> None:
    """As inside a messenger: a reload would help nobody."""
    invite(doctor, PHONE)
    url = way.format(link_of(services)[3:])
    client = clinic.test_client(use_cookies=False)
    answer = client.post(url, data={"phone": TYPED, "csrf_token": "of-the-page"})
    assert answer.status_code == 400
    assert "Откройте ссылку в браузере" in answer.text
    assert "Обновите" not in answer.text
    kept = Browser(clinic)
    kept.open("/login")
    assert "Страница устарела" in kept.open("/login", method="POST").text
