"""«Пишу за»: a patient says about whom it is before the first message, in the composer, when booking, and later."""

from __future__ import annotations

import io
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import samples
from browser import Browser
from factories import attach, make_child, open_hours, say
from reading import words

from ibolit.extensions import db
from ibolit.models import (
    Attachment,
    BookingRules,
    Chat,
    Consultation,
    Dependant,
    Doctor,
    Message,
    RulesTerms,
    User,
    Variant,
)
from ibolit.services import Services, clock

from .test_booking import FREE, PAID, day_ahead, fields_of, page_of

SPOKEN = "Сыпь на животе"


@pytest.fixture
def vanya(patient: User) -> Dependant:
    return make_child(patient)


@pytest.fixture
def host(doctor: Doctor) -> Doctor:
    doctor = db.session.get_one(Doctor, doctor.id)
    BookingRules.set(doctor, RulesTerms("Europe/Moscow", confirms_free=True))
    open_hours(doctor, PAID, FREE)
    return doctor


def chats() -> list[tuple[int | None, int]]:
    """About whom, and how many messages."""
    db.session.expire_all()
    return [(one.dependant_id, one.last_seq) for one in db.session.scalars(db.select(Chat).order_by(Chat.id))]


def said(chat_id: int) -> list[str]:
    db.session.expire_all()
    return list(db.session.scalars(db.select(Message.text).where(Message.chat_id == chat_id).order_by(Message.seq)))


# Before the first message


def test_who_writes_for_nobody_is_asked_nothing(as_patient: Browser, doctor: Doctor) -> None:
    page = as_patient.get(f"/doctors/{doctor.id}").text
    assert "Пишу за" not in page
    answer = as_patient.post("/chats", {"doctor_id": doctor.id})
    assert answer.status_code == 303
    assert chats() == [(None, 0)]
    assert "Пишу за" not in as_patient.get(answer.location).text


def test_doctors_page_asks_for_whom_and_begins_that_chat(as_patient: Browser, doctor: Doctor, vanya: Dependant) -> None:
    page = words(as_patient.get(f"/doctors/{doctor.id}").text)
    assert "Пишу за За себя Ваня, 3 года" in page
    answer = as_patient.post("/chats", {"doctor_id": doctor.id, "subject": vanya.id})
    assert answer.status_code == 303
    assert chats() == [(vanya.id, 0)]
    assert as_patient.post("/chats", {"doctor_id": doctor.id, "subject": vanya.id}).location == answer.location
    as_patient.post("/chats", {"doctor_id": doctor.id, "subject": "0"})
    assert chats() == [(vanya.id, 0), (None, 0)]


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [(None, "Выберите, за кого вы пишете"), ("77", "Писать за этого человека больше нельзя"), ("x", "больше нельзя")],
)
def test_nobody_is_guessed(
    as_patient: Browser, doctor: Doctor, vanya: Dependant, chosen: str | None, sentence: str, htmx: bool
) -> None:
    answer = as_patient.post("/chats", {"doctor_id": doctor.id} | ({"subject": chosen} if chosen else {}), htmx=htmx)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Написать сообщение" in answer.text
    assert chats() == []


def test_strangers_child_is_nobodys(as_stranger: Browser, doctor: Doctor, vanya: Dependant) -> None:
    assert as_stranger.post("/chats", {"doctor_id": doctor.id, "subject": vanya.id}).status_code == 422
    assert chats() == []


def test_who_was_taken_off_is_offered_no_more(as_patient: Browser, doctor: Doctor, vanya: Dependant) -> None:
    vanya.archive()
    db.session.commit()
    assert "Ваня" not in as_patient.get(f"/doctors/{doctor.id}").text
    assert as_patient.post("/chats", {"doctor_id": doctor.id, "subject": vanya.id}).status_code == 422


def test_who_takes_nobody_new_goes_on_with_whom_they_know(
    as_patient: Browser, doctor: Doctor, patient: User, vanya: Dependant
) -> None:
    masha = make_child(patient, "Маша", months=80)
    Chat.begin(patient, doctor, vanya)
    for tariff in db.session.get_one(Doctor, doctor.id).tariffs:
        tariff.hidden = True
    db.session.commit()
    page = words(as_patient.get(f"/doctors/{doctor.id}").text)
    assert "Пишу за Ваня, 3 года Написать сообщение" in page
    answer = as_patient.post("/chats", {"doctor_id": doctor.id, "subject": masha.id})
    assert answer.status_code == 409
    assert chats() == [(vanya.id, 0)]


# In the composer


def test_composer_says_for_whom_and_leads_to_the_other_chat(as_patient: Browser, chat: Chat, vanya: Dependant) -> None:
    page = words(as_patient.get(f"/chats/{chat.id}").text)
    assert "Пишу за: себя Ваня, 3 года" in page
    answer = as_patient.post(f"/chats/{chat.id}/subject", {"subject": vanya.id, "text": ""})
    assert answer.status_code == 303
    assert chats() == [(None, 0), (vanya.id, 0)]
    assert "для Вани, Терапевт" in words(as_patient.get(answer.location).text)
    assert "Пишу за: Ваня, 3 года Писать за себя" in words(as_patient.get(answer.location).text)
    assert as_patient.post(f"/chats/{chat.id}/subject", {"subject": vanya.id}).location == answer.location


