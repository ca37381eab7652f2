"""Since when a chat waits for its doctor, what ends it, and the promise to answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from consultation_steps import StillClock
from factories import attach, make_chat, make_doctor, make_user, propose, say

from ibolit import errors
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    Chat,
    ChatMember,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Device,
    Doctor,
    InboxFilter,
    Job,
    JobKind,
    Notification,
    NotificationKind,
    PushSubscription,
    Role,
    User,
    Wait,
    WaitEnding,
)
from ibolit.models.chats.wait import LEAST_ANSWERS
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic")

NOON = datetime(2026, 3, 18, 9, tzinfo=UTC)  # a Wednesday, 12:00 in Moscow
still = StillClock(NOON)


@pytest.fixture(autouse=True)
def clock_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    still.show(NOON)
    monkeypatch.setattr(clock, "datetime", still)


def waits() -> list[tuple[str, int]]:
    """How each has ended, and after how many seconds."""
    return [(one.ending.value, one.seconds) for one in db.session.scalars(db.select(Wait).order_by(Wait.id))]


def test_it_waits_from_the_first_unanswered_message(chat: Chat, patient: User, doctor: Doctor) -> None:
    assert not chat.is_waiting
    say(chat, patient, "Болит голова")
    still.go(minutes=20)
    say(chat, patient, "Уже меньше")
    assert chat.waiting_since == NOON
    still.go(minutes=40)
    assert chat.waited == timedelta(hours=1)
    say(chat, doctor.user, "Хорошо")
    assert (chat.waiting_since, chat.waited, waits()) == (None, timedelta(), [("answered", 3600)])


def test_files_and_cards_of_the_doctor_answer(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient)
    say(chat, doctor.user, "", files=[attach(chat, doctor.user)])
    assert not chat.is_waiting
    say(chat, patient)
    propose(chat)
    assert not chat.is_waiting
    assert [ending for ending, _ in waits()] == ["answered", "answered"]


def test_request_of_the_patient_waits(chat: Chat, patient: User) -> None:
    ConsultationRequest.ask(chat, patient, ConsultationKind.VIDEO, "Вечером", "request-1")
    db.session.commit()
    assert chat.is_waiting


def test_automatic_words_answer_nothing(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient)
    still.go(minutes=5)
    chat.post_system_note("Чат продлён до 5 мая", by=doctor.user_id)
    chat.give_days(3, "gift-000001")
    db.session.commit()
    assert chat.waiting_since == NOON
    assert waits() == []


def test_relative_who_writes_waits_too_and_another_doctor_answers(chat: Chat, doctor: Doctor) -> None:
    relative = make_user("Ольга Соколова")
    colleague = make_doctor("Лебедев Иван Ильич")
    for member in (relative, colleague.user):
        db.session.add(ChatMember(chat_id=chat.id, user_id=member.id))
    db.session.commit()
    db.session.expire_all()
    say(chat, relative)
    assert chat.is_waiting
    say(chat, colleague.user, "Отвечаю за неё")
    assert not chat.is_waiting
    assert db.session.scalars(db.select(Wait.answered_by_id)).all() == [colleague.user_id]


def test_no_answer_needed(chat: Chat, patient: User) -> None:
    seen = say(chat, patient, "Спасибо!").seq
    still.go(hours=2)
    chat.dismiss(seen)
    chat.dismiss(seen)
    db.session.commit()
    assert (chat.is_waiting, chat.awaits_reply, waits()) == (False, False, [("dismissed", 7200)])


def test_what_was_not_seen_waits_on(chat: Chat, patient: User) -> None:
    seen = say(chat, patient, "Спасибо!").seq
    still.go(minutes=3)
    say(chat, patient, "Ой, ещё вопрос")
    chat.dismiss(seen)
    db.session.commit()
    assert chat.waiting_since == NOON + timedelta(minutes=3)


def test_recalled_words_wait_for_nothing(chat: Chat, patient: User) -> None:
    first = say(chat, patient, "Не туда").seq
    still.go(minutes=1)
    say(chat, patient, "Болит голова")
    chat.recall(patient, first)
    db.session.commit()
    assert chat.waiting_since == NOON + timedelta(minutes=1)
    assert waits() == []


def test_recalled_answer_is_none(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient)
    still.go(minutes=1)
    answer = say(chat, doctor.user, "Не тому пациенту")
    assert waits() == [("answered", 60)]
    chat.recall(doctor.user, answer.seq)
    db.session.commit()
    assert (chat.waiting_since, waits()) == (NOON, [])


def test_closed_with_a_word(chat: Chat, patient: User, doctor: Doctor) -> None:
    """What was bought stays; who writes opens it again."""
    seen, open_until = say(chat, patient, "Спасибо!").seq, chat.open_until
    chat.close(seen)
    db.session.commit()
    chat.close(seen)
    db.session.commit()
    assert chat.last_text == "Чат завершён"
    assert (chat.is_closed, chat.is_waiting, chat.open_until, chat.last_seq) == (True, False, open_until, seen + 1)
    assert chat.takes_messages_from(patient)
    chat.post_system_note("Чат продлён")
    assert chat.is_closed
    say(chat, patient, "Ещё вопрос")
    assert (chat.is_closed, chat.is_waiting) == (False, True)


def test_closing_what_was_not_read_is_refused(chat: Chat, patient: User) -> None:
    seen = say(chat, patient).seq
    say(chat, patient, "И ещё")
    with pytest.raises(errors.ChatHasNews):
        chat.close(seen)
    assert (chat.is_closed, chat.is_waiting) == (False, True)


def test_what_is_put_away_comes_back_with_a_message(chat: Chat, patient: User, doctor: Doctor) -> None:
    seen = say(chat, doctor.user, "Как вы?").seq
    chat.update_receipts(patient, delivered_to=seen, read_to=seen)
    for user in (patient, doctor.user):
        chat.archive(user, seen)
    db.session.commit()
    for user in (patient, doctor.user):
        assert Chat.inbox_of(user) == []
        assert [one.id for one in Chat.inbox_of(user, only=InboxFilter.ARCHIVED)] == [chat.id]
        assert Chat.numbers_of(user).archived == 1
    say(chat, patient, "Хорошо")
    for user in (patient, doctor.user):
        assert [one.id for one in Chat.inbox_of(user)] == [chat.id]
        assert Chat.numbers_of(user).archived == 0


def test_one_side_puts_away_for_itself(chat: Chat, patient: User, doctor: Doctor) -> None:
    seen = say(chat, doctor.user).seq
    chat.update_receipts(patient, delivered_to=seen, read_to=seen)
    chat.archive(patient, seen)
    db.session.commit()
    assert (Chat.inbox_of(patient), len(Chat.inbox_of(doctor.user))) == ([], 1)
    chat.unarchive(patient)
    db.session.commit()
    assert len(Chat.inbox_of(patient)) == 1


def test_nothing_unread_is_put_away_unseen(chat: Chat, patient: User, doctor: Doctor) -> None:
    seen = say(chat, doctor.user).seq
    say(chat, doctor.user, "И ещё")
    chat.archive(patient, seen)
    db.session.commit()
    assert len(Chat.inbox_of(patient)) == 1


def test_queue_has_the_longest_waiting_first(chat: Chat, patient: User, doctor: Doctor) -> None:
    others = [make_chat(make_user(f"Пациент {number}"), doctor) for number in range(3)]
    for number, other in enumerate(others):
        still.show(NOON - timedelta(hours=number))
        say(other, other.patient)
    still.show(NOON + timedelta(hours=1))
    say(others[2], others[2].patient, "Ещё жду")  # the last word is the newest, the wait the longest
    say(chat, doctor.user)
    queue = Chat.queue_of(doctor.user)
    assert [one.id for one in queue] == [one.id for one in reversed(others)]
    assert Chat.next_waiting(doctor.user) == others[2].id
    assert Chat.next_waiting(doctor.user, but=others[2].id) == others[1].id
    assert Chat.numbers_of(doctor.user).waiting == 3
    assert Chat.next_waiting(make_doctor("Другой Врач").user) is None


# The promise


def promise(doctor: Doctor, hours: int | None = 2) -> None:
    doctor.promise(hours, days=0b11111, start=9 * 60, end=18 * 60)
    doctor.user.timezone = "Europe/Moscow"
    db.session.commit()


def listen(user: User) -> None:
    device, _ = Device.register(user, "Safari")
    db.session.flush()
    PushSubscription.begin(device, f"https://fcm.googleapis.com/fcm/send/{user.id}", "key", "auth")
    db.session.commit()


def told(user: User) -> int:
    kind = Notification.kind == NotificationKind.PROMISE
    return len(db.session.scalars(db.select(Notification).where(Notification.user_id == user.id, kind)).all())


def look(chat: Chat) -> datetime | None:
    moment = db.session.get_one(Chat, chat.id).check_promise()
    db.session.commit()
    return moment


def due(chat: Chat) -> datetime:
    found = db.select(Job.due_at).where(Job.kind == JobKind.PROMISE, Job.subject_id == chat.id, Job.done_at.is_(None))
    return db.session.scalars(found.order_by(Job.id.desc())).first() or pytest.fail("nobody looks at it")


@pytest.mark.parametrize(
    ("asked", "until"),
    [
        ("2026-03-18 12:00", "2026-03-18 14:00"),  # a Wednesday
        ("2026-03-18 17:00", "2026-03-19 10:00"),
        ("2026-03-18 05:00", "2026-03-18 11:00"),
        ("2026-03-20 17:30", "2026-03-23 10:30"),  # over the weekend
        ("2026-03-21 12:00", "2026-03-23 11:00"),
        ("2026-03-18 16:00", "2026-03-18 18:00"),
    ],
)
def test_promise_runs_in_the_answering_hours(chat: Chat, patient: User, doctor: Doctor, asked: str, until: str) -> None:
    promise(doctor)
    moscow = timedelta(hours=3)
    still.show(datetime.fromisoformat(f"{asked}+00:00") - moscow)
    say(chat, patient)
    assert due(chat) == datetime.fromisoformat(f"{until}+00:00") - moscow


def test_past_the_promise_the_doctor_is_told_once(chat: Chat, patient: User, doctor: Doctor) -> None:
    promise(doctor)
    listen(doctor.user)
    say(chat, patient)
    still.go(minutes=119)
    assert look(chat) == NOON + timedelta(hours=2)
    assert (chat.is_promise_missed, told(doctor.user)) == (False, 0)
    still.go(minutes=2)
    assert look(chat) is None
    assert look(chat) is None
    assert (chat.is_promise_missed, told(doctor.user)) == (True, 1)
    say(chat, doctor.user, "Простите, операция")
    assert not chat.is_promise_missed
    assert db.session.scalars(db.select(Wait.is_missed)).all() == [True]
    still.go(minutes=1)
    say(chat, patient)
    still.go(hours=3)
    look(chat)
    assert told(doctor.user) == 2


def test_worker_looks_by_itself(chat: Chat, patient: User, doctor: Doctor) -> None:
    promise(doctor)
    say(chat, patient)
    still.go(hours=2, seconds=1)
    run_due()
    assert db.session.get_one(Chat, chat.id).is_promise_missed


def test_nobody_is_told_outside_the_answering_hours(chat: Chat, patient: User, doctor: Doctor) -> None:
    """A worker that slept until the night looks again in the morning."""
    promise(doctor)
    listen(doctor.user)
    say(chat, patient)
    still.show(NOON + timedelta(hours=9))
    assert look(chat) == datetime(2026, 3, 19, 6, tzinfo=UTC)
    assert told(doctor.user) == 0


def test_answer_in_time_keeps_the_promise(chat: Chat, patient: User, doctor: Doctor) -> None:
    promise(doctor)
    listen(doctor.user)
    say(chat, patient)
    still.go(hours=1)
    say(chat, doctor.user)
    still.go(hours=5)
    assert look(chat) is None
    assert (told(doctor.user), db.session.scalars(db.select(Wait.is_missed)).all()) == (0, [False])


def test_late_answer_counts_as_missed_though_nobody_looked(chat: Chat, patient: User, doctor: Doctor) -> None:
    promise(doctor)
    say(chat, patient)
    still.go(hours=3)
    say(chat, doctor.user)
    assert db.session.scalars(db.select(Wait.is_missed)).all() == [True]


def test_without_a_promise_nothing_is_due(chat: Chat, patient: User, doctor: Doctor) -> None:
    promise(doctor, None)
    say(chat, patient)
    assert db.session.scalars(db.select(Job).where(Job.kind == JobKind.PROMISE)).all() == []
    still.go(days=5)
    assert look(chat) is None


def test_later_promise_touches_nobody_who_waits(chat: Chat, patient: User, doctor: Doctor) -> None:
    promise(doctor, 4)
    say(chat, patient)
    promise(doctor, 2)
    still.go(hours=3)
    assert look(chat) == NOON + timedelta(hours=4)


def test_pause_moves_the_promise(chat: Chat, patient: User, doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time off from 13:00 to 16:00 of the same day."""
    promise(doctor)
    say(chat, patient)
    off = (NOON + timedelta(hours=1), NOON + timedelta(hours=4))
    monkeypatch.setattr(Doctor, "pauses_since", lambda _doctor, _moment: [off])
    still.go(hours=2)
    assert look(chat) == NOON + timedelta(hours=5)
    still.go(hours=3, seconds=1)
    assert look(chat) is None
    assert chat.is_promise_missed
    say(chat, doctor.user)
    assert db.session.scalars(db.select(Wait.seconds)).all() == [2 * 3600 + 1]


