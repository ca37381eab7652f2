"""«Мои данные»: who looked, what was accepted, and the copy, which is read back and held against the database."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import pypdfium2
import pytest
from browser import Browser
from factories import PASSWORD, attach, later, make_chat, make_child, make_user, say
from flask import Flask
from payment_steps import buy, request_refund
from reading import one_line
from relatives import go_to, make_relative, permit
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.jobs.data_copies import LEFT_FREE, end
from ibolit.models import (
    Attachment,
    AttachmentKind,
    AuditAction,
    AuditEvent,
    AuditReason,
    Chat,
    Conclusion,
    Consultation,
    CopyState,
    DataCopy,
    Dependant,
    Device,
    Doctor,
    FactKind,
    Job,
    JobKind,
    Message,
    Notification,
    NotificationKind,
    PatientFact,
    Payment,
    Review,
    Role,
    SecurityEvent,
    SecurityEventKind,
    User,
    Variant,
)
from ibolit.models.chats import ChatMember
from ibolit.models.family import permission
from ibolit.models.my_data import contents
from ibolit.models.people import CURRENT
from ibolit.services import Services, clock

COPY = "/profile/my-data/copy"
TABLES = Path(__file__).parents[2] / "docs" / "copy.md"
PHOTO, SHOWN, ANALYSIS = b"as it was taken" * 9000, b"as it is shown", b"%PDF-1.4 of a laboratory"


@pytest.fixture
def old_device(as_patient: Browser) -> Browser:
    """Signed in for long, and its holder has just said who they are."""
    return aged(as_patient)


def aged(browser: Browser) -> Browser:
    assert browser.device is not None
    device = db.session.get_one(Device, browser.device.id)
    device.created_at = clock.now() - timedelta(hours=73)
    device.seen_at = device.confirmed_at = clock.now()
    db.session.commit()
    return browser


def ask(browser: Browser) -> None:
    answer = browser.post(COPY)
    assert (answer.status_code, answer.location) == (303, COPY)


def newest(user: User) -> DataCopy:
    db.session.rollback()
    copy = DataCopy.newest_of(db.session.get_one(User, user.id))
    assert copy is not None
    return copy


def assert_withdrawn(user: User, services: Services) -> None:
    """And nothing of it lies anywhere."""
    copy = newest(user)
    assert (copy.state, copy.has_file) == (CopyState.WITHDRAWN, False)
    with pytest.raises(FileNotFoundError):
        services.storage.size(copy.key)


def download(user: User) -> str:
    return f"{COPY}/{newest(user).id}/download"


def fetch(browser: Browser, user: User) -> zipfile.ZipFile:
    answer = browser.get(download(user))
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    return zipfile.ZipFile(io.BytesIO(answer.data))


def copied(browser: Browser, user: User) -> zipfile.ZipFile:
    ask(browser)
    run_due()
    return fetch(browser, user)


def read(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(archive.read(name))


def store(services: Services, folder: Path, attachment: Attachment, **contents: bytes) -> None:
    for variant, content in contents.items():
        (path := folder / "arriving").write_bytes(content)
        services.storage.put(attachment.file_of(Variant(variant)), path)


@pytest.fixture
def rich(chat: Chat, patient: User, doctor: Doctor, services: Services, tmp_path: Path) -> Chat:
    """Whatever may be in a chat, and around it."""
    say(chat, patient, "Болит <b>голова</b>,\nуже неделю & больше")
    photo = attach(chat, patient)
    analysis = attach(chat, patient, AttachmentKind.DOCUMENT, name="Анализ: кровь?.pdf", mimetype="application/pdf")
    lost = attach(chat, patient, AttachmentKind.DOCUMENT, name="Потерян.txt", mimetype="text/plain")
    store(services, tmp_path, photo, original=PHOTO, shown=SHOWN)
    store(services, tmp_path, analysis, original=ANALYSIS)
    say(chat, patient, "", files=[photo, analysis, lost])
    attach(chat, patient, name="Не отправлено.jpg")
    say(chat, doctor.user, "Смотрю").quoted_seq = 1
    recalled = say(chat, patient, "Не туда")
    recalled.text, recalled.recalled_at = "", clock.now()
    say(chat, make_user("Лебедев Пётр", Role.DOCTOR), "Отвечаю за коллегу")
    consultation = completed_consultation(chat)
    Review.give(consultation, 5, "Спасибо")
    Conclusion.give(consultation, "Жалобы:\nБолит голова.", "client-0001", seen=0)
    Conclusion.give(consultation, "Жалобы:\nБолит голова.\nСон:\nПлохой.", "client-0002", seen=1)
    penicillin = PatientFact.add(patient.subject_key, patient, FactKind.ALLERGY, "Пенициллин")
    PatientFact.add(patient.subject_key, doctor.user, FactKind.ILLNESS, "Гипертония")
    penicillin.strike(patient)
    db.session.commit()
    request_refund(buy(chat))
    return chat


def test_copy_is_read_back_and_compared_with_the_database(old_device: Browser, rich: Chat, patient: User) -> None:
    archive = copied(old_device, patient)
    assert archive.testzip() is None
    data, chat = read(archive, "data.json"), read(archive, "chats/1/chat.json")
    messages = db.session.scalars(db.select(Message).where(Message.chat_id == rich.id).order_by(Message.seq)).all()
    names = dict(db.session.execute(db.select(User.id, User.name)).tuples().all())
    read_back = [
        (one["number"], one["author"], one["text"], one["answers"], one["card"], one["recalled_at"] is not None)
        for one in chat["messages"]
    ]
    assert read_back == [
        (one.seq, names.get(one.author_id or 0), one.text, one.quoted_seq, one.card, one.is_recalled)
        for one in messages
    ]
    assert {one["role"] for one in chat["messages"]} == {"patient", "doctor", "stand_in", "clinic"}
    sent = db.session.scalars(db.select(Attachment).where(Attachment.message_id.is_not(None)).order_by(Attachment.id))
    told = [file for one in chat["messages"] for file in one["files"]]
    assert [(one["number"], one["name"], one["size"]) for one in told] == [(one.id, one.name, one.size) for one in sent]
    photo, analysis, lost = (file["path"] for file in told)
    assert lost is None
    assert (archive.read(photo), archive.read(analysis)) == (PHOTO, ANALYSIS)
    assert analysis.endswith(" Анализ_ кровь_.pdf")
    assert SHOWN in [archive.read(name) for name in archive.namelist() if "/shown/" in name]
    consultation = db.session.scalars(db.select(Consultation)).one()
    (said,) = chat["consultations"]
    assert (said["number"], said["state"], said["review"]["words"]) == (consultation.id, "completed", "Спасибо")
    versions = [(one.version, one.text) for one in Conclusion.all_of(consultation)]
    assert [(one["edition"], one["text"]) for one in said["conclusions"]] == versions
    for one in said["conclusions"]:
        text = pypdfium2.PdfDocument(archive.read(one["path"]))[0].get_textpage().get_text_range()
        assert "Болит голова." in text
        assert ("Плохой" in text) == (one["edition"] == 2)
    payment = db.session.scalars(db.select(Payment)).one()
    (paid,) = data["payments"]
    assert (paid["amount"], paid["paid"], len(paid["refunds"])) == (payment.amount, payment.paid, 1)
    crossed_out = [(one["text"], bool(one["crossed_out"])) for one in data["facts"]]
    assert crossed_out == [("Пенициллин", True), ("Гипертония", False)]
    assert (data["person"]["name"], data["person"]["phone"]) == (patient.name, patient.phone)
    assert len(data["consents"]) == len(CURRENT)
    assert (data["chats"][0]["messages"], data["chats"][0]["files"]) == (len(messages), 3)


class Links(HTMLParser):
    """Where a page leads, and what it is made of."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.found += [value or "" for name, value in attrs if name in ("href", "src")]