def test_what_was_typed_comes_along(as_patient: Browser, chat: Chat, vanya: Dependant) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/subject", {"subject": vanya.id, "text": SPOKEN})
    assert answer.status_code == 200
    assert re.search(rf'<textarea[^>]*id="composer-text"[^>]*>{SPOKEN}</textarea>', answer.text)
    assert "Пишу за: Ваня" in words(answer.text)
    (other,) = db.session.scalars(db.select(Chat.id).where(Chat.dependant_id == vanya.id))
    assert f'action="/chats/{other}/messages"' in answer.text
    assert f'data-brought-from="{chat.id}"' in answer.text
    assert chats() == [(None, 0), (vanya.id, 0)]  # nothing was sent


def test_files_of_a_plain_form_come_along(as_patient: Browser, chat: Chat, vanya: Dependant) -> None:
    typed = {"subject": vanya.id, "text": SPOKEN, "files": (io.BytesIO(samples.txt()), "сыпь.txt")}
    answer = as_patient.post(f"/chats/{chat.id}/subject", typed)
    assert answer.status_code == 200
    assert "сыпь.txt" in answer.text
    (file,) = db.session.scalars(db.select(Attachment))
    assert db.session.get_one(Chat, file.chat_id).dependant_id == vanya.id


@pytest.mark.parametrize("chosen", ["", "77"])
def test_nonsense_leaves_what_was_typed(as_patient: Browser, chat: Chat, vanya: Dependant, chosen: str) -> None:
    answer = as_patient.post(f"/chats/{chat.id}/subject", {"subject": chosen, "text": SPOKEN})
    assert answer.status_code == 422
    assert SPOKEN in answer.text
    assert chats() == [(None, 0)]


def test_doctor_and_stranger_switch_nothing(
    as_doctor: Browser, as_stranger: Browser, chat: Chat, vanya: Dependant
) -> None:
    for browser in (as_doctor, as_stranger):
        assert browser.post(f"/chats/{chat.id}/subject", {"subject": vanya.id}).status_code == 404
    assert "Пишу за" not in as_doctor.get(f"/chats/{chat.id}").text


# «Это про Ваню»


