"""A doctor who is away: what patients are answered, whom they let answer, and what that colleague reaches."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from audit_rules import check_audit_log
from browser import Browser
from consultation_steps import confirm, pay
from factories import attach, later, make_chat, make_doctor, make_user, outdate, propose, say
from flask import Flask
from matrix_world import store
from notified import told
from started_consultations import completed_consultation

from ibolit.extensions import db
from ibolit.jobs import notifications, run_due
from ibolit.models import (
    AbsenceTerms,
    AccessMode,
    AuditAction,
    AuditReason,
    Chat,
    ChatMember,
    Conclusion,
    Consultation,
    ConsultationState,
    Doctor,
    Job,
    JobKind,
    Message,
    Notification,
    NotificationKind,
    PatientNote,
    Payment,
    StandInChoice,
    StandInOffer,
    TimeOff,
    User,
)
from ibolit.models.people import consent
from ibolit.services import Services, clock

WEEK = timedelta(days=7)


@pytest.fixture
def colleague(clinic: Flask) -> Doctor:
    return make_doctor("Лебедев Михаил Аркадьевич", specialty="Кардиолог")


@pytest.fixture
def as_colleague(clinic: Flask, colleague: Doctor) -> Browser:
    return Browser(clinic, colleague.user)


@pytest.fixture
def away(doctor: Doctor, colleague: Doctor) -> TimeOff:
    """Since an hour, for a week."""
    return be_away(doctor, stand_in=colleague)


def be_away(
    doctor: Doctor, *, since: timedelta = -timedelta(hours=1), lasts: timedelta = WEEK, stand_in: Doctor | None = None,
    words: str = "",
) -> TimeOff:  # fmt: skip
    begins = clock.now() + since
    time_off = TimeOff.add(doctor, AbsenceTerms(begins, begins + lasts, stand_in.id if stand_in else None, words))
    db.session.commit()
    return time_off


def write(browser: Browser, chat: Chat, text: str = "Болит голова", client_id: str = "abcdef123456"):  # type: ignore[no-untyped-def]
    return browser.post(f"/chats/{chat.id}/messages", {"text": text, "client_id": client_id}, htmx=True)


def offer_in(chat: Chat) -> StandInOffer:
    """The last one."""
    found = db.select(StandInOffer).where(StandInOffer.chat_id == chat.id).order_by(StandInOffer.id.desc())
    return db.session.scalars(found).first() or pytest.fail("nothing was offered")


def choose(browser: Browser, chat: Chat, choice: str = "stand_in", **how: bool):  # type: ignore[no-untyped-def]
    return browser.post(f"/stand-in-offers/{offer_in(chat).id}/choice", {"choice": choice}, **how)


def words_in(chat: Chat) -> list[str]:
    return list(db.session.scalars(db.select(Message.text).where(Message.chat_id == chat.id).order_by(Message.seq)))


@pytest.fixture
def opened(as_patient: Browser, chat: Chat, away: TimeOff) -> Chat:
    """The patient has written, and lets the colleague answer."""
    write(as_patient, chat)
    assert choose(as_patient, chat).status_code == 303
    db.session.expire_all()
    return db.session.get_one(Chat, chat.id)


# The automatic answer


def test_who_writes_is_told_until_when_and_who_stands_in(as_patient: Browser, chat: Chat, away: TimeOff) -> None:
    write(as_patient, chat)
    page = as_patient.get(f"/chats/{chat.id}").text
    assert re.search(r"Врача не будет по \d+ \w+ включительно. Замещает Лебедев Михаил Аркадьевич, кардиолог.", page)
    assert "Пусть ответит Лебедев" in page
    assert "Подождать Иванову" in page


def test_doctors_own_words_follow(as_patient: Browser, chat: Chat, doctor: Doctor) -> None:
    be_away(doctor, words="Срочное – в регистратуру.")
    write(as_patient, chat)
    assert words_in(chat)[-1].endswith("включительно. Срочное – в регистратуру.")
    page = as_patient.get(f"/chats/{chat.id}").text
    assert "Пусть ответит" not in page, "there is nobody"
    assert "Подождать Иванову" in page


def test_it_is_said_once(as_patient: Browser, chat: Chat, away: TimeOff) -> None:
    for number in range(3):
        write(as_patient, chat, f"Слово {number}", f"abcdef12345{number}")
    assert [text.startswith("Врача не будет") for text in words_in(chat)] == [False, True, False, False]


def test_automatic_words_answer_nothing(as_patient: Browser, chat: Chat, away: TimeOff, doctor: Doctor) -> None:
    write(as_patient, chat)
    now = db.session.get_one(Chat, chat.id)
    assert now.is_waiting
    assert now.member(doctor.user_id).unread == 1, "of the patient's words alone"


@pytest.mark.parametrize("since", [timedelta(days=1), -timedelta(days=9)])
def test_before_and_after_nothing_is_said(
    as_patient: Browser, chat: Chat, doctor: Doctor, colleague: Doctor, since: timedelta
) -> None:
    later(days=10)
    begins = clock.now() + since
    off = TimeOff(doctor_id=doctor.id, starts_at=begins, ends_at=begins + WEEK, stand_in_id=colleague.id, words="")
    db.session.add(off)
    doctor.away_from, doctor.away_until = off.starts_at, off.ends_at
    chat.open_until = clock.now() + WEEK
    db.session.commit()
    assert write(as_patient, chat).status_code == 200
    assert words_in(chat) == ["Болит голова"]


def test_doctor_and_colleague_are_answered_nothing(as_doctor: Browser, chat: Chat, away: TimeOff) -> None:
    write(as_doctor, chat, "Пишу из отпуска")
    assert words_in(chat) == ["Пишу из отпуска"]


def test_another_stand_in_is_offered_anew(as_patient: Browser, opened: Chat, away: TimeOff, colleague: Doctor) -> None:
    third = make_doctor("Орлов Дмитрий Викторович")
    kept = TimeOff.locked(away.doctor, away.id)
    assert kept is not None
    kept.change(AbsenceTerms(kept.starts_at, kept.ends_at, third.id))
    db.session.commit()
    assert not db.session.get_one(Chat, opened.id).member(colleague.user_id).is_here
    write(as_patient, opened, "Вы здесь?", "abcdef123457")
    assert "Замещает Орлов" in words_in(opened)[-1]
    assert "Пусть ответит Орлов" in as_patient.get(f"/chats/{opened.id}").text


@pytest.mark.parametrize("how", ["hidden", "away"])
def test_who_cannot_stand_in_is_not_offered(
    as_patient: Browser, chat: Chat, away: TimeOff, colleague: Doctor, how: str
) -> None:
    write(as_patient, chat)
    colleague = db.session.get_one(Doctor, colleague.id)
    if how == "hidden":
        colleague.hidden = True
        db.session.commit()
    else:
        be_away(colleague)
    answer = choose(as_patient, chat, htmx=True)
    assert answer.status_code == 409
    assert "сейчас тоже отсутствует" in answer.text
    assert "Пусть ответит" not in as_patient.get(f"/chats/{chat.id}").text


# The choice


def test_chosen_chat_opens_to_the_colleague(
    as_colleague: Browser, as_patient: Browser, opened: Chat, colleague: Doctor
) -> None:
    page = as_colleague.get(f"/chats/{opened.id}").text
    assert "Болит голова" in page
    assert "Иванова" in page
    listed = as_colleague.get("/messages").text
    assert "Соколова" in listed
    assert "Вы замещаете" in listed
    assert write(as_colleague, opened, "Здравствуйте, отвечаю за коллегу").status_code == 200
    patient_page = as_patient.get(f"/chats/{opened.id}").text
    assert "Лебедев Михаил" in patient_page
    assert "отвечаю за коллегу" in patient_page
    assert not db.session.get_one(Chat, opened.id).is_waiting, "a colleague's word is an answer"
    assert told(colleague.user) == ["stand_in"]


def test_each_of_three_reads_who_writes(
    as_patient: Browser, as_doctor: Browser, as_colleague: Browser, opened: Chat, doctor: Doctor, colleague: Doctor
) -> None:
    """With whom one talks stands in the head; whoever else writes stands over the words."""
    say(opened, doctor.user, "До встречи")
    say(opened, colleague.user, "Пришлите фото")
    shown = [
        re.findall(r'class="message__author" aria-hidden="true">([^<]+)<', browser.get(f"/chats/{opened.id}").text)
        for browser in (as_patient, as_doctor, as_colleague)
    ]
    assert shown == [[colleague.user.name], [colleague.user.name], [doctor.user.name]]


def test_nobody_but_the_patient_chooses(
    clinic: Flask, as_patient: Browser, as_doctor: Browser, as_colleague: Browser, as_stranger: Browser,
    chat: Chat, away: TimeOff,
) -> None:  # fmt: skip
    write(as_patient, chat)
    for browser in (as_doctor, as_colleague, as_stranger):
        assert choose(browser, chat).status_code == 404
    assert offer_in(chat).choice is None
    assert as_patient.post(f"/stand-in-offers/{offer_in(chat).id}/choice", {"choice": "everybody"}).status_code == 400


def test_only_the_chosen_chat_opens(
    as_colleague: Browser, opened: Chat, doctor: Doctor, stranger: User, as_stranger: Browser
) -> None:
    other = make_chat(stranger, doctor, days_left=3)
    write(as_stranger, other, "Чужая тайна")
    assert as_colleague.get(f"/chats/{other.id}").status_code == 404
    assert "Чужая тайна" not in as_colleague.get("/messages").text
    assert "Чужая тайна" not in as_colleague.post("/messages/search", {"q": "тайна"}).text
    assert "Болит голова" in as_colleague.post("/messages/search", {"q": "голова"}).text


def test_who_would_rather_wait_lets_nobody_in(
    as_patient: Browser, as_colleague: Browser, chat: Chat, away: TimeOff
) -> None:
    write(as_patient, chat)
    answer = choose(as_patient, chat, "wait", htmx=True)
    assert answer.status_code == 200
    assert "Вы ждёте своего врача" in re.sub(r"\s+", " ", answer.text)
    assert as_colleague.get(f"/chats/{chat.id}").status_code == 404


def test_patient_may_think_better_of_it(as_patient: Browser, as_colleague: Browser, opened: Chat) -> None:
    choose(as_patient, opened, "wait")
    assert as_colleague.get(f"/chats/{opened.id}").status_code == 404
    assert write(as_colleague, opened).status_code == 404
    assert "Соколова" not in as_colleague.get("/messages").text
    assert "больше не видит эту переписку" in words_in(opened)[-1]
    choose(as_patient, opened)
    assert as_colleague.get(f"/chats/{opened.id}").status_code == 200


def test_chosen_twice_is_chosen_once(as_patient: Browser, opened: Chat, colleague: Doctor) -> None:
    before = words_in(opened)
    assert choose(as_patient, opened).status_code == 303
    assert words_in(opened) == before
    assert told(colleague.user) == ["stand_in"]


def test_old_consent_keeps_the_chat_shut(
    as_patient: Browser, as_colleague: Browser, chat: Chat, patient: User, away: TimeOff
) -> None:
    """Of who has not accepted the text that names the stand-in; it is not asked of them yet."""
    patient.accepted_versions = "offer:2026-11 personal_data:2026-11"
    db.session.commit()
    write(as_patient, chat)
    page = as_patient.get(f"/chats/{chat.id}").text
    assert "Пусть ответит" not in page
    assert "Прочитать и принять" in page
    answer = choose(as_patient, chat, htmx=True)
    assert answer.status_code == 409
    assert "Сначала примите новое согласие" in answer.text
    assert as_colleague.get(f"/chats/{chat.id}").status_code == 404
    as_patient.post("/consent", {"offer": "y", "personal_data": "y"})
    assert choose(as_patient, chat).status_code == 303
    assert as_colleague.get(f"/chats/{chat.id}").status_code == 200


def test_consent_names_the_stand_in(as_patient: Browser) -> None:
    assert "который замещает моего" in as_patient.get("/documents/personal-data").text
    assert consent.STAND_IN_SINCE in consent.current_versions()


def test_choice_that_comes_too_late_is_told_so(as_patient: Browser, chat: Chat, away: TimeOff) -> None:
    write(as_patient, chat)
    later(days=8)
    answer = choose(as_patient, chat, htmx=True)
    assert answer.status_code == 409
    assert "выбор уже не нужен" in answer.text
    page = choose(as_patient, chat)
    assert page.status_code == 409
    assert "Болит голова" in page.text


# What the colleague does not reach

SHUT = [
    ("GET", "/chats/{chat}/consultations/new"),
    ("POST", "/chats/{chat}/consultations"),
    ("GET", "/chats/{chat}/consultations/hint"),
    ("POST", "/chats/{chat}/consultation-requests"),
    ("GET", "/chats/{chat}/tariffs"),
    ("GET", "/patients/{patient}"),
    ("POST", "/patients/{patient}/note"),
    ("POST", "/patients/{patient}/days"),
    ("GET", "/patients/{patient}/consultations"),
    ("GET", "/consultations/{ahead}"),
    ("POST", "/consultations/{ahead}/cancellation"),
    ("POST", "/consultations/{ahead}/time"),
    ("POST", "/consultations/{ahead}/readiness"),
    ("POST", "/consultations/{ahead}/handover"),
    ("GET", "/consultations/{ahead}/call"),
    ("GET", "/consultations/{done}/conclusion"),
    ("GET", "/consultations/{done}/conclusion.pdf"),
    ("GET", "/consultations/{done}/conclusion/new"),
    ("POST", "/consultations/{done}/conclusion/new"),
    ("POST", "/consultations/{done}/conclusion/draft"),
    ("POST", "/consultations/{done}/end"),
]


@pytest.fixture
def places(opened: Chat, doctor: Doctor) -> dict[str, int]:
    done = completed_consultation(opened)
    Conclusion.give(done, "Всё хорошо", "conclusion-1", seen=0)
    ahead = confirm(propose(opened, starts_at=clock.now() + timedelta(days=2)))
    PatientNote.keep(opened, "Тайная заметка", "pen", seen=0)
    db.session.commit()
    return {"chat": opened.id, "patient": opened.patient_id, "done": done.id, "ahead": ahead.id}


@pytest.mark.parametrize(("method", "path"), SHUT)
def test_colleague_sells_agrees_and_concludes_nothing(
    as_colleague: Browser, places: dict[str, int], method: str, path: str
) -> None:
    answer = as_colleague.open(path.format(**places), method=method, headers={"X-CSRFToken": as_colleague.token()})
    assert answer.status_code == 404


def test_payment_is_nothing_for_a_doctor(as_colleague: Browser, opened: Chat) -> None:
    assert as_colleague.post(f"/chats/{opened.id}/payments", {}).status_code == 403


def test_chat_offers_the_colleague_nothing_that_is_shut(as_colleague: Browser, places: dict[str, int]) -> None:
    """No dead button, no link to a page that is not there, and no private note."""
    page = as_colleague.get(f"/chats/{places['chat']}").text
    main = page[page.index('<main class="chat"') :]
    for way in re.findall(r'(?:href|action|hx-get|hx-post)="(/[^"#?]*)', main):
        is_form = f'action="{way}"' in main
        answer = as_colleague.get(way)
        assert answer.status_code == 200 or (is_form and answer.status_code in (303, 404, 405)), way
        assert not way.startswith(("/consultations/", "/patients/")), way
    assert "Тайная заметка" not in page
    assert "Заключение готово" in main
    assert "Вставить шаблон" in main


def test_files_go_both_ways(as_colleague: Browser, as_patient: Browser, opened: Chat, patient: User) -> None:
    photo = attach(opened, patient)
    store(photo)
    say(opened, patient, "Вот снимок", files=[photo])
    assert as_colleague.get(f"/files/{photo.id}/shown").status_code == 200
    assert as_colleague.get(f"/chats/{opened.id}/files").status_code == 200
    rows = [row for row in check_audit_log() if row.action in (AuditAction.FILE_READ, AuditAction.FILES_LISTED)]
    assert {(row.patient_id, row.reason) for row in rows} == {(patient.id, AuditReason.STAND_IN)}
    later(days=8)
    for path in (
        f"/files/{photo.id}/shown",
        f"/files/{photo.id}",
        f"/files/{photo.id}/view",
        f"/chats/{opened.id}/files",
    ):
        assert as_colleague.get(path).status_code == 404


def test_audit_log_says_that_a_colleague_looked(as_colleague: Browser, opened: Chat, colleague: Doctor) -> None:
    as_colleague.get(f"/chats/{opened.id}")
    row = [row for row in check_audit_log() if row.action is AuditAction.CHAT_READ][-1]
    assert (row.actor_id, row.patient_id, row.reason) == (colleague.user_id, opened.patient_id, AuditReason.STAND_IN)


def test_choice_is_a_line_of_the_audit_log(opened: Chat, patient: User) -> None:
    [row] = [row for row in check_audit_log() if row.action is AuditAction.STAND_IN_CHOSEN]
    assert (row.actor_id, row.subject_id, row.patient_id) == (patient.id, opened.id, patient.id)


# Who hears

Heard = Callable[[], tuple[str, str, str]]


@pytest.fixture
def heard(services: Services, patient: User, doctor: Doctor, colleague: Doctor):  # type: ignore[no-untyped-def]
    queues = [services.realtime.open(user.id, 0) for user in (patient, doctor.user, colleague.user)]
    yield lambda: tuple("\n".join(iter(queue.take, None)) for queue in queues)
    for queue in queues:
        services.realtime.close(queue)


def test_open_screen_of_the_colleague_hears_from_the_choice_to_the_return(
    as_patient: Browser, as_doctor: Browser, chat: Chat, away: TimeOff, heard: Heard
) -> None:
    write(as_patient, chat)
    assert heard()[2] == ""
    choose(as_patient, chat)
    assert "Соколова" in heard()[2], "its row comes into the colleague's list"
    write(as_patient, chat, "Ещё вопрос", "abcdef123457")
    assert "Ещё вопрос" in heard()[2]
    later(days=8)
    db.session.get_one(Chat, chat.id).open_until = clock.now() + WEEK
    db.session.commit()
    write(as_patient, chat, "Вы вернулись?", "abcdef123458")
    _, doctor, colleague = heard()
    assert "Вы вернулись?" in doctor
    assert "Вы вернулись?" not in colleague


def test_colleague_who_is_away_is_notified_of_messages(as_patient: Browser, opened: Chat, colleague: Doctor) -> None:
    write(as_patient, opened, "Ещё вопрос", "abcdef123457")
    assert told(colleague.user) == ["stand_in", "message"]


def test_what_waits_to_be_sent_is_no_news_after_the_return(
    as_patient: Browser, opened: Chat, colleague: Doctor
) -> None:
    write(as_patient, opened, "Ещё вопрос", "abcdef123457")
    later(days=8)
    for one in db.session.scalars(db.select(Notification).where(Notification.user_id == colleague.user_id)):
        assert one.is_stale
    assert ChatMember.unread_of(colleague.user) == 0
    assert Chat.numbers_of(colleague.user).unread == 0


def test_consultations_are_told_to_their_sides_alone(opened: Chat, colleague: Doctor) -> None:
    confirm(propose(opened))
    assert told(colleague.user) == ["stand_in"]


def test_push_names_nobody_and_leads_to_the_chat(opened: Chat, colleague: Doctor) -> None:
    one = db.session.scalars(db.select(Notification).where(Notification.kind == NotificationKind.STAND_IN)).one()
    assert one.user_id == colleague.user_id
    assert notifications.address_of(one) == ("chat.show", {"id": opened.id})


def test_messages_of_the_absence_wait_for_the_doctors_return(
    as_patient: Browser, chat: Chat, away: TimeOff, doctor: Doctor
) -> None:
    write(as_patient, chat)
    one = db.session.scalars(db.select(Notification).where(Notification.user_id == doctor.user_id)).one()
    assert one.rests_until() == away.ends_at


# The return


def test_return_is_told_once_and_shuts_the_chat(as_patient: Browser, as_colleague: Browser, opened: Chat) -> None:
    write(as_colleague, opened, "Пейте воду", "abcdef123457")
    later(days=7)
    assert as_colleague.get(f"/chats/{opened.id}").status_code == 404, "to the minute, whatever the worker does"
    for _ in range(2):
        db.session.add(Job(kind=JobKind.TIME_OFF, subject_id=offer_in(opened).time_off_id))
        db.session.commit()
        run_due()
    said = words_in(opened)
    assert said[-1] == "Врач снова отвечает. Лебедев Михаил Аркадьевич эту переписку больше не видит."
    assert said.count(said[-1]) == 1
    page = as_patient.get(f"/chats/{opened.id}").text
    assert "Пусть ответит" not in page
    assert "Лебедев Михаил" in page, "what was said keeps its name"


def test_ended_early_the_chat_is_shut_at_once(
    as_doctor: Browser, as_colleague: Browser, opened: Chat, away: TimeOff
) -> None:
    answer = as_doctor.post(f"/practice/time-off/{away.id}/end", {}, htmx=True)
    assert "Отсутствие закончено" in answer.text
    assert as_colleague.get(f"/chats/{opened.id}").status_code == 404
    assert write(as_colleague, opened).status_code == 404
    run_due()
    assert words_in(opened)[-1].startswith("Врач снова отвечает.")


def test_moved_return_moves_the_place(opened: Chat, away: TimeOff, colleague: Doctor) -> None:
    for days in (14, 3):
        kept = TimeOff.locked(away.doctor, away.id)
        assert kept is not None
        ends = kept.starts_at + timedelta(days=days)
        kept.change(AbsenceTerms(kept.starts_at, ends, colleague.id))
        db.session.commit()
        assert db.session.get_one(Chat, opened.id).member(colleague.user_id).until == ends


# Days are not lost


def end_of(chat: Chat) -> datetime:
    return db.session.get_one(Chat, chat.id, populate_existing=True).open_until or pytest.fail("it has no end")


def test_days_without_a_stand_in_are_added_once(chat: Chat, doctor: Doctor) -> None:
    before = end_of(chat)
    be_away(doctor)
    run_due()
    assert end_of(chat) == before + WEEK
    assert "Врач в отъезде, поэтому чат открыт на 7\N{NO-BREAK SPACE}дней дольше: до" in words_in(chat)[-1]
    db.session.add(Job(kind=JobKind.TIME_OFF, subject_id=1))
    db.session.commit()
    run_due()
    assert end_of(chat) == before + WEEK


def test_longer_absence_adds_the_difference(chat: Chat, doctor: Doctor) -> None:
    before, off = end_of(chat), be_away(doctor)
    run_due()
    kept = TimeOff.locked(doctor, off.id)
    assert kept is not None
    kept.change(AbsenceTerms(kept.starts_at, kept.starts_at + timedelta(days=10), None))
    db.session.commit()
    run_due()
    assert end_of(chat) == before + timedelta(days=10)


def test_automatic_answers_count_for_no_days(as_patient: Browser, opened: Chat, away: TimeOff) -> None:
    """Nobody stands in any more, and the patient hears of it before the days come."""
    before, kept = end_of(opened), TimeOff.locked(away.doctor, away.id)
    assert kept is not None
    kept.change(AbsenceTerms(kept.starts_at, kept.ends_at, None))
    db.session.commit()
    write(as_patient, opened, "Вы здесь?", "abcdef123457")
    assert offer_in(opened).stand_in_id is None
    run_due()
    assert end_of(opened) == before + WEEK


def test_nothing_is_added_where_somebody_stands_in_or_for_hours(chat: Chat, doctor: Doctor, away: TimeOff) -> None:
    before = end_of(chat)
    run_due()
    assert end_of(chat) == before


def test_absence_of_hours_adds_nothing(chat: Chat, doctor: Doctor) -> None:
    before = end_of(chat)
    be_away(doctor, lasts=timedelta(hours=23))
    run_due()
    assert end_of(chat) == before


@pytest.mark.parametrize("kind", ["over", "unlimited", "not begun"])
def test_chat_that_is_not_open_gets_nothing(doctor: Doctor, patient: User, kind: str) -> None:
    chat = make_chat(patient, doctor, days_left=-1 if kind == "over" else 3)
    if kind == "unlimited":
        chat.access = AccessMode.UNLIMITED
    if kind == "not begun":
        chat.open_until = None
    db.session.commit()
    before = chat.open_until
    be_away(doctor)
    run_due()
    assert db.session.get_one(Chat, chat.id, populate_existing=True).open_until == before
    assert words_in(chat) == []


def test_days_come_when_the_absence_begins(chat: Chat, doctor: Doctor) -> None:
    before = end_of(chat)
    be_away(doctor, since=timedelta(days=1))
    run_due()
    assert end_of(chat) == before
    later(days=1, minutes=1)
    run_due()
    assert end_of(chat) == before + WEEK


# The doctor's page


def days(browser: Browser, first: int, last: int, stand_in: int = 0, prefix: str = "new-", **more: str):  # type: ignore[no-untyped-def]
    today = clock.now().astimezone(clock.now().tzinfo).date()
    sent = {
        f"{prefix}first_day": (today + timedelta(days=first)).isoformat(),
        f"{prefix}last_day": (today + timedelta(days=last)).isoformat(),
        f"{prefix}stand_in": str(stand_in),
        f"{prefix}words": "",
    }
    return sent | {f"{prefix}{name}": value for name, value in more.items()}


def test_doctor_sets_changes_and_takes_back(as_doctor: Browser, doctor: Doctor, colleague: Doctor) -> None:
    answer = as_doctor.post("/practice/time-off", days(as_doctor, 2, 5, colleague.id), htmx=True)
    assert "Отсутствие задано" in answer.text
    [off] = TimeOff.unended_of(doctor)
    assert (off.days, off.stand_in_id) == (4, colleague.id)
    assert "замещает Лебедев" in re.sub(r"\s+", " ", as_doctor.get("/practice").text)
    changed = days(as_doctor, 2, 6, 0, prefix=f"away-{off.id}-", words="До встречи")
    assert "Сохранено" in as_doctor.post(f"/practice/time-off/{off.id}", changed, htmx=True).text
    db.session.expire_all()
    [off] = TimeOff.unended_of(doctor)
    assert (off.days, off.stand_in_id, off.words) == (5, None, "До встречи")
    assert "Отсутствие отменено" in as_doctor.post(f"/practice/time-off/{off.id}/end", {}, htmx=True).text
    db.session.expire_all()
    assert (TimeOff.unended_of(doctor), doctor.away_until) == ([], None)
    actions = [row.action for row in check_audit_log()]
    assert actions == [AuditAction.TIME_OFF_CHANGED] * 3


def test_two_windows_do_not_overwrite_each_other(as_doctor: Browser, doctor: Doctor, colleague: Doctor) -> None:
    off = be_away(doctor, since=timedelta(days=2), stand_in=colleague)
    prefix, to = f"away-{off.id}-", f"/practice/time-off/{off.id}"
    page = as_doctor.get("/practice/time-off").text
    seen = re.search(rf'name="{prefix}expected" value="([^"]*)"', page)
    assert seen is not None
    expected = html.unescape(seen[1])
    first = days(as_doctor, 3, 9, colleague.id, prefix=prefix, words="Буду на связи", expected=expected)
    assert "Сохранено" in as_doctor.post(to, first, htmx=True).text
    second = days(as_doctor, 4, 8, 0, prefix=prefix, words="До встречи", expected=expected)
    refused = as_doctor.post(to, second, htmx=True)
    assert refused.status_code == 409
    assert "Буду на связи" in refused.text  # what is kept now
    assert "До встречи" in refused.text  # what was typed
    db.session.expire_all()
    [kept] = TimeOff.unended_of(doctor)
    assert (kept.words, kept.stand_in_id) == ("Буду на связи", colleague.id)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (-1, 3, "Этот день уже прошёл"),
        (3, 2, "не раньше первого"),
        (1, 400, "длиннее года"),
        (4, 9, "уже задано"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    as_doctor: Browser, doctor: Doctor, first: int, last: int, sentence: str
) -> None:
    be_away(doctor, since=timedelta(days=5))
    answer = as_doctor.post("/practice/time-off", days(as_doctor, first, last, words="Останусь на связи"), htmx=True)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Останусь на связи" in answer.text, "what was typed stays"
    assert len(TimeOff.unended_of(doctor)) == 1


def test_days_that_are_none_are_refused(as_doctor: Browser) -> None:
    for first, sentence in (
        ("31.02.2027", "Такой даты нет"),
        ("завтра", "Введите дату так"),
        ("", "Выберите первый день"),
    ):
        answer = as_doctor.post("/practice/time-off", days(as_doctor, 1, 2, first_day=first), htmx=True)
        assert (answer.status_code, sentence in answer.text) == (422, True)


@pytest.mark.parametrize("who", ["oneself", "hidden", "away", "nobody"])
def test_stand_in_must_be_there(as_doctor: Browser, doctor: Doctor, colleague: Doctor, who: str) -> None:
    if who == "hidden":
        colleague.hidden = True
        db.session.commit()
    if who == "away":
        be_away(colleague, since=timedelta(days=3))
    chosen = {"oneself": doctor.id, "nobody": 10**6}.get(who, colleague.id)
    answer = as_doctor.post("/practice/time-off", days(as_doctor, 2, 5, chosen), htmx=True)
    assert answer.status_code == 422
    assert ("тоже не будет" if who == "away" else "выбрать нельзя") in answer.text
    assert TimeOff.unended_of(doctor) == []


def test_what_is_over_or_anothers_is_not_changed(
    as_doctor: Browser, as_colleague: Browser, away: TimeOff, colleague: Doctor
) -> None:
    sent = days(as_doctor, 0, 3, prefix=f"away-{away.id}-")
    assert as_colleague.post(f"/practice/time-off/{away.id}", sent).status_code == 404
    assert as_colleague.post(f"/practice/time-off/{away.id}/end", {}).status_code == 404
    later(days=8)
    answer = as_doctor.post(
        f"/practice/time-off/{away.id}", days(as_doctor, 0, 3, prefix=f"away-{away.id}-"), htmx=True
    )
    assert answer.status_code == 409
    assert as_doctor.post(f"/practice/time-off/{away.id}/end", {}).status_code == 303


def test_consultations_that_it_meets_are_listed(as_doctor: Browser, chat: Chat, patient: User) -> None:
    met = confirm(propose(chat, starts_at=clock.now() + timedelta(days=3)))
    outside = confirm(
        propose(make_chat(make_user("Орлова Вера"), met.doctor), starts_at=clock.now() + timedelta(days=20))
    )
    text = as_doctor.post("/practice/time-off", days(as_doctor, 2, 5), htmx=True).text
    assert "В эти дни 1\N{NO-BREAK SPACE}консультация." in text
    assert f"/consultations/{met.id}" in text
    assert f"/consultations/{outside.id}" not in text


def test_what_it_meets_is_moved_or_cancelled_from_there(as_doctor: Browser, chat: Chat) -> None:
    """Until then it stands; cancelled by the doctor it is paid back in full, and is listed no more."""
    met = propose(chat, starts_at=clock.now() + timedelta(days=3), price=1500_00)
    payment = pay(met)
    page = as_doctor.post("/practice/time-off", days(as_doctor, 2, 5), htmx=True).text
    assert "Они остаются в силе, пока вы их не перенесёте или не отмените." in page
    assert db.session.get_one(Consultation, met.id).state is ConsultationState.CONFIRMED
    card = f"/consultations/{met.id}"
    ways = re.findall(rf'href="({card}/\w+)">(\w+)', page)
    assert ways == [(f"{card}/time", "Перенести"), (f"{card}/cancellation", "Отменить")]
    assert "вернётся 1\u00a0500\u00a0₽ полностью" in as_doctor.get(f"{card}/cancellation").text
    as_doctor.post(f"{card}/cancellation", {"reason": "bad_time", "expected": "full"})
    assert db.session.get_one(Consultation, met.id).state is ConsultationState.CANCELLED
    assert db.session.get_one(Payment, payment.id).refunded == 1500_00
    assert card not in as_doctor.get("/practice/time-off").text


def test_patients_see_who_is_away(as_patient: Browser, chat: Chat, doctor: Doctor, away: TimeOff) -> None:
    for path in ("/doctors", f"/doctors/{doctor.id}", f"/chats/{chat.id}"):
        assert "Отсутствует по" in as_patient.get(path).text
    doctor.user.seen_at = clock.now()
    assert not doctor.is_online()


def test_colleague_sees_for_whom_they_stand_in(as_colleague: Browser, away: TimeOff) -> None:
    assert "Вы замещаете" in as_colleague.get("/practice/time-off").text
    assert "Вы замещаете" in as_colleague.get("/practice").text


def test_promise_pauses_while_the_doctor_is_away(doctor: Doctor, away: TimeOff) -> None:
    assert doctor.pauses_since(clock.now()) == [(away.starts_at, away.ends_at)]
    later(days=8)
    assert doctor.pauses_since(clock.now() - timedelta(days=2)) == [(away.starts_at, away.ends_at)]
    assert list(doctor.pauses_since(clock.now())) == []


def test_who_accepted_nothing_new_is_asked_for_it_from_its_day(
    clinic: Flask, chat: Chat, patient: User, away: TimeOff
) -> None:
    outdate(patient)
    assert Browser(clinic, patient).get(f"/chats/{chat.id}").location.startswith("/consent")


def test_choice_without_htmx_leads_back_to_the_chat(as_patient: Browser, chat: Chat, away: TimeOff) -> None:
    write(as_patient, chat)
    answer = choose(as_patient, chat)
    assert (answer.status_code, answer.location) == (303, f"/chats/{chat.id}#end")
    assert offer_in(chat).choice is StandInChoice.STAND_IN
