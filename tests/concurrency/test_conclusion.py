"""What a doctor or a patient presses twice in the same moment, in two tabs or by two clicks."""

from __future__ import annotations

from collections import Counter

from browser import Browser
from factories import propose
from flask import Flask
from started_consultations import completed_consultation

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    Card,
    Chat,
    Conclusion,
    ConclusionDraft,
    Consultation,
    IntakeAnswers,
    IntakeQuestionnaire,
    Message,
    Review,
)

from .crowd import at_once, outcomes


def cards(chat_id: int, kind: Card) -> int:
    return sum(one.card is kind for one in Message.page_of(db.session.get_one(Chat, chat_id)))


def test_one_press_that_comes_many_times_is_one_version(clinic: Flask, as_doctor: Browser, chat: Chat) -> None:
    consultation = completed_consultation(chat)
    headers = {"X-CSRFToken": as_doctor.token()}
    form = {"text": "Отдыхайте.", "seen": "0", "client_id": "client-0001"}
    url = f"/consultations/{consultation.id}/conclusion/new"

    def press(_number: int) -> int:
        return as_doctor.open(url, method="POST", data=form, headers=headers).status_code

    assert Counter(at_once(clinic, 6, press)) == {303: 6}
    assert db.session.query(Conclusion).count() == 1
    assert cards(chat.id, Card.CONCLUSION) == 1


def test_many_tabs_that_saw_the_same_give_one_version(clinic: Flask, chat: Chat) -> None:
    id = completed_consultation(chat).id

    def give(number: int) -> None:
        Conclusion.give(db.session.get_one(Consultation, id), f"Текст {number}", f"client-000{number}", seen=0)

    assert outcomes(clinic, 6, give) == {"done": 1, "ConclusionHasChanged": 5}
    assert [one.version for one in db.session.query(Conclusion)] == [1]
    assert cards(chat.id, Card.CONCLUSION) == 1


def test_autosave_that_meets_the_sending_leaves_no_draft(clinic: Flask, chat: Chat) -> None:
    """Whichever comes first: the draft is of no version that is given."""
    id = completed_consultation(chat).id

    def act(number: int) -> None:
        consultation = db.session.get_one(Consultation, id)
        if number:
            ConclusionDraft.keep(consultation, f"Черновик {number}", None, seen=0)
        else:
            Conclusion.give(consultation, "Отдыхайте.", "client-0001", seen=0)

    found = outcomes(clinic, 6, act)
    assert set(found) <= {"done", "DraftIsOld"}
    assert db.session.query(Conclusion).count() == 1
    assert db.session.query(ConclusionDraft).count() == 0


def test_first_drafts_at_once_are_one(clinic: Flask, chat: Chat) -> None:
    id = completed_consultation(chat).id

    def keep(number: int) -> None:
        ConclusionDraft.keep(db.session.get_one(Consultation, id), f"Черновик {number}", None, seen=0)

    assert outcomes(clinic, 6, keep) == {"done": 6}
    assert db.session.query(ConclusionDraft).count() == 1


def test_ratings_at_once_are_one(clinic: Flask, chat: Chat) -> None:
    id = completed_consultation(chat).id

    def rate(number: int) -> None:
        Review.give(db.session.get_one(Consultation, id), number % 5 + 1, "")

    found = outcomes(clinic, 6, rate)
    assert set(found) <= {"done", errors.ReviewIsGiven.__name__}
    assert db.session.query(Review).count() == 1


def test_sheets_at_once_are_one_card(clinic: Flask, chat: Chat) -> None:
    id = propose(chat).id

    def tell(number: int) -> None:
        IntakeQuestionnaire.tell(
            db.session.get_one(Consultation, id), IntakeAnswers(f"Болит {number}"), f"client-000{number}"
        )

    assert outcomes(clinic, 6, tell) == {"done": 6}
    assert db.session.query(IntakeQuestionnaire).count() == 1
    assert cards(chat.id, Card.QUESTIONNAIRE) == 1
