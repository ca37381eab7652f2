"""A doctor's patients: whom he finds, who waits for an answer, and the days he gives."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, make_chat, make_doctor, make_user, say

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, ChatState, Doctor, InboxFilter, Message, User
from ibolit.services import clock

ID = "abcdef123456"


def found(doctor: Doctor, words: str = "", before: tuple[object, int] | None = None) -> list[str]:
    chats = db.session.scalars(Chat.patients_of(doctor, words, before))  # type: ignore[arg-type]
    return [chat.patient.name for chat in chats]


def shown(doctor: Doctor, only: InboxFilter) -> list[int]:
    listed = Chat.queue_of(doctor.user) if only is InboxFilter.WAITING else Chat.inbox_of(doctor.user, only=only)
    return [chat.id for chat in listed]


def reread(chat: Chat) -> Chat:
    db.session.expire_all()
    return db.session.get_one(Chat, chat.id)


# The list


def test_latest_contact_is_first_and_the_silent_are_last(doctor: Doctor) -> None:
    chats = [make_chat(make_user(name), doctor, days_left=1) for name in ("Раз", "Два", "Три", "Четыре")]
    for minutes, chat in ((1, chats[1]), (2, chats[0])):
        later(minutes=minutes)
        say(chat, chat.patient)
    assert found(doctor) == ["Раз", "Два", "Четыре", "Три"]
    walked, before = [], None
    for _ in chats:
        [chat] = db.session.scalars(Chat.patients_of(doctor, "", before).limit(1))
        walked.append(chat.patient.name)
        before = (chat.last_at, chat.id)
    assert walked == found(doctor)
    assert found(doctor, before=before) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("петр", ["Ёжиков Пётр"]),
        ("ежик ПЁТ", ["Ёжиков Пётр"]),
        ("Ёжикова", ["Ёжиков Пётр"]),
        ("тр", []),
        ("_%", []),
        ("45-67", ["Ёжиков Пётр"]),
        ("8 916 123 45 67", ["Ёжиков Пётр"]),
        ("+7 (916) 123", ["Ёжиков Пётр"]),
        ("99999", []),
    ],
)
def test_found_by_name_or_phone(doctor: Doctor, words: str, expected: list[str]) -> None:
    for name, phone in (("Ёжиков Пётр", "+79161234567"), ("Соколова Анна", "+79160000000")):
        user = make_user(name)
        user.phone = phone
        make_chat(user, doctor)
    stranger = make_user("Ёжиков Пётр")
    make_chat(stranger, make_doctor("Орлов Дмитрий"))
    assert found(doctor, words) == expected


def test_renamed_patient_is_found_anew(doctor: Doctor, patient: User) -> None:
    make_chat(patient, doctor)
    patient.rename("Королёва Инна")
    db.session.commit()
    assert found(doctor, "королева") == ["Королёва Инна"]
    assert found(doctor, "соколова") == []


# Who waits


def test_last_word_of_the_patient_waits_and_a_note_is_nobodys(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient)
    assert shown(doctor, InboxFilter.WAITING) == [chat.id]
    held = reread(chat)
    held.post_system_note("Чат продлён")
    db.session.commit()
    assert shown(doctor, InboxFilter.WAITING) == [chat.id]
    say(chat, doctor.user)
    assert shown(doctor, InboxFilter.WAITING) == []


def test_unread_are_the_doctors_own(chat: Chat, patient: User, doctor: Doctor) -> None:
    other = make_chat(make_user("Пётр"), doctor, days_left=1)
    say(chat, patient)
    say(other, doctor.user)  # unread by the patient
    assert shown(doctor, InboxFilter.UNREAD) == [chat.id]
    held = reread(chat)
    held.update_receipts(doctor.user, delivered_to=1, read_to=1)
    db.session.commit()
    assert shown(doctor, InboxFilter.UNREAD) == []


# Days


def test_given_days_prolong_and_are_told_once(chat: Chat, doctor: Doctor) -> None:
    end = chat.open_until
    assert end is not None
    assert chat.give_days(7, ID)
    db.session.commit()
    assert not chat.give_days(7, ID)
    db.session.commit()
    assert chat.open_until == end + timedelta(days=7)
    [note] = db.session.scalars(db.select(Message).where(Message.author_id.is_(None)))
    assert note.text.startswith("Подарок врача: 7\u00a0дней общения. Чат открыт до ")


def test_patients_own_message_with_that_id_takes_no_gift_away(chat: Chat, patient: User) -> None:
    say(chat, patient, client_id=f"gift-{ID}")
    assert reread(chat).give_days(7, ID)


def test_over_chat_opens_from_now(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-10)
    chat.give_days(1, ID)
    db.session.commit()
    assert chat.state is ChatState.LAST_DAY
    assert chat.open_until is not None
    assert abs(chat.open_until - clock.now() - timedelta(days=1)) < timedelta(minutes=1)


def test_free_days_that_wait_are_so_many_more(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor)
    chat.give_days(4, ID)
    db.session.commit()
    assert (chat.state, chat.free_days, chat.open_until) == (ChatState.NOT_BEGUN, 7, None)
    assert db.session.scalars(db.select(Message.text)).all() == ["Подарок врача: 4\u00a0дня общения."]


def test_unlimited_chat_needs_none(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, access=AccessMode.UNLIMITED)
    with pytest.raises(errors.ChatNeedsNoDays):
        chat.give_days(4, ID)
