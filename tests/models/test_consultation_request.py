"""A patient asks for a consultation."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, ConsultationKind, ConsultationRequest, ProposalTerms, User
from ibolit.services import clock

pytestmark = pytest.mark.usefixtures("clinic", "still")

FAR = timedelta(days=3)


def test_request_is_a_card_and_a_proposal_answers_it(chat: Chat, patient: User) -> None:
    request = ConsultationRequest.ask(chat, patient, ConsultationKind.AUDIO, "Вечером", "one-press")
    assert ConsultationRequest.ask(chat, patient, ConsultationKind.AUDIO, "Вечером", "one-press") is request
    terms = ProposalTerms(request.kind, clock.now() + FAR, 20, 0)
    consultation = Consultation.propose(chat, chat.doctor, terms, "answer-press", request)
    db.session.refresh(request)
    assert request.answer is consultation


def test_form_brought_back_with_other_wishes_is_another_request(chat: Chat, patient: User) -> None:
    wishes = ("Вечером", "Утром", "Вечером")
    asked = [ConsultationRequest.ask(chat, patient, ConsultationKind.AUDIO, one, "same-form").wishes for one in wishes]
    assert asked == [*wishes]
    assert len(db.session.scalars(db.select(ConsultationRequest)).all()) == 2