def test_pages_of_a_copy_open_anywhere(old_device: Browser, rich: Chat, patient: User) -> None:
    """Every link leads to what lies beside it; nothing is fetched and nothing runs; words of people are words."""
    archive = copied(old_device, patient)
    pages = [name for name in archive.namelist() if name.endswith(".html")]
    assert sorted(pages) == ["chats/1/index.html", "index.html", "looks.html"]
    for name in pages:
        links = Links(archive.read(name).decode())
        assert "script" not in links.tags
        assert links.found
        for link in links.found:
            if not link.startswith("#"):
                inside = (Path("/") / Path(name).parent / unquote(link)).resolve().relative_to("/")
                assert str(inside) in archive.namelist(), link
    page = archive.read("chats/1/index.html").decode()
    assert "Болит &lt;b&gt;голова&lt;/b&gt;,\nуже неделю &amp; больше" in page
    assert "Потерян.txt: файла в клинике больше нет" in page
    assert "Сообщение отозвано" in page


def test_fields_of_a_copy_are_those_that_are_documented(old_device: Browser, rich: Chat, patient: User) -> None:
    archive = copied(old_device, patient)
    documented = tables()
    data, chat = read(archive, "data.json"), read(archive, "chats/1/chat.json")
    consultation, fact, payment = chat["consultations"][0], data["facts"][0], data["payments"][0]
    found = {
        "data.json": data, "person": data["person"], "consent": data["consents"][0], "device": data["devices"][0],
        "fact": fact, "line": fact["crossed_out"][0], "payment": payment, "refund": payment["refunds"][0],
        "chat": data["chats"][0], "chat.json": chat, "message": chat["messages"][0], "consultation": consultation,
        "file": next(file for one in chat["messages"] for file in one["files"]),
        "review": consultation["review"], "conclusion": consultation["conclusions"][0],
        "look": read(archive, "looks.json")[0],
    }  # fmt: skip
    assert {name: list(one) for name, one in found.items()} == {name: documented[name] for name in found}