# The usual time


def answered(doctor: Doctor, hours: float, count: int = 1) -> None:
    chat = db.session.scalars(db.select(Chat).where(Chat.doctor_id == doctor.id)).first()
    assert chat is not None
    for _ in range(count):
        say(chat, chat.patient)
        still.go(hours=hours)
        say(chat, doctor.user)


def measured(doctor: Doctor) -> int | None:
    Wait.measure_all()
    db.session.commit()
    return doctor.usual_wait


@pytest.mark.usefixtures("chat")
def test_usual_time_is_the_median_of_ten_answers(doctor: Doctor) -> None:
    answered(doctor, 1, LEAST_ANSWERS - 1)
    assert measured(doctor) is None
    answered(doctor, 40)
    assert measured(doctor) == 3600
    answered(doctor, 3, LEAST_ANSWERS)
    assert measured(doctor) == 3 * 3600
    still.go(days=31)
    assert measured(doctor) is None


@pytest.mark.usefixtures("chat")
def test_sweep_measures(doctor: Doctor) -> None:
    answered(doctor, 1, LEAST_ANSWERS)
    Job.ensure(JobKind.SWEEP)
    db.session.commit()
    run_due()
    assert db.session.get_one(Doctor, doctor.id).usual_wait == 3600


def test_only_own_answers_are_measured(chat: Chat, patient: User, doctor: Doctor) -> None:
    """Neither what needed none nor what somebody else has answered."""
    answered(doctor, 1, LEAST_ANSWERS - 1)
    chat.dismiss(say(chat, patient).seq)
    colleague = make_user("Лебедев", Role.DOCTOR)
    db.session.add(ChatMember(chat_id=chat.id, user_id=colleague.id))
    db.session.commit()
    db.session.expire_all()
    say(chat, patient)
    say(chat, colleague)
    assert {one.ending for one in db.session.scalars(db.select(Wait))} == {WaitEnding.ANSWERED, WaitEnding.DISMISSED}
    assert measured(doctor) is None


def test_conclusion_answers(chat: Chat, patient: User, doctor: Doctor) -> None:
    say(chat, patient)
    card = chat.post_card(doctor.user, "Заключение готово", "conclusion-1")
    db.session.commit()
    assert (card.author_id, chat.is_waiting) == (doctor.user_id, False)
    assert db.session.scalars(db.select(Consultation)).all() == []
