"""The mark of a chat that speaks of an emergency: when it begins, what ends it, and what a clinic adds to the words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from consultation_steps import StillClock
from factories import make_chat, make_doctor, make_user
from flask import Flask

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Message, UrgentWordsLine, User
from ibolit.models.chats import urgency
from ibolit.services import clock
from ibolit.urgent_words import read, words_of_program

URGENT, CALM = "Мама без сознания и не дышит", "Спасибо, всё хорошо"


@pytest.fixture
def own_words(clinic: Flask) -> Iterator[None]:
    """What a test adds is known to no other."""
    yield
    db.session.rollback()
    clinic.extensions[urgency.KEPT] = clock.now(), words_of_program()


def say(chat: Chat, author: User, text: str) -> Message:
    """As a person does."""
    return chat.post(author, text, f"said-{chat.last_seq:08}")


def since(chat: Chat) -> object:
    db.session.commit()
    return db.session.get_one(Chat, chat.id, populate_existing=True).urgent_since


def test_mark_begins_with_the_first_and_ends_with_an_answer(
    still: StillClock, chat: Chat, patient: User, doctor: Doctor
) -> None:
    say(chat, patient, CALM)
    assert since(chat) is None
    first = say(chat, patient, URGENT).sent_at
    still.go(minutes=3)
    say(chat, patient, "Скорее, " + URGENT)
    say(chat, patient, "Вы здесь?")
    chat.post_system_note("Консультация подтверждена")
    assert since(chat) == first
    say(chat, doctor.user, "Звоните 103")
    assert since(chat) is None
    say(chat, patient, CALM)
    assert since(chat) is None


def test_doctors_words_are_not_looked_at(chat: Chat, doctor: Doctor) -> None:
    assert say(chat, doctor.user, URGENT).urgent_groups is None
    assert since(chat) is None


def test_what_was_recalled_marks_no_more(still: StillClock, chat: Chat, patient: User) -> None:
    one = say(chat, patient, URGENT)
    still.go(minutes=1)
    other = say(chat, patient, "Хочу умереть")
    chat.recall(patient, one.seq)
    assert since(chat) == other.sent_at
    chat.recall(patient, other.seq)
    assert since(chat) is None


def test_answer_that_was_recalled_was_none(chat: Chat, patient: User, doctor: Doctor) -> None:
    marked = say(chat, patient, URGENT).sent_at
    answer = say(chat, doctor.user, "Не вам")
    chat.recall(doctor.user, answer.seq)
    assert since(chat) == marked


def test_groups_are_kept_with_the_message(chat: Chat, patient: User) -> None:
    message = say(chat, patient, "Не хочу жить, порезала вены, кровь не останавливается")
    assert message.urgent_groups == "bleeding suicide"
    assert message.speaks_of_suicide
    assert not say(chat, patient, CALM).speaks_of_suicide


def test_office_sees_the_oldest_first(clinic: Flask, still: StillClock) -> None:
    doctor = make_doctor()
    chats = [make_chat(make_user(name), doctor) for name in ("Пётр", "Анна", "Вера")]
    for chat in chats:
        say(chat, chat.patient, URGENT)
        db.session.commit()
        still.go(minutes=1)
    assert db.session.scalars(Chat.unopened_urgent()).all() == []
    still.go(minutes=13)
    assert [chat.patient.name for chat in db.session.scalars(Chat.unopened_urgent())] == ["Пётр", "Анна"]
    still.go(minutes=30)
    chats[1].update_receipts(doctor.user, delivered_to=1, read_to=1)
    assert [chat.patient.name for chat in db.session.scalars(Chat.unopened_urgent())] == ["Пётр", "Вера"]


@pytest.mark.usefixtures("own_words")
def test_clinic_adds_and_the_programs_words_stay(chat: Chat, patient: User) -> None:
    assert UrgentWordsLine.replace("# наши\n[poisoning]\nнюхал*, клей\n") == 1
    assert say(chat, patient, "Сын нюхал клей").urgent_groups == "poisoning"
    assert say(chat, patient, URGENT).urgent_groups == "unconscious"
    assert UrgentWordsLine.replace("") == 0
    assert say(chat, patient, "Сын опять нюхал клей").urgent_groups is None
    assert say(chat, patient, URGENT).urgent_groups == "unconscious"


@pytest.mark.usefixtures("own_words")
@pytest.mark.parametrize(
    ("text", "number"),
    [("нюхал*", 1), ("[poisoning]\nнюхал?", 2), ("[poisoning]\n" + "к" * 301, 2), ("\n" * 200 + "[stroke]", 201)],
)
def test_line_that_cannot_be_read_is_named_and_nothing_changes(clinic: Flask, text: str, number: int) -> None:
    UrgentWordsLine.replace("[poisoning]\nнюхал*, клей")
    with pytest.raises(errors.UrgentWordsUnreadable, match=f"Строка {number}:"):
        UrgentWordsLine.replace(text)
    assert UrgentWordsLine.text_of_clinic() == "[poisoning]\nнюхал*, клей"


@pytest.mark.usefixtures("own_words")
def test_other_processes_hear_of_it_within_a_minute(
    clinic: Flask, still: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(urgency, "KNOWN_FOR", timedelta(minutes=1))
    urgency.urgent_words()
    db.session.add(UrgentWordsLine(number=1, text="[poisoning]"))  # by another process
    db.session.add(UrgentWordsLine(number=2, text="нюхал*, клей"))
    db.session.flush()
    still.go(seconds=59)
    assert urgency.urgent_words() is words_of_program()
    still.go(seconds=1)
    assert urgency.urgent_words().groups_in("нюхал клей") == ("poisoning",)


@pytest.mark.usefixtures("own_words")
def test_lists_are_printed_as_they_are_read_and_loaded_from_a_file(clinic: Flask, tmp_path: Path) -> None:
    runner = clinic.test_cli_runner()
    (tmp_path / "own.txt").write_text("[poisoning]\nнюхал*, клей\n")
    assert "own: 1" in runner.invoke(args=["load-urgent-words", str(tmp_path / "own.txt")]).output
    assert runner.invoke(args=["show-urgent-words", "--own"]).output == "[poisoning]\nнюхал*, клей\n"
    whole = runner.invoke(args=["show-urgent-words"]).output
    assert len(read(whole).rules) == len(words_of_program().words.rules) + 1
    (tmp_path / "own.txt").write_text("нюхал*")
    refused = runner.invoke(args=["load-urgent-words", str(tmp_path / "own.txt")])
    assert (refused.exit_code, "Строка 1" in refused.output) == (1, True)
    (tmp_path / "own.txt").write_bytes(b"\xff\xfe")
    refused = runner.invoke(args=["load-urgent-words", str(tmp_path / "own.txt")])
    assert (refused.exit_code, "UTF-8" in refused.output) == (1, True)
    assert UrgentWordsLine.text_of_clinic() == "[poisoning]\nнюхал*, клей"


def test_emergencies_stand_above_the_list_and_first_in_the_queue(clinic: Flask, still: StillClock) -> None:
    """Page after page: none twice, none missing."""
    doctor = make_doctor()
    chats = [make_chat(make_user(f"Пациент {n}"), doctor) for n in range(6)]
    for number, chat in enumerate(chats):
        say(chat, chat.patient, URGENT if number in (2, 4) else CALM)
        db.session.commit()
        still.go(minutes=1)
    ids = [chat.id for chat in chats]
    assert [one.id for one in Chat.emergencies_of(doctor.user)] == [ids[2], ids[4]]
    assert Chat.emergencies_of(chats[0].patient) == []
    assert [one.id for one in Chat.inbox_of(doctor.user)] == [ids[5], ids[3], ids[1], ids[0]]
    queue, place = [], None
    while page := Chat.queue_of(doctor.user, place, most=1):
        queue.append(page[0].id)
        place = page[0].queue_place
    assert queue == [ids[2], ids[4], ids[0], ids[1], ids[3], ids[5]]
    assert Chat.next_waiting(doctor.user, ids[2]) == ids[4]


def test_no_answer_needed_takes_the_mark_away(chat: Chat, patient: User) -> None:
    seen = say(chat, patient, URGENT).seq
    later_on = say(chat, patient, "Хочу умереть").sent_at
    chat.dismiss(seen)
    assert since(chat) == later_on
    chat.dismiss(seen + 1)
    assert since(chat) is None