def tables() -> dict[str, list[str]]:
    """Names of fields by the headings of docs/copy.md."""
    parts = re.split(r"^### ", TABLES.read_text(), flags=re.MULTILINE)[1:]
    fields = {part.split()[0]: re.findall(r"^\| (\w+) \|", part, flags=re.MULTILINE) for part in parts}
    return {name: [one for one in found if one != "field"] for name, found in fields.items()}


@pytest.mark.parametrize("page", ["", "/looks", "/copy", "/consents", "/consents/offer/withdrawal"])
def test_pages_of_ones_data_belong_to_the_profile(as_patient: Browser, page: str) -> None:
    (current,) = re.findall(r'tabs__link--active"\s+href="([^"]+)"', as_patient.get(f"/profile/my-data{page}").text)
    assert current == "/profile"


def test_copy_is_asked_for_by_who_has_said_who_they_are(as_patient: Browser, patient: User) -> None:
    assert as_patient.device is not None
    db.session.get_one(Device, as_patient.device.id).confirmed_at = None
    db.session.commit()
    asked = as_patient.post(COPY)
    assert (asked.status_code, asked.location) == (303, "/profile/confirmation/copy")
    assert DataCopy.newest_of(patient) is None
    assert "прежде чем выдать копию данных" in as_patient.get("/profile/confirmation/copy").text
    confirmed = as_patient.post("/profile/confirmation/copy", {"current": PASSWORD})
    assert (confirmed.status_code, confirmed.location) == (303, COPY)
    ask(as_patient)
    assert newest(patient).state is CopyState.WAITING


def test_copy_is_fetched_by_who_has_said_who_they_are(old_device: Browser, chat: Chat, patient: User) -> None:
    copied(old_device, patient)
    assert old_device.device is not None
    db.session.get_one(Device, old_device.device.id).confirmed_at = clock.now() - timedelta(minutes=11)
    db.session.commit()
    for headers in ({}, {"Range": "bytes=5-"}):
        answer = old_device.get(download(patient), headers=headers)
        assert (answer.status_code, answer.location) == (303, "/profile/confirmation/copy")