def test_own_message_is_copied_once_and_says_so(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, vanya: Dependant
) -> None:
    message = say(chat, patient, SPOKEN)
    assert f'href="/messages/{message.id}/subject"' in as_patient.get(f"/chats/{chat.id}").text
    assert "Это про Ваню" in as_patient.get(f"/messages/{message.id}/subject").text
    answers = [as_patient.post(f"/messages/{message.id}/subject", {"subject": vanya.id}) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    (other,) = db.session.scalars(db.select(Chat.id).where(Chat.dependant_id == vanya.id))
    assert {answer.location for answer in answers} == {f"/chats/{other}#end"}
    assert said(other) == [SPOKEN]
    assert said(chat.id) == [SPOKEN, "Сообщение скопировано в другую переписку"]
    assert "Сообщение скопировано в другую переписку" in as_doctor.get(f"/chats/{chat.id}").text
    assert SPOKEN in as_doctor.get(f"/chats/{other}").text


def test_from_a_childs_chat_it_goes_to_ones_own(
    as_patient: Browser, doctor: Doctor, patient: User, vanya: Dependant
) -> None:
    its = db.session.get_one(Chat, Chat.begin(patient, doctor, vanya))
    message = say(its, patient, "У меня болит спина")
    assert "Это про меня" in as_patient.get(f"/messages/{message.id}/subject", htmx=True).text
    as_patient.post(f"/messages/{message.id}/subject", {"subject": "0"}, htmx=True)
    own = Chat.between(patient, doctor)
    assert own is not None
    assert said(own.id) == ["У меня болит спина"]
    assert said(its.id)[-1] == "Сообщение скопировано в другую переписку"


def test_files_are_copied_with_it(
    as_patient: Browser, as_doctor: Browser, chat: Chat, patient: User, vanya: Dependant, services: Services,
    tmp_path: Path,
) -> None:  # fmt: skip
    file = attach(chat, patient, name="сыпь.jpg")
    for variant in file.stored_variants:
        (tmp_path / "photo").write_bytes(f"picture, {variant}".encode())
        services.storage.put(file.file_of(variant), tmp_path / "photo")
    message = say(chat, patient, SPOKEN, files=[file])
    for _ in range(2):
        as_patient.post(f"/messages/{message.id}/subject", {"subject": vanya.id})
    db.session.expire_all()
    files = list(db.session.scalars(db.select(Attachment).order_by(Attachment.id)))
    assert [one.name for one in files] == ["сыпь.jpg"] * 2
    copy = files[1]
    assert (copy.digest, copy.kind, copy.state) == (files[0].digest, files[0].kind, files[0].state)
    assert copy.key != files[0].key
    for way in ("", "/shown", "/thumbnail"):
        assert as_doctor.get(f"/files/{copy.id}{way}").data == as_doctor.get(f"/files/{files[0].id}{way}").data
    (made,) = db.session.scalars(db.select(Message).where(Message.text == SPOKEN, Message.chat_id != chat.id))
    assert [one.id for one in made.attachments] == [copy.id]
    services.storage.delete(files[0].file_of(Variant.ORIGINAL))
    assert as_doctor.get(f"/files/{copy.id}").data == b"picture, original"  # it lives by itself


def test_into_a_closed_chat_nothing_goes(
    as_patient: Browser, chat: Chat, doctor: Doctor, patient: User, vanya: Dependant
) -> None:
    message = say(chat, patient, SPOKEN)
    its = db.session.get_one(Chat, Chat.begin(patient, doctor, vanya))
    its.open_until = clock.now() - timedelta(days=1)
    db.session.commit()
    answer = as_patient.post(f"/messages/{message.id}/subject", {"subject": vanya.id})
    assert answer.status_code in (402, 403, 409, 422)
    assert "Время общения истекло" in answer.text
    assert said(its.id) == []
    assert said(chat.id) == [SPOKEN]


def test_only_ones_own_words_are_copied(
    as_patient: Browser, as_doctor: Browser, as_stranger: Browser, chat: Chat, patient: User, doctor: Doctor,
    vanya: Dependant,
) -> None:  # fmt: skip
    own, answer = say(chat, patient, SPOKEN), say(chat, doctor.user, "Покажите")
    for browser, message in ((as_patient, answer), (as_doctor, answer), (as_doctor, own), (as_stranger, own)):
        assert browser.get(f"/messages/{message.id}/subject").status_code == 404
        assert browser.post(f"/messages/{message.id}/subject", {"subject": vanya.id}).status_code == 404
    same = as_patient.post(f"/messages/{own.id}/subject", {"subject": "0"})
    assert same.status_code == 422
    assert "и так в этой переписке" in same.text


# Booking


def test_free_time_is_booked_for_the_child(
    as_patient: Browser,
    host: Doctor,
    patient: User,
    vanya: Dependant,
) -> None:
    writer, child, start = patient.id, vanya.id, day_ahead(host, which=1)
    page = page_of(host, start, which=1)
    shown = as_patient.get(page).text
    assert "Для кого Для меня Ваня, 3 года" in words(shown)
    missing = as_patient.post(page, fields_of(shown))
    assert missing.status_code == 422
    assert "Выберите" in missing.text
    assert as_patient.post(page, fields_of(shown) | {"subject": child}).status_code == 303
    (made,) = db.session.scalars(db.select(Consultation))
    assert (made.patient_id, made.chat.dependant_id) == (writer, child)


def test_chat_of_the_child_leads_to_its_booking(
    as_patient: Browser,
    host: Doctor,
    patient: User,
    vanya: Dependant,
) -> None:
    its = db.session.get_one(Chat, Chat.begin(patient, host, vanya))
    db.session.commit()
    way = f"/doctors/{host.id}/booking?for={vanya.id}"
    assert f'href="{way}"' in as_patient.get(f"/chats/{its.id}").text
    times = as_patient.get(way).text
    (page, *_) = re.findall(r'href="(/doctors/\d+/booking/\d+/\d+\?for=\d+)"', times)
    assert re.search(rf'value="{vanya.id}" required checked', as_patient.get(page).text)


def test_one_free_consultation_a_person_and_doctor(
    as_patient: Browser,
    host: Doctor,
    patient: User,
    vanya: Dependant,
) -> None:
    one, other = vanya.id, make_child(patient, "Маша", months=80).id
    first, second, third = (day_ahead(host, days, which=1) for days in (2, 3, 4))

    def book(start: datetime, whose: str | int) -> int:
        page = page_of(host, start, which=1)
        return as_patient.post(page, fields_of(as_patient.get(page).text) | {"subject": whose}).status_code

    assert (book(first, one), book(second, other)) == (303, 303)
    assert book(third, one) == 409
    assert book(third, "0") == 303


def test_time_held_for_one_is_not_held_for_the_other(
    as_patient: Browser,
    host: Doctor,
    vanya: Dependant,
) -> None:
    child, page = vanya.id, page_of(host, day_ahead(host))
    fields = fields_of(as_patient.get(page).text)
    assert as_patient.post(page, fields | {"subject": child}).status_code == 303
    other = as_patient.post(page, fields | {"subject": "0", "client_id": "another-press"})
    assert other.status_code == 409
    assert "не для этого человека" in other.text
    assert db.session.scalars(db.select(Consultation)).one().chat.dependant_id == child
