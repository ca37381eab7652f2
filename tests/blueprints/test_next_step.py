"""The next step under a chat's head, cards that fold, and that the chat's time is told once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from browser import Browser
from consultation_steps import cancel, confirm
from factories import attach, make_chat, propose, say
from queries import Queries
from reading import words

from ibolit.extensions import db
from ibolit.formatting import epoch
from ibolit.models import Chat, ChatMember, Doctor, User
from ibolit.services import clock


def line(page: str, chat: Chat) -> str:
    """Its words; empty when it is hidden."""
    found = re.search(rf'<div id="chat-{chat.id}-next-step"(.*?)</div>', page, re.DOTALL)
    assert found is not None
    return "" if re.match(r"[^>]* hidden", found[1]) else words(found[1].partition(">")[2])


def test_to_pay_stands_under_the_head_and_leads_to_the_card(as_patient: Browser, chat: Chat) -> None:
    talk = propose(chat, starts_at=clock.now() + timedelta(days=3), price=2500_00)
    page = as_patient.get(f"/chats/{chat.id}").text
    assert re.match(r"Оплатить 2 500 ₽ до \d+ \w+, \d\d:\d\d", line(page, chat))
    assert f'href="/consultations/{talk.id}"' in page
    assert page.index("next-step") < page.index("chat__scroll")


def test_agreed_one_asks_for_the_questionnaire(as_patient: Browser, chat: Chat) -> None:
    talk = confirm(propose(chat))
    page = as_patient.get(f"/chats/{chat.id}").text
    assert line(page, chat).startswith("Заполните анкету: консультация через 1 час")
    assert f'href="/consultations/{talk.id}/complaint"' in page


def test_chat_without_a_consultation_has_no_line(as_patient: Browser, chat: Chat) -> None:
    assert line(as_patient.get(f"/chats/{chat.id}").text, chat) == ""


def test_changes_bring_it(as_doctor: Browser, chat: Chat) -> None:
    confirm(propose(chat))
    page = as_doctor.get(f"/chats/{chat.id}/messages?after=0", htmx=True).text
    assert line(page, chat).startswith("Через 1 час консультация,")


def test_answer_to_a_press_lets_an_open_chat_ask_for_it(as_patient: Browser, chat: Chat) -> None:
    """Its socket may be shut; the chat's own question brings the line."""
    talk = propose(chat)
    answer = as_patient.post(f"/consultations/{talk.id}/confirmation", {"expected": epoch(talk.starts_at)}, htmx=True)
    assert re.search(rf'<i hidden data-chat="{chat.id}" data-revision="\d+" data-stale>', answer.text)
    changes = as_patient.get(f"/chats/{chat.id}/messages?after={chat.revision}", htmx=True).text
    assert line(changes, chat).startswith("Заполните анкету")


def test_whoever_only_listens_has_no_step(as_stranger: Browser, chat: Chat, stranger: User) -> None:
    db.session.add(ChatMember(chat_id=chat.id, user_id=stranger.id))
    db.session.commit()
    propose(chat)
    assert line(as_stranger.get(f"/chats/{chat.id}").text, chat) == ""


def test_finished_card_is_one_line(as_patient: Browser, chat: Chat, patient: User) -> None:
    over, coming = propose(chat), propose(chat, starts_at=clock.now() + timedelta(days=1))
    cancel(over, patient)
    page = as_patient.get(f"/chats/{chat.id}").text
    folded = page[page.index("<details") : page.index("</details>")] if '<details class="folded"' in page else ""
    summary = words(folded[: folded.index("</summary>")])
    assert re.fullmatch(r"Консультация \d+ \w+, \d\d:\d\d: отменена", summary)
    assert f'id="consultation-{over.id}"' in folded
    assert f'id="consultation-{coming.id}"' not in folded
    assert page.count('class="folded"') == 1


@pytest.mark.parametrize("told", ["Время общения истекло", ">Продлить<"])
def test_end_of_the_time_is_told_once(as_patient: Browser, patient: User, doctor: Doctor, told: str) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    page = as_patient.get(f"/chats/{chat.id}").text
    seen = re.sub(r"<div[^>]*class=\"access-bar[^>]* hidden>.*?</div>", "", page, flags=re.DOTALL)
    assert seen.count(told) == 1


def test_doctor_reads_on_the_bar_that_the_time_is_over(as_doctor: Browser, patient: User, doctor: Doctor) -> None:
    chat = make_chat(patient, doctor, days_left=-1)
    say(chat, patient)
    bar = re.search(r'<div[^>]*class="access-bar[^>]*>', as_doctor.get(f"/chats/{chat.id}").text)
    assert bar is not None
    assert "hidden" not in bar[0]


def test_step_costs_one_question_whatever_the_chat_holds(as_patient: Browser, chat: Chat, patient: User) -> None:
    counts = []
    for rows in (1, 12):
        for number in range(rows):
            propose(chat, starts_at=clock.now() + timedelta(days=rows * 20 + number + 1))
            say(chat, patient, "", files=[attach(chat, patient)])
        as_patient.get(f"/chats/{chat.id}")
        with Queries() as queries:
            as_patient.get(f"/chats/{chat.id}")
        counts.append(len(queries))
    assert counts[0] == counts[1]
