"""A chat's time, its messages, and how far each of the two has read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from factories import later, make_chat, make_doctor, make_user, say

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import AccessMode, Chat, ChatMember, ChatState, Doctor, Message, User
from ibolit.services import clock

ID = "abcdef123456"


def reread(chat: Chat) -> Chat:
    db.session.expire_all()
    return db.session.get_one(Chat, chat.id)


# Time


@pytest.mark.parametrize(
    ("days_left", "state"),
    [
        (2, ChatState.OPEN),
        (1.001, ChatState.OPEN),
        (1, ChatState.LAST_DAY),
        (0.001, ChatState.LAST_DAY),
        (0, ChatState.OVER),
        (-1, ChatState.OVER),
    ],
)
def test_state_follows_the_time_left(chat: Chat, days_left: float, state: ChatState) -> None:
    now = clock.now()
    chat.open_until = now + timedelta(days=days_left)
    assert chat.state_at(now) is state
    chat.access = AccessMode.UNTIL
    assert chat.state_at(now) is state
    chat.access = AccessMode.UNLIMITED
    assert chat.state_at(now) is ChatState.UNLIMITED


def test_free_time_waits_for_the_patients_first_message(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor)
    assert chat.state is ChatState.NOT_BEGUN
    chat.post(doctor.user, "Здравствуйте, чем помочь?", ID)
    assert (chat.state, chat.open_until) == (ChatState.NOT_BEGUN, None)
    chat.post(patient, "Болит голова", ID)
    assert chat.state is ChatState.OPEN
    assert chat.open_until is not None
    assert timedelta() <= clock.now() + timedelta(days=3) - chat.open_until < timedelta(minutes=1)


def test_free_time_begins_once_and_ends(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor)
    chat.post(patient, "Болит голова", ID)
    db.session.commit()
    end = chat.open_until
    later(days=2, hours=1)
    chat.post(patient, "Уже меньше", "another-id-1")
    assert (chat.open_until, chat.state) == (end, ChatState.LAST_DAY)
    later(days=3, seconds=1)
    with pytest.raises(errors.ChatIsClosed):
        chat.post(patient, "А теперь?", "another-id-2")
    chat.post(doctor.user, "Я могу писать всегда", "another-id-3")


def test_changed_free_days_touch_only_new_chats(patient: User, stranger: User, doctor: Doctor) -> None:
    old = make_chat(patient, doctor)
    doctor.free_days = 10
    db.session.commit()
    new = make_chat(stranger, doctor)
    assert (reread(old).free_days, new.free_days) == (3, 10)


def test_without_free_days_the_patient_chooses_a_tariff_first(patient: User) -> None:
    doctor = make_doctor(free_days=0)
    chat = make_chat(patient, doctor)
    assert chat.state is ChatState.NEEDS_TARIFF
    with pytest.raises(errors.ChatNeedsTariff):
        chat.post(patient, "Можно вопрос?", ID)
    chat.post(doctor.user, "Можно", ID)
    assert chat.state is ChatState.NEEDS_TARIFF
    chat.prolong(30)
    assert chat.post(patient, "Можно вопрос?", ID).seq == 2


@pytest.mark.parametrize("days_left", [None, -5, 2])
def test_days_are_added_to_the_later_of_now_and_the_end(patient: User, doctor: Doctor, days_left: float | None) -> None:
    chat = make_chat(patient, doctor, days_left=days_left)
    revision = chat.revision
    chat.prolong(30)
    assert chat.access is AccessMode.UNTIL
    assert chat.open_until is not None
    expected = clock.now() + timedelta(days=30 + max(days_left or 0, 0))
    assert abs(chat.open_until - expected) < timedelta(minutes=1)
    assert chat.revision == revision + 1


def test_unlimited_chat_stays_unlimited(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, access=AccessMode.UNLIMITED)
    chat.prolong(30)
    assert chat.state is ChatState.UNLIMITED


def test_who_may_prolong(patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    assert chat.can_be_prolonged(doctor.tariffs)
    assert not chat.can_be_prolonged([])
    chat.access = AccessMode.UNLIMITED
    assert not chat.can_be_prolonged(doctor.tariffs)
    chat.access, doctor.hidden = AccessMode.FREE, True
    assert not chat.can_be_prolonged(doctor.tariffs)


# Beginning


def test_there_is_one_chat_of_the_two(patient: User, doctor: Doctor) -> None:
    assert Chat.begin(patient, doctor) == Chat.begin(patient, doctor)
    assert len(db.session.scalars(db.select(Chat)).all()) == 1
    assert len(db.session.scalars(db.select(ChatMember)).all()) == 2


@pytest.mark.parametrize("why", ["hidden", "sells nothing"])
def test_closed_doctor_gets_no_new_chat_and_keeps_the_old(patient: User, stranger: User, why: str) -> None:
    doctor = make_doctor()
    old = make_chat(patient, doctor)
    if why == "hidden":
        doctor.hidden = True
    else:
        doctor.tariffs[0].hidden = True
    db.session.commit()
    db.session.expire_all()
    assert Chat.begin(patient, doctor) == old.id
    with pytest.raises(errors.DoctorTakesNoMessages):
        Chat.begin(stranger, doctor)


# Messages


def test_repeated_message_is_one_message_even_after_the_end(chat: Chat, patient: User) -> None:
    first = chat.post(patient, "Болит голова", ID)
    db.session.commit()
    later(days=30)
    assert chat.post(patient, "Болит голова", ID) is first
    assert (chat.last_seq, chat.revision) == (1, 1)


def test_another_text_under_the_same_id_is_another_message_once(chat: Chat, patient: User) -> None:
    chat.post(patient, "Болит голова", ID)
    second = chat.post(patient, "И горло", ID)
    assert second.client_id != ID
    assert chat.post(patient, "И горло", ID) is second
    assert chat.post(patient, "Болит голова", ID).seq == 1
    assert chat.post(patient, "И ухо", ID).seq == 3
    assert chat.last_seq == 3


def test_both_may_use_the_same_id(chat: Chat, patient: User, doctor: Doctor) -> None:
    assert chat.post(patient, "Да", ID) is not chat.post(doctor.user, "Да", ID)


def test_last_line_is_short_and_of_one_line(chat: Chat, patient: User) -> None:
    chat.post(patient, "Болит\n\n  голова " + "и горло " * 100, ID)
    assert chat.last_text.startswith("Болит голова и горло")
    assert len(chat.last_text) == 120
    assert chat.last_author_id == patient.id


def test_pages_go_back_by_seq(chat: Chat, patient: User) -> None:
    for number in range(7):
        say(chat, patient, str(number))
    assert [one.text for one in Message.page_of(chat, most=3)] == ["4", "5", "6"]
    assert [one.text for one in Message.page_of(chat, before=5, most=3)] == ["1", "2", "3"]
    assert [one.text for one in Message.page_of(chat, before=1, most=3)] == []


def test_changes_come_in_the_order_they_happened(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient, "Первое")
    reread(chat).update_receipts(doctor.user, delivered_to=1, read_to=1)
    db.session.commit()
    say(chat, patient, "Второе")
    say(chat, doctor.user, "Третье")
    assert [one.revision for one in Message.changed_since(chat, 0, most=10)] == [1, 3, 4]
    assert [one.text for one in Message.changed_since(chat, 1, most=10)] == ["Второе", "Третье"]
    assert [one.text for one in Message.changed_since(chat, 1, most=1)] == ["Второе"]
    assert Message.changed_since(chat, 4, most=10) == []


def test_system_note_is_new_to_both(chat: Chat, patient: User, doctor: Doctor) -> None:
    note = chat.post_system_note("Врач продлил общение")
    db.session.commit()
    assert (note.author_id, note.seq) == (None, 1)
    assert [member.unread for member in reread(chat).members] == [1, 1]


# Receipts


def test_unread_counts_the_others_messages(chat: Chat, patient: User, doctor: Doctor) -> None:
    for text in ("Раз", "Два", "Три"):
        say(chat, patient, text)
    say(chat, doctor.user, "Ответ")
    chat = reread(chat)
    assert (chat.member(patient.id).unread, chat.member(doctor.user_id).unread) == (1, 3)
    chat.update_receipts(doctor.user, delivered_to=0, read_to=2)
    assert (chat.member(doctor.user_id).unread, chat.member(doctor.user_id).delivered_to) == (1, 2)


def test_receipts_never_go_back_nor_beyond_the_last(chat: Chat, patient: User, doctor: Doctor) -> None:
    for text in ("Раз", "Два", "Три"):
        say(chat, patient, text)
    chat = reread(chat)
    mine = chat.member(doctor.user_id)
    chat.update_receipts(doctor.user, delivered_to=99, read_to=2)
    assert (mine.delivered_to, mine.read_to, chat.revision) == (3, 2, 4)
    chat.update_receipts(doctor.user, delivered_to=1, read_to=1)
    chat.update_receipts(doctor.user, delivered_to=3, read_to=2)
    assert (mine.delivered_to, mine.read_to, chat.revision) == (3, 2, 4)
    chat.update_receipts(doctor.user, delivered_to=0, read_to=3)
    assert (mine.delivered_to, mine.read_to, mine.unread, chat.revision) == (3, 3, 0, 5)


def test_badge_counts_chats_with_something_new(patient: User, doctor: Doctor) -> None:
    busy, quiet = make_chat(patient, doctor, days_left=1), make_chat(patient, make_doctor("Орлов Дмитрий"), days_left=1)
    say(busy, doctor.user, "Раз")
    say(busy, doctor.user, "Два")
    say(quiet, patient, "Спасибо")
    assert ChatMember.unread_of(patient) == 1
    assert ChatMember.unread_of(doctor.user) == 0


# The inbox


def test_inbox_shows_begun_chats_of_ones_own_the_latest_first(patient: User, stranger: User, doctor: Doctor) -> None:
    others = [make_doctor(name) for name in ("Лебедев Михаил", "Орлов Дмитрий", "Вебер Людмила")]
    first, second, empty = (make_chat(patient, one, days_left=1) for one in others)
    foreign = make_chat(stranger, doctor, days_left=1)
    say(first, patient)
    say(foreign, stranger)
    say(second, patient)
    say(first, patient)
    ids = [chat.id for chat in Chat.inbox_of(patient)]
    assert ids == [first.id, second.id]
    assert empty.id not in ids


def test_inbox_pages_lose_none_that_are_as_old(patient: User) -> None:
    moment = clock.now()
    for number in range(7):
        chat = make_chat(patient, make_doctor(f"Врач {number}"), days_left=1)
        say(chat, patient)
        chat.last_at = moment
    db.session.commit()
    seen: list[int] = []
    before = None
    while page := Chat.inbox_of(patient, before, most=3):
        seen += [chat.id for chat in page]
        before = (page[-1].last_at or moment, page[-1].id)
    assert seen == sorted(set(seen), reverse=True)
    assert len(seen) == 7


def test_only_the_two_may_see_their_chat(chat: Chat, patient: User, stranger: User, doctor: Doctor) -> None:
    other_doctor = make_doctor("Орлов Дмитрий")
    who = (patient, doctor.user, stranger, other_doctor.user, make_user("Ещё один"))
    seen = [db.session.scalars(Chat.visible_to(user)).unique().all() for user in who]
    assert [len(chats) for chats in seen] == [1, 1, 0, 0, 0]
