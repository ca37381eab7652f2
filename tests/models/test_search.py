"""Search over one's own messages, in Russian word forms, on whatever database the clinic runs."""

from __future__ import annotations

import pytest
from factories import make_chat, make_doctor, make_user, say

from ibolit.extensions import db
from ibolit.models import Chat, ChatMember, Doctor, User


def found(user: User, words: str) -> list[str]:
    return [message.text for message in Chat.search_messages(user, words)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Запишите меня к кардиологу", "кардиолог"),
        ("Мне нужен кардиолог", "кардиолога"),
        ("Второй день болит голова", "головы болят"),
        ("Это от головной боли", "головных болей"),
        ("Головные боли прошли", "головная боль"),
        ("Ёжик уколол палец", "ежиков"),
        ("Ежик уколол палец", "Ёжиков"),
        ("ДАВЛЕНИЕ 150 на 95", "давления 150"),
        ("Пью Aspirin по утрам", "aspirin"),
        ("Таблетки:витамин D3,цинк", "витамины"),
        ("первая строка\nвторая строка", "вторых"),
    ],
)
def test_words_are_found_in_any_form(chat: Chat, patient: User, text: str, words: str) -> None:
    say(chat, patient, text)
    say(chat, patient, "Совсем о другом")
    assert found(patient, words) == [text]


def test_every_word_must_be_there_and_the_newest_comes_first(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient, "Голова болит")
    say(chat, doctor.user, "Болит ли горло?")
    say(chat, patient, "Болит и голова, и горло")
    assert found(patient, "болит") == ["Болит и голова, и горло", "Болит ли горло?", "Голова болит"]
    assert found(patient, "болит горло голова") == ["Болит и голова, и горло"]
    assert len(Chat.search_messages(patient, "болит", most=2)) == 2


@pytest.mark.parametrize(
    "garbage",
    ['"', "''", "a AND", "NOT", "болит OR", "NEAR(болит", "врач-кардиолог*", "stems : болит", "^болит", "(((", "\\",
     "&", "болит & !", "a:*", "<->", "_", "__ _", "%", "{}", "болит\x00голова", "½", "я" * 5000, "", "   ", "…",
     "а б в г д е ж з и к л м н о", "\U0001f600"],
)  # fmt: skip
def test_no_query_breaks_the_search(chat: Chat, patient: User, garbage: str) -> None:
    say(chat, patient, "Болит голова")
    assert found(patient, garbage) in ([], ["Болит голова"])


def test_query_language_is_only_words(chat: Chat, patient: User) -> None:
    say(chat, patient, "Врач кардиолог принимает")
    say(chat, patient, "Врач терапевт принимает")
    assert found(patient, "врач-кардиолог*") == ["Врач кардиолог принимает"]
    assert found(patient, "кардиолог OR терапевт") == []


def test_nobody_finds_the_words_of_others(chat: Chat, patient: User, doctor: Doctor, stranger: User) -> None:
    say(chat, patient, "Болит голова")
    theirs = make_chat(stranger, make_doctor("Орлов Дмитрий"), days_left=1)
    say(theirs, stranger, "Голова болит сильно")
    assert found(patient, "голова") == ["Болит голова"]
    assert found(doctor.user, "голова") == ["Болит голова"]
    assert found(stranger, "голова") == ["Голова болит сильно"]
    assert found(make_user("Третий"), "голова") == []
    assert found(make_doctor("Вебер Людмила").user, "голова") == []


def test_numbers_of_people_are_no_words(chat: Chat, patient: User) -> None:
    """The index holds whose chat it is; that must not be found as text."""
    say(chat, patient, "Болит голова")
    assert found(patient, str(patient.id)) == []


def test_two_patients_of_one_doctor_stay_apart(chat: Chat, patient: User, stranger: User, doctor: Doctor) -> None:
    say(chat, patient, "Температура")
    say(make_chat(stranger, doctor, days_left=1), stranger, "Температура у соседа")
    assert found(patient, "температуры") == ["Температура"]
    assert sorted(found(doctor.user, "температуры")) == ["Температура", "Температура у соседа"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Пила амоксициллин пять дней", "амокси"),
        ("Пила амоксициллин пять дней", "пил амок"),
        ("Высокая температура", "температу"),
        ("Анализы готовы", "анализо"),
        ("Ёжик уколол палец", "ёжи"),
    ],
)
def test_beginnings_are_found(chat: Chat, patient: User, text: str, words: str) -> None:
    say(chat, patient, text)
    say(chat, patient, "Совсем о другом")
    assert found(patient, words) == [text]


def test_stem_is_no_beginning_and_neither_are_two_letters(chat: Chat, patient: User) -> None:
    say(chat, patient, "Больше ничего")
    say(chat, patient, "Болит голова")
    assert found(patient, "болит") == ["Болит голова"]
    assert found(patient, "бо") == []


def test_third_member_finds_what_was_said_before_and_since(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient, "Болит голова")
    relative = make_user("Ромашкина Анна")
    db.session.add(ChatMember(chat_id=chat.id, user_id=relative.id))
    db.session.commit()
    db.session.expire(chat, ["members"])
    say(chat, doctor.user, "Давно болит голова?")
    assert found(relative, "голова") == ["Давно болит голова?", "Болит голова"]
    assert found(patient, "голова") == found(doctor.user, "голова") == ["Давно болит голова?", "Болит голова"]
    db.session.delete(db.session.get_one(ChatMember, (chat.id, relative.id)))
    db.session.commit()
    assert found(relative, "голова") == []
    assert len(found(patient, "голова")) == 2


def test_within_one_chat(chat: Chat, patient: User) -> None:
    other = make_chat(patient, make_doctor("Орлов Дмитрий"), days_left=1)
    say(chat, patient, "Болит голова")
    say(other, patient, "Голова прошла")
    assert [one.text for one in Chat.search_messages(patient, "голова", within=chat)] == ["Болит голова"]


def people(user: User, words: str) -> list[str]:
    return [chat.other_than(user).name for chat in Chat.search_people(user, words)]


def test_people_are_found_by_name(chat: Chat, patient: User, doctor: Doctor, stranger: User) -> None:
    other = make_chat(patient, make_doctor("Орлов Дмитрий", specialty="Кардиолог"), days_left=1)
    say(chat, patient)
    say(other, patient)
    assert people(patient, "иван") == ["Иванова Елена Сергеевна"]
    assert people(patient, "кардиол") == ["Орлов Дмитрий"]
    assert people(doctor.user, patient.name.split()[0][:3].lower()) == [patient.name]
    assert people(doctor.user, patient.phone or "") == [patient.name]
    assert people(stranger, "иван") == people(patient, "  ") == people(patient, "…") == []


def test_deleted_message_leaves_its_number_to_another(chat: Chat, patient: User) -> None:
    """SQLite gives the last number again; the index must have let go of it."""
    for text in ("Болит голова", "Болит горло"):
        db.session.delete(say(chat, patient, text))
        db.session.commit()
        assert found(patient, "болит") == []
