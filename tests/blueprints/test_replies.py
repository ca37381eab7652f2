"""Reply templates: the doctor's own page of them, and what «/» asks for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from browser import Browser
from factories import later, make_chat, make_doctor, make_user, propose
from flask import Flask

from ibolit import errors
from ibolit.extensions import db
from ibolit.formatting import when_for
from ibolit.models import Chat, ClinicReplyTemplate, Consultation, Doctor, ReplyTemplate, ReplyUse, Role

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
    assert 'data-replies="/replies/choice?chat=' in as_doctor.get(f"/chats/{chat.id}").text
    assert "/replies" not in as_patient.get(f"/chats/{chat.id}").text


# What the composer offers


def offered(browser: Browser, chat: Chat | None = None) -> list[tuple[str, str, str]]:
    """Key, name and text of each, as the list shows them."""
    html = browser.get("/replies/choice" + (f"?chat={chat.id}" if chat is not None else ""), htmx=True).text
    found = re.findall(r'data-text="(.*?)" data-key="(.*?)">\s*<b class="replies__name">(.*?)\s*</b>', html, re.DOTALL)
    return [(key, re.sub(r"<.*?>", "", name), text) for text, key, name in found]


def test_what_was_used_last_stands_first(as_doctor: Browser, three: list[int]) -> None:
    ClinicReplyTemplate.replace("== Общий\nТекст клиники\n")
    db.session.commit()
    assert [name for _, name, _ in offered(as_doctor)] == ["Раз", "Два", "Три", "Общий клиника"]
    for key in (f"own-{three[2]}", "clinic-Общий", f"own-{three[1]}", "clinic-Общий"):
        assert as_doctor.post("/replies/uses", {"template": key}).status_code == 204
        later(seconds=1)
    assert [name for _, name, _ in offered(as_doctor)] == ["Общий клиника", "Два", "Три", "Раз"]


@pytest.mark.parametrize("key", ["", "own-999", "clinic-Чужой", "own-x", "Раз", "7"])
def test_use_of_nothing_is_noted_nowhere(as_doctor: Browser, three: list[int], key: str) -> None:
    assert as_doctor.post("/replies/uses", {"template": key}).status_code == 422
    assert db.session.scalars(db.select(ReplyUse)).all() == []


def test_use_is_each_doctors_own(clinic: Flask, as_patient: Browser, as_doctor: Browser, three: list[int]) -> None:
    other = Browser(clinic, make_doctor("Орлов Дмитрий").user)
    key = f"own-{three[2]}"
    assert [one.post("/replies/uses", {"template": key}).status_code for one in (other, as_patient)] == [422, 404]
    assert offered(other) == []


def test_name_and_next_time_stand_in_the_text(clinic: Flask, as_doctor: Browser, doctor: Doctor) -> None:
    chat = make_chat(make_user("Соколова Анна Павловна"), doctor)
    text = "{имя}, ждём вас {консультация}. {имя}!"
    ReplyTemplate.add(doctor, "Время", text)
    db.session.commit()
    assert offered(as_doctor)[0][2] == text
    assert offered(as_doctor, chat)[0][2] == "Анна Павловна, ждём вас {консультация}. Анна Павловна!"
    consultation = propose(chat)
    db.session.commit()
    when = when_for(consultation.starts_at, consultation.patient.zone)
    assert offered(as_doctor, chat)[0][2] == f"Анна Павловна, ждём вас {when}. Анна Павловна!"


def test_another_doctors_chat_gives_no_name(clinic: Flask, chat: Chat) -> None:
    other = Browser(clinic, make_doctor("Орлов Дмитрий").user)
    assert other.get(f"/replies/choice?chat={chat.id}", htmx=True).status_code == 404


def test_clinics_templates_are_read_and_not_edited(as_doctor: Browser, three: list[int]) -> None:
    ClinicReplyTemplate.replace("== Общий\nТекст клиники\nв две строки\n")
    db.session.commit()
    page = as_doctor.get("/replies").text
    assert "Шаблоны клиники" in page
    assert "Текст клиники\nв две строки" in page
    assert page.count("Изменить</summary>") == 3


def test_composer_of_a_doctor_leads_to_templates_also_without_scripts(
    as_doctor: Browser, as_patient: Browser, chat: Chat
) -> None:
    page = as_doctor.get(f"/chats/{chat.id}").text
    assert (
        page.count('href="/replies" data-opens-replies') + page.count('data-opens-replies\n        href="/replies"')
        == 2
    )
    assert "data-opens-replies" not in as_patient.get(f"/chats/{chat.id}").text


def test_doctors_clip_proposes_calls_and_inserts(as_doctor: Browser, chat: Chat) -> None:
    def clip() -> str:
        page = as_doctor.get(f"/chats/{chat.id}").text
        return " ".join(re.findall(r'class="clip__words">(.*?)</span>', page, re.DOTALL))

    assert "Предложить консультацию" in clip()
    assert "Вставить шаблон" in clip()
    consultation = propose(chat)
    db.session.commit()
    assert "Позвонить" not in clip()
    consultation = db.session.get_one(Consultation, consultation.id)
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    to = f'href="/consultations/{consultation.id}"'
    assert "Позвонить" in clip()
    assert to in as_doctor.get(f"/chats/{chat.id}").text


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Текст без названия", 1),
        ("== Раз\nТекст\n== Раз\nТекст", 3),
        ("== Раз\n\n== Два\nТекст", 1),
        ("== " + "ж" * 41 + "\nТекст", 1),
        ("== Раз\n" + "ж" * 2001, 1),
        ("==\nТекст", 1),
    ],
)
def test_clinics_list_that_cannot_be_read_changes_nothing(clinic: Flask, text: str, number: int) -> None:
    ClinicReplyTemplate.replace("== Общий\nТекст")
    with pytest.raises(errors.ClinicRepliesUnreadable, match=f"Строка {number}:"):
        ClinicReplyTemplate.replace(text)
    assert ClinicReplyTemplate.printed() == "== Общий\nТекст"


def test_clinics_list_is_printed_as_it_is_read_and_loaded_from_a_file(clinic: Flask, tmp_path: Path) -> None:
    runner, said = clinic.test_cli_runner(), "== Раз\nТекст\nв две строки\n\n== Два\nТекст\n"
    (tmp_path / "own.txt").write_text(said)
    assert "clinic: 2" in runner.invoke(args=["load-clinic-replies", str(tmp_path / "own.txt")]).output
    assert runner.invoke(args=["show-clinic-replies"]).output == said
    (tmp_path / "own.txt").write_text("Текст")
    refused = runner.invoke(args=["load-clinic-replies", str(tmp_path / "own.txt")])
    assert (refused.exit_code, "Строка 1" in refused.output) == (1, True)
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe")
    refused = runner.invoke(args=["load-clinic-replies", str(tmp_path / "own.txt")])
    assert (refused.exit_code, "UTF-8" in refused.output) == (1, True)
