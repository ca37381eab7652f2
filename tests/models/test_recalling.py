"""«Отозвать»: five minutes, while nobody has read it; of the words nothing stays."""

from __future__ import annotations

import pytest
from factories import attach, later, make_user, say

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, ChatMember, Doctor, Message, Notification, User

pytestmark = pytest.mark.usefixtures("clinic")


def recall(chat: Chat, author: User, seq: int) -> Message:
    message, _ = chat.recall(author, seq)
    db.session.commit()
    return message


def read(chat: Chat, reader: User) -> None:
    chat.update_receipts(reader, delivered_to=chat.last_seq, read_to=chat.last_seq)
    db.session.commit()


def test_words_are_gone_and_the_place_stays(chat: Chat, patient: User, doctor: Doctor) -> None:
    said = say(chat, patient, "Не тому врачу")
    before = said.revision
    message = recall(chat, patient, said.seq)
    assert (message.text, message.stems, message.preview) == ("", "", "Сообщение отозвано")
    assert message.is_recalled
    assert message.revision == chat.revision > before
    assert (chat.last_text, chat.awaits_reply) == ("Сообщение отозвано", False)
    assert chat.member(doctor.user_id).unread == 0
    assert Chat.search_messages(patient, "врачу") == Chat.search_messages(doctor.user, "врачу") == []


def test_other_messages_stay_unread_and_waited_for(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient, "Болит голова")
    recall(chat, patient, say(chat, patient, "Не туда").seq)
    assert (chat.member(doctor.user_id).unread, chat.awaits_reply) == (1, True)
    read(chat, doctor.user)
    assert chat.member(doctor.user_id).unread == 0


def test_files_go_with_it(chat: Chat, patient: User) -> None:
    picture = attach(chat, patient)
    said = say(chat, patient, "", files=[picture])
    message, files = chat.recall(patient, said.seq)
    db.session.commit()
    assert [one.id for one in files] == [picture.id]
    assert message.attachments == []
    assert picture.is_old  # neither shown nor sent again, and swept if nobody deletes it
    assert db.session.scalars(Chat.files_visible_to(patient)).all() == []


def test_what_is_read_stays(chat: Chat, patient: User, doctor: Doctor) -> None:
    said = say(chat, patient)
    read(chat, doctor.user)
    assert not chat.may_recall(patient, said)
    with pytest.raises(errors.MessageIsRead):
        chat.recall(patient, said.seq)


def test_one_reader_of_several_is_enough(chat: Chat, patient: User, doctor: Doctor) -> None:
    relative = make_user("Ромашкина Анна")
    db.session.add(ChatMember(chat_id=chat.id, user_id=relative.id))
    db.session.commit()
    db.session.expire(chat, ["members"])
    said = say(chat, patient)
    read(chat, relative)
    with pytest.raises(errors.MessageIsRead):
        chat.recall(patient, said.seq)


def test_after_five_minutes_it_stays(chat: Chat, patient: User) -> None:
    said = say(chat, patient)
    later(minutes=4, seconds=58)
    assert chat.may_recall(patient, said)
    later(minutes=5)
    assert not chat.may_recall(patient, said)
    with pytest.raises(errors.MessageIsOld):
        chat.recall(patient, said.seq)


def test_nobody_recalls_what_is_not_theirs(chat: Chat, patient: User, doctor: Doctor) -> None:
    said = say(chat, patient)
    note = chat.post_system_note("Чат продлён")
    for person, seq in ((doctor.user, said.seq), (patient, note.seq), (patient, 99)):
        assert seq == 99 or not chat.may_recall(person, said if seq == said.seq else note)
        with pytest.raises(errors.MessageIsGone):
            chat.recall(person, seq)


def test_recalled_twice_is_once(chat: Chat, patient: User) -> None:
    said = say(chat, patient)
    first = recall(chat, patient, said.seq).revision
    assert recall(chat, patient, said.seq).revision == first


def test_sending_repeated_after_it_is_the_same_message(chat: Chat, patient: User) -> None:
    """Its answer was lost; the phone sends once more what was recalled meanwhile on another."""
    said = chat.post(patient, "Не туда", "abcdef123456")
    db.session.commit()
    recall(chat, patient, said.seq)
    assert chat.post(patient, "Не туда", "abcdef123456") is said
    other = chat.post(patient, "Другое", "abcdef123456")
    assert (other.seq, other.text) == (said.seq + 1, "Другое")


def test_notification_that_waits_tells_of_nothing(chat: Chat, patient: User, doctor: Doctor) -> None:
    said = say(chat, patient)
    notification = db.session.scalars(db.select(Notification)).one()
    recall(chat, patient, said.seq)
    assert not notification.claim()


def test_quote_of_it_says_so(chat: Chat, patient: User) -> None:
    said = say(chat, patient, "Не туда")
    answer = chat.post(patient, "Простите", "abcdef123456", quoted_seq=said.seq)
    db.session.commit()
    before = answer.revision
    recall(chat, patient, said.seq)
    assert answer.revision > before
    shown = Message.page_of(chat)[-1]
    assert shown.quoted is not None
    assert shown.quoted.preview == "Сообщение отозвано"


# Quotes


def test_quote_is_known_by_its_place(chat: Chat, patient: User, doctor: Doctor) -> None:
    said = say(chat, doctor.user, "Какое давление?")
    answer = chat.post(patient, "120 на 80", "abcdef123456", quoted_seq=said.seq)
    assert answer.quoted is said
    assert chat.post(patient, "120 на 80", "abcdef123456", quoted_seq=said.seq) is answer
    assert chat.post(patient, "120 на 80", "abcdef123456").quoted_seq is None  # without it another message


@pytest.mark.parametrize("what", ["nothing", "a note", "another chat's"])
def test_what_cannot_be_quoted_is_refused(chat: Chat, patient: User, what: str) -> None:
    seq = chat.post_system_note("Чат продлён").seq if what == "a note" else 77
    db.session.commit()
    with pytest.raises(errors.QuoteIsUnknown):
        chat.post(patient, "Да", "abcdef123456", quoted_seq=seq)


def test_page_asks_once_for_all_that_it_quotes(chat: Chat, patient: User) -> None:
    old = [say(chat, patient, str(number)) for number in range(3)]
    for number, one in enumerate(old):
        chat.post(patient, "Да", f"abcdef-{number:06}", quoted_seq=one.seq)
    db.session.commit()
    page = Message.page_of(chat, most=3)
    assert [one.quoted and one.quoted.seq for one in page] == [1, 2, 3]