def test_copy_for_a_young_device_waits_a_day(as_patient: Browser, chat: Chat, patient: User) -> None:
    ask(as_patient)
    run_due()
    assert newest(patient).state is CopyState.WAITING
    assert "поэтому начнём" in one_line(as_patient.get(COPY).text)
    later(hours=23, minutes=59)
    run_due()
    assert newest(patient).state is CopyState.WAITING
    later(hours=24, minutes=1)
    run_due()
    assert newest(patient).state is CopyState.READY


def test_older_ways_hear_of_it_and_not_me_takes_it_away(
    clinic: Flask, old_device: Browser, chat: Chat, patient: User, services: Services
) -> None:
    ask(old_device)
    run_due()
    copy = newest(patient)
    assert services.storage.size(copy.key) == copy.size
    told = [one.text for one in services.outbox.latest() if one.to == patient.phone]
    (link,) = (re.findall(r"http://[^/]+(/n/\S+)", text)[0] for text in told if "запрошена копия" in text)
    visitor = Browser(clinic)
    assert "В iBolit запросили копию ваших данных" in visitor.get(link).text
    assert newest(patient).is_kept
    assert "Вход закрыт" in visitor.post(link).text
    run_due()
    assert_withdrawn(patient, services)
    assert old_device.get(f"{COPY}/{copy.id}/download").status_code == 303  # to the sign-in


def test_second_press_meets_the_same_copy(old_device: Browser, patient: User) -> None:
    ask(old_device)
    ask(old_device)
    assert len(db.session.scalars(db.select(DataCopy)).all()) == 1
    (event,) = db.session.scalars(db.select(SecurityEvent))
    assert event.kind is SecurityEventKind.DATA_COPY


def test_new_copy_takes_the_place_of_the_one_before(
    old_device: Browser, chat: Chat, patient: User, services: Services
) -> None:
    copied(old_device, patient)
    before = newest(patient)
    ask(old_device)
    assert old_device.get(f"{COPY}/{before.id}/download").status_code == 404
    run_due()
    assert newest(patient).id != before.id
    assert fetch(old_device, patient)
    with pytest.raises(FileNotFoundError):
        services.storage.size(before.key)


def test_more_than_three_copies_a_day_are_refused(old_device: Browser, patient: User) -> None:
    for _ in range(3):
        ask(old_device)
        assert old_device.post(f"{COPY}/removal").status_code == 303
    refused = old_device.post(COPY)
    assert refused.status_code == 429
    assert "Слишком много попыток" in refused.text
    assert newest(patient).state is CopyState.WITHDRAWN


def test_copy_goes_after_a_week(old_device: Browser, chat: Chat, patient: User, services: Services) -> None:
    copied(old_device, patient)
    later(days=6, hours=23)
    aged(old_device)
    assert fetch(old_device, patient)
    later(days=7, minutes=1)
    aged(old_device)
    assert old_device.get(download(patient)).status_code == 404
    run_due()
    copy = newest(patient)
    assert not copy.has_file
    with pytest.raises(FileNotFoundError):
        services.storage.size(copy.key)
    assert "Запросить копию" in old_device.get(COPY).text


def test_copy_that_the_storage_has_lost_is_offered_no_more(
    old_device: Browser, chat: Chat, patient: User, services: Services
) -> None:
    """No backup has it, and the clinic was restored."""
    copied(old_device, patient)
    services.storage.delete(newest(patient).key)
    assert old_device.get(download(patient)).location == COPY
    page = old_device.get(COPY).text
    assert "Этой копии больше нет" in page
    assert "Запросить копию" in page


def test_nobody_else_has_it(
    clinic: Flask, old_device: Browser, rich: Chat, patient: User, as_doctor: Browser, as_stranger: Browser
) -> None:
    copied(old_device, patient)
    for other in (as_doctor, as_stranger, Browser(clinic, make_user("Операторова Ольга", Role.OPERATOR))):
        assert aged(other).get(download(patient)).status_code == 404
    assert "/login" in Browser(clinic).get(download(patient)).location


