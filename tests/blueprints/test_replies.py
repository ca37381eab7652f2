"""Reply templates: the doctor's own page of them, and what «/» asks for."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import make_doctor, make_user
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, ReplyTemplate, Role

PUSH_AND_SMS = pytest.mark.parametrize("htmx", [True, False])


@pytest.fixture
def three(doctor: Doctor) -> list[int]:
    ids = [ReplyTemplate.add(doctor, name, f"Текст {name}").id for name in ("Раз", "Два", "Три")]
    db.session.commit()
    return ids


def names(doctor: Doctor) -> list[str]:
    db.session.expire_all()
    return [one.name for one in db.session.scalars(ReplyTemplate.of(doctor))]


@pytest.mark.parametrize("url", ["", "/choice"])
def test_only_doctors_have_templates(clinic: Flask, as_patient: Browser, as_doctor: Browser, url: str) -> None:
    operator = Browser(clinic, make_user("Оператор Ольга", Role.OPERATOR))
    assert as_doctor.get(f"/replies{url}", htmx=bool(url)).status_code == 200
    assert [browser.get(f"/replies{url}").status_code for browser in (as_patient, operator)] == [404, 404]


@pytest.mark.parametrize("url", ["", "/{0}", "/{0}/place", "/{0}/removal"])
def test_another_doctors_are_left_alone(
    as_patient: Browser, clinic: Flask, doctor: Doctor, three: list[int], url: str
) -> None:
    other = Browser(clinic, make_doctor("Орлов Дмитрий").user)
    data: dict[str, object] = {f"reply-{three[0]}-name": "x", f"reply-{three[0]}-text": "x", "steps": "1"}
    assert as_patient.post(f"/replies{url.format(three[0])}", data).status_code == 404
    gone = {"/{0}": 409, "/{0}/removal": 303}  # as of one that was deleted: nobody learns whether there is one
    if url:
        assert other.post(f"/replies{url.format(three[0])}", data).status_code == gone.get(url, 404)
    assert names(doctor) == ["Раз", "Два", "Три"]
    assert "Текст Раз" not in other.get("/replies").text


@PUSH_AND_SMS
def test_template_is_added_changed_moved_and_deleted(
    as_doctor: Browser, doctor: Doctor, three: list[int], htmx: bool
) -> None:
    def press(url: str, **data: object) -> str:
        answer = as_doctor.post(f"/replies{url}", data, htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)
        return answer.text

    press("", **{"new-name": " Анализы ", "new-text": "Пришлите,\r\nпожалуйста"})
    assert names(doctor) == ["Раз", "Два", "Три", "Анализы"]
    press(f"/{three[1]}", **{f"reply-{three[1]}-name": "Второй", f"reply-{three[1]}-text": "Другой"})
    press(f"/{three[1]}/place", steps="-1")
    press(f"/{three[0]}/removal")
    press(f"/{three[0]}/removal")  # gone already
    assert names(doctor) == ["Второй", "Три", "Анализы"]
    page = as_doctor.get("/replies").text
    assert "Пришлите,\nпожалуйста" in page
    assert "Другой" in page
    assert as_doctor.post(f"/replies/{three[1]}/place", {"steps": "up"}, htmx=htmx).status_code == 422


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("", "Текст", "Назовите шаблон"),
        ("я" * 41, "Текст", "Длиннее 40"),
        ("Имя", " ", "Напишите текст"),
        ("Имя", "я" * 2001, "Длиннее 2 000"),
    ],
)
@PUSH_AND_SMS
def test_wrong_template_is_refused(
    as_doctor: Browser, doctor: Doctor, three: list[int], name: str, text: str, words: str, htmx: bool
) -> None:
    for url, prefix in (("", "new-"), (f"/{three[0]}", f"reply-{three[0]}-")):
        answer = as_doctor.post(f"/replies{url}", {f"{prefix}name": name, f"{prefix}text": text}, htmx=htmx)
        assert answer.status_code == 422
        assert answer.text.count(words) == 1
    assert names(doctor) == ["Раз", "Два", "Три"]


def test_there_is_an_end_to_them(as_doctor: Browser, three: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReplyTemplate, "MOST", 3)
    answer = as_doctor.post("/replies", {"new-name": "Ещё", "new-text": "Текст"}, htmx=True)
    assert answer.status_code == 422
    assert "Удалите ненужный" in answer.text


def test_choice_has_texts_ready_to_insert(as_doctor: Browser, three: list[int]) -> None:
    shown = as_doctor.get("/replies/choice", htmx=True).text
    assert re.findall(r'data-text="([^"]+)"', shown) == ["Текст Раз", "Текст Два", "Текст Три"]
    assert as_doctor.get("/replies/choice").location == "/replies"  # opened by hand


def test_only_a_doctors_composer_offers_them(as_doctor: Browser, as_patient: Browser, chat: Chat) -> None:
    assert 'data-replies="/replies/choice"' in as_doctor.get(f"/chats/{chat.id}").text
    assert "/replies" not in as_patient.get(f"/chats/{chat.id}").text