def test_chats_of_others_are_in_no_copy(old_device: Browser, rich: Chat, patient: User, doctor: Doctor) -> None:
    other = make_user("Чужая Зинаида")
    say(make_chat(other, doctor), other, "Совсем другая беда")
    archive = copied(old_device, patient)
    everything = b"".join(archive.read(name) for name in archive.namelist())
    assert "Болит".encode() in everything
    for word in ("Совсем другая беда", "Чужая"):
        assert word.encode() not in everything


def test_chats_of_a_child_are_in_it_in_the_childs_name(
    old_device: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    vanya = make_child(patient, "Ваня Соколов")
    say(chat, patient, "Это обо мне")
    of_vanya = make_chat(patient, doctor, vanya)
    say(of_vanya, patient, "У Вани сыпь")
    PatientFact.add(vanya.subject_key, patient, FactKind.ALLERGY, "Орехи")
    db.session.commit()
    archive = copied(old_device, patient)
    data = read(archive, "data.json")
    assert [one["about"] for one in data["chats"]] == [None, "Ваня Соколов"]
    assert [one["about"] for one in data["facts"]] == ["Ваня Соколов"]
    assert list(data["dependants"][0]) == tables()["dependant"]
    assert [one["text"] for one in read(archive, "chats/2/chat.json")["messages"]] == ["У Вани сыпь"]
    assert "О пациенте: Ваня Соколов" in archive.read("chats/2/index.html").decode()
    assert [one["about"] for one in data["consents"] if one["document"] == "representation"] == ["Ваня Соколов"]


def test_chats_of_a_child_that_came_of_age_are_not(
    old_device: Browser, chat: Chat, patient: User, doctor: Doctor
) -> None:
    vanya = make_child(patient, "Ваня Соколов", months=18 * 12 - 1)
    say(chat, patient, "Это обо мне")
    say(make_chat(patient, doctor, vanya), patient, "У Вани сыпь")
    PatientFact.add(vanya.subject_key, patient, FactKind.ALLERGY, "Орехи")
    db.session.commit()
    later(days=63)
    archive = copied(aged(old_device), patient)
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "Это обо мне" in everything
    assert "сыпь" not in everything
    assert "Орехи" not in everything


def test_copy_goes_with_the_permission(old_device: Browser, patient: User, doctor: Doctor, services: Services) -> None:
    father = make_relative(patient)
    permit(father)
    say(make_chat(patient, doctor, father), patient, "У папы давление")
    copied(old_device, patient)
    permission.end(db.session.get_one(Dependant, father.id))
    db.session.commit()
    assert old_device.get(download(patient)).status_code == 404
    assert "Запросить копию" in old_device.get(COPY).text
    run_due()
    with pytest.raises(FileNotFoundError):
        services.storage.size(newest(patient).key)


def test_copy_of_what_is_known_of_a_relative_goes_with_the_permission(old_device: Browser, patient: User) -> None:
    father = make_relative(patient)
    permit(father)
    PatientFact.add(father.subject_key, patient, FactKind.ALLERGY, "Орехи")
    db.session.commit()
    copied(old_device, patient)
    permission.end(db.session.get_one(Dependant, father.id))
    db.session.commit()
    assert old_device.get(download(patient)).status_code == 404


@pytest.mark.parametrize("has_chat", [True, False])
def test_copy_goes_at_the_midnight_of_the_18th_birthday(
    old_device: Browser, patient: User, doctor: Doctor, has_chat: bool
) -> None:
    """Before the worker has looked."""
    vanya = make_child(patient, "Ваня Соколов", months=18 * 12 - 1)
    if has_chat:
        say(make_chat(patient, doctor, vanya), patient, "У Вани сыпь")
    go_to(vanya.comes_of_age_at - timedelta(minutes=9))
    copied(aged(old_device), patient)
    go_to(vanya.comes_of_age_at + timedelta(minutes=1))
    assert aged(old_device).get(download(patient)).status_code == 404
    page = old_device.get(COPY).text
    assert "Запросить копию" in page
    assert "Скачать" not in page


def test_copy_under_way_stops_at_a_chat_that_may_be_read_no_more(
    old_device: Browser, patient: User, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    father = make_relative(patient)
    permit(father)
    say(make_chat(patient, doctor, father), patient, "У папы давление")
    fixed = contents.sizes_of

    def sizes_of(user: User) -> list[contents.ChatSize]:
        """And then the place ends, as at midnight."""
        sizes = fixed(user)
        member = db.session.scalars(db.select(ChatMember).where(ChatMember.user_id == user.id)).one()
        member.until = clock.now()
        db.session.commit()
        return sizes

    monkeypatch.setattr(contents, "sizes_of", sizes_of)
    ask(old_device)
    run_due()
    copy = newest(patient)
    assert (copy.state, copy.has_file) == (CopyState.WITHDRAWN, False)


def test_ready_copy_is_kept_from_a_device_that_is_new_here(
    clinic: Flask, old_device: Browser, chat: Chat, patient: User
) -> None:
    copied(old_device, patient)
    young = Browser(clinic, patient)
    assert young.device is not None
    device = db.session.get_one(Device, young.device.id)
    device.created_at = device.confirmed_at = clock.now()
    db.session.commit()
    refused = young.get(download(patient))
    assert (refused.status_code, refused.location) == (303, COPY)
    page = one_line(young.get(COPY).text)
    assert "Скачать" not in page
    assert "На этом устройстве вы вошли недавно, уже после запроса копии" in page
    assert fetch(old_device, patient)
    aged(young)
    assert fetch(young, patient)


def test_owner_is_told_when_it_is_ready(old_device: Browser, chat: Chat, patient: User, services: Services) -> None:
    ask(old_device)
    run_due()
    told = db.session.scalars(db.select(Notification)).one()
    assert (told.kind, told.user_id, told.chat_id) == (NotificationKind.COPY_READY, patient.id, None)
    later(hours=24)  # by day at the latest
    run_due()
    (text,) = (one.text for one in services.outbox.latest() if "готова" in one.text)
    assert text.endswith(COPY)
    assert patient.name.split()[0] not in text


def test_who_took_it_back_is_told_of_no_copy(old_device: Browser, chat: Chat) -> None:
    ask(old_device)
    run_due()
    assert not db.session.scalars(db.select(Notification)).one().is_stale
    old_device.post(f"{COPY}/removal")
    assert db.session.scalars(db.select(Notification)).one().is_stale


def test_audit_log_has_its_asking_and_its_taking(old_device: Browser, chat: Chat, patient: User) -> None:
    copied(old_device, patient)
    rows = db.session.scalars(db.select(AuditEvent).where(AuditEvent.actor_id == patient.id).order_by(AuditEvent.id))
    assert [(one.action, one.patient_id, one.reason) for one in rows] == [
        (AuditAction.COPY_REQUESTED, patient.id, AuditReason.OWN),
        (AuditAction.COPY_TAKEN, patient.id, AuditReason.OWN),
    ]


def test_part_of_a_copy_goes_on_where_the_line_broke(old_device: Browser, rich: Chat, patient: User) -> None:
    copied(old_device, patient)
    whole = old_device.get(download(patient)).data
    part = old_device.get(download(patient), headers={"Range": "bytes=100-"})
    assert (part.status_code, part.data) == (206, whole[100:])


def test_withdrawn_while_it_is_made(
    old_device: Browser, rich: Chat, patient: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker notices, and nothing of it stays."""
    monkeypatch.setattr("ibolit.jobs.data_copies.progress.EVERY", 0)
    ask(old_device)
    advance = DataCopy.advance

    def withdraw_first(id: int, done: int) -> bool:
        DataCopy.withdraw_all_of(db.session.get_one(User, patient.id))
        return advance(id, done)

    monkeypatch.setattr(DataCopy, "advance", withdraw_first)
    run_due()
    copy = newest(patient)
    assert (copy.state, copy.has_file, copy.size) == (CopyState.WITHDRAWN, False, None)
    with pytest.raises(FileNotFoundError):
        services.storage.size(copy.key)
    told = db.session.scalars(db.select(Notification.kind)).all()
    assert NotificationKind.COPY_READY not in told


def test_withdrawn_while_it_goes_into_the_storage(
    old_device: Browser, rich: Chat, patient: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(old_device)
    put = services.storage.put

    def put_and_withdraw(name: str, source: Path) -> None:
        put(name, source)
        DataCopy.withdraw_all_of(db.session.get_one(User, patient.id))
        db.session.commit()

    monkeypatch.setattr(services.storage, "put", put_and_withdraw)
    run_due()
    assert_withdrawn(patient, services)


def test_withdrawn_and_taken_away_before_it_lies_in_the_storage(
    old_device: Browser, rich: Chat, patient: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By another worker: what arrives after it is taken away once more."""
    ask(old_device)
    put = services.storage.put

    def put_late(name: str, source: Path) -> None:
        copy = newest(patient)
        DataCopy.withdraw_all_of(copy.user)
        db.session.commit()
        end(Job(kind=JobKind.DATA_COPY_END, subject_id=copy.id))
        db.session.commit()
        put(name, source)

    monkeypatch.setattr(services.storage, "put", put_late)
    run_due()
    assert_withdrawn(patient, services)


def test_worker_that_died_with_it_begins_anew(old_device: Browser, rich: Chat, patient: User) -> None:
    ask(old_device)
    newest(patient).begin(100)
    job = db.session.scalars(db.select(Job).where(Job.kind == JobKind.DATA_COPY)).one()
    job.claimed_until = clock.now() + timedelta(minutes=5)
    db.session.commit()
    run_due()
    assert newest(patient).state is CopyState.MAKING
    assert 'hx-trigger="every 2s"' in old_device.get(COPY).text
    later(minutes=6)
    run_due()
    assert newest(patient).state is CopyState.READY


def test_copy_without_room_for_it_is_not_begun(
    old_device: Browser, rich: Chat, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is the whole clinic's: it is not filled to see whether it is enough."""
    files = db.session.scalars(db.select(Attachment.size).where(Attachment.message_id.is_not(None))).all()
    free = LEFT_FREE + sum(files)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free - 1))
    ask(old_device)
    run_due()
    job = db.session.scalars(db.select(Job).where(Job.kind == JobKind.DATA_COPY)).one()
    assert (job.failure, job.done_at, newest(patient).done) == ("NoRoom", None, 0)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    later(minutes=1)
    run_due()
    assert newest(patient).state is CopyState.READY


def test_copy_that_never_succeeds_says_so(
    old_device: Browser, rich: Chat, patient: User, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr("ibolit.jobs.data_copies.write_copy", fail)
        ask(old_device)
        run_due()
        assert newest(patient).state is CopyState.MAKING
        for hours in range(1, 12):
            later(hours=2 * hours)
            run_due()
    assert newest(patient).state is CopyState.FAILED
    assert "Копия не получилась" in old_device.get(COPY).text
    kind = Notification.kind == NotificationKind.COPY_FAILED
    told = db.session.scalars(db.select(Notification).where(kind)).one()
    assert (told.user_id, told.is_stale) == (patient.id, False)
    later(hours=48)  # by day at the latest
    run_due()
    (text,) = (one.text for one in services.outbox.latest() if "не получилась" in one.text)
    assert text.endswith(COPY)
    assert copied(aged(old_device), patient).testzip() is None


def test_what_is_written_meanwhile_belongs_to_the_next_copy(
    old_device: Browser, rich: Chat, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes_of = contents.sizes_of

    def then_written(user: User) -> list[contents.ChatSize]:
        sizes = sizes_of(user)
        say(rich, user, "Написано позже")
        return sizes

    monkeypatch.setattr(contents, "sizes_of", then_written)
    assert "Написано позже" not in copied(old_device, patient).read("chats/1/index.html").decode()
