"""Conclusions, ratings and complaints: once, in their time, never lost."""

from __future__ import annotations

import pytest
from factories import attach, later, make_chat, make_doctor, make_user, propose
from flask import Flask
from sqlalchemy.exc import IntegrityError
from started_consultations import completed_consultation, consultation_in_progress

from ibolit import errors
from ibolit.events import ConclusionGiven, recorded_facts
from ibolit.extensions import db
from ibolit.models import (
    CancellationReason,
    CancellationTerms,
    Card,
    Chat,
    Conclusion,
    ConclusionDraft,
    ConclusionTemplate,
    Consultation,
    Doctor,
    IntakeAnswers,
    IntakeQuestionnaire,
    Message,
    Review,
    User,
)
from ibolit.models.chats import preload_cards

ANSWERS = IntakeAnswers("Болит голова", onset="неделю", severity=6, medications="нет", allergies="на пыль")


@pytest.fixture
def over(chat: Chat) -> Consultation:
    return completed_consultation(chat)


def give(
    consultation: Consultation, text: str = "Отдыхайте.", *, seen: int = 0, by: str = "", **more: object
) -> Conclusion:
    given = Conclusion.give(consultation, text, by or f"client-{text[:20]}-{seen}", seen=seen, **more)
    db.session.commit()
    return given


def messages_of(consultation: Consultation) -> list[Message]:
    return Message.page_of(db.session.get_one(Chat, consultation.chat_id))


# Conclusion


def test_conclusion_reaches_the_chat_and_the_card(over: Consultation) -> None:
    revision = over.chat.revision
    given = give(over, template=ConclusionTemplate.FIRST)
    message = messages_of(over)[-1]
    assert (message.card, message.text, message.author_id) == (
        Card.CONCLUSION,
        "Заключение готово",
        over.doctor.user_id,
    )
    assert (given.version, given.message_id, given.author_id) == (1, message.id, over.doctor.user_id)
    assert over.message.revision > message.revision > revision
    preload_cards([message])
    assert message.conclusion is given


def test_conclusion_is_told_of_once(over: Consultation) -> None:
    Conclusion.give(over, "Отдыхайте.", "client-0001", seen=0)
    Conclusion.give(over, "Отдыхайте.", "client-0001", seen=0)
    told = [fact for fact in recorded_facts() if isinstance(fact, ConclusionGiven)]
    assert told == [ConclusionGiven(over.id, 1)]


def test_same_press_twice_is_one_version(over: Consultation) -> None:
    assert give(over, by="client-0001") is give(over, by="client-0001")
    assert len(Conclusion.all_of(over)) == 1


def test_correction_is_the_next_version_and_the_old_stays(over: Consultation) -> None:
    give(over, "Отдыхайте.")
    give(over, "Отдыхайте больше.", seen=1)
    assert [(one.version, one.text) for one in Conclusion.all_of(over)] == [
        (1, "Отдыхайте."),
        (2, "Отдыхайте больше."),
    ]
    assert [message.card for message in messages_of(over)].count(Card.CONCLUSION) == 2


def test_second_tab_that_saw_the_same_version_is_told(over: Consultation) -> None:
    give(over, "Отдыхайте.")
    with pytest.raises(errors.ConclusionHasChanged):
        give(over, "Гуляйте.")


def test_form_brought_back_with_another_text_is_not_taken_for_the_first(over: Consultation) -> None:
    """«Назад» brings the id of the form back too: what is typed there must not be lost in silence."""
    give(over, "Отдыхайте.", by="client-0001")
    with pytest.raises(errors.ConclusionHasChanged):
        give(over, "Гуляйте.", by="client-0001")


def test_no_conclusion_before_the_end(chat: Chat) -> None:
    consultation = consultation_in_progress(chat)
    with pytest.raises(errors.ConsultationIsNotOver):
        give(consultation)


def test_no_conclusion_of_what_did_not_take_place(chat: Chat) -> None:
    consultation = propose(chat)
    consultation.cancel(consultation.doctor.user, CancellationReason.OTHER, CancellationTerms.NOTHING_PAID)
    db.session.commit()
    with pytest.raises(errors.NoConclusionWithoutConsultation):
        give(consultation)


def test_conclusion_when_the_worker_has_not_written_the_end_yet(chat: Chat) -> None:
    consultation = consultation_in_progress(chat)
    later(hours=3)
    assert give(consultation).version == 1


def test_files_go_with_its_card(over: Consultation) -> None:
    file = attach(over.chat, over.doctor.user)
    given = give(over, attachments=[file])
    assert list(given.files) == [file]
    with pytest.raises(errors.AttachmentIsSent):
        give(over, "Ещё раз", seen=1, attachments=[file])


def test_versions_are_unique_in_the_database(over: Consultation) -> None:
    given = give(over)
    other = over.chat.post_card(over.doctor.user, "Ещё", "client-0009")
    db.session.add(
        Conclusion(consultation_id=over.id, version=1, text="Иначе", message=other, author_id=given.author_id)
    )
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_headings_are_lines_that_end_in_a_colon(over: Consultation) -> None:
    given = give(over, "Жалобы:\nБолит: сильно.\n\n" + "о" * 80 + ":")
    assert [one.is_heading for one in given.paragraphs] == [True, False, False, False]


def test_card_on_the_consultation_knows_all_versions(over: Consultation, patient: User) -> None:
    give(over)
    give(over, "Больше", seen=1)
    db.session.expunge_all()
    again = Consultation.find_for(db.session.get_one(User, patient.id), over.id)
    assert again is not None
    assert [one.version for one in again.conclusions] == [1, 2]


# Draft


def test_draft_is_kept_and_goes_with_the_conclusion(over: Consultation) -> None:
    ConclusionDraft.keep(over, "Отды", ConclusionTemplate.AGAIN, seen=0)
    ConclusionDraft.keep(over, "Отдыхайте", ConclusionTemplate.AGAIN, seen=0)
    db.session.commit()
    draft = ConclusionDraft.of(over)
    assert draft is not None
    assert (draft.text, draft.template) == ("Отдыхайте", ConclusionTemplate.AGAIN)
    give(over)
    assert ConclusionDraft.of(over) is None


def test_late_autosave_brings_no_draft_back(over: Consultation) -> None:
    give(over)
    with pytest.raises(errors.DraftIsOld):
        ConclusionDraft.keep(over, "Отдыхайте", None, seen=0)
    assert ConclusionDraft.of(over) is None


def test_nothing_typed_is_no_draft(over: Consultation) -> None:
    ConclusionDraft.keep(over, "Отды", None, seen=0)
    ConclusionDraft.keep(over, "  ", None, seen=0)
    db.session.commit()
    assert ConclusionDraft.of(over) is None


# Review


def test_review_is_given_once(over: Consultation) -> None:
    first = Review.give(over, 5, "Спасибо")
    assert Review.give(over, 5, "Спасибо") is first
    with pytest.raises(errors.ReviewIsGiven):
        Review.give(over, 1, "Передумал")
    db.session.commit()
    assert over.review is first


def test_no_review_of_what_is_not_over(chat: Chat) -> None:
    with pytest.raises(errors.NothingToReview):
        Review.give(consultation_in_progress(chat), 5, "")


@pytest.mark.parametrize("stars", [0, 6])
def test_stars_are_one_to_five(over: Consultation, stars: int) -> None:
    db.session.add(Review(consultation_id=over.id, doctor_id=over.doctor_id, stars=stars))
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_average_is_told_from_five_on(clinic: Flask, doctor: Doctor) -> None:
    other = make_doctor("Лебедев Михаил Аркадьевич")
    for number, stars in enumerate((5, 5, 5, 5, 4)):
        assert Review.rating_of(doctor.id) is None
        Review.give(completed_consultation(make_chat(make_user(f"Пациент {number}"), doctor, days_left=2)), stars, "")
        db.session.commit()
    rating = Review.rating_of(doctor.id)
    assert rating is not None
    assert (rating.average, rating.count) == (pytest.approx(4.8), 5)
    assert Review.rating_of(other.id) is None


# IntakeQuestionnaire


def test_questionnaire_becomes_a_card_in_the_chat(chat: Chat, patient: User) -> None:
    consultation = propose(chat)
    file = attach(chat, patient)
    questionnaire = IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001", [file])
    db.session.commit()
    message = messages_of(consultation)[-1]
    assert (message.card, message.text, message.author_id) == (
        Card.QUESTIONNAIRE,
        "Анкета перед консультацией",
        patient.id,
    )
    assert message.attachments == [file]
    assert questionnaire.answers == ANSWERS
    assert consultation.questionnaire is questionnaire
    preload_cards([message])
    assert message.questionnaire is questionnaire


def test_changed_sheet_is_the_same_card_shown_anew(chat: Chat) -> None:
    consultation = propose(chat)
    first = IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001")
    db.session.commit()
    count, revision = len(messages_of(consultation)), first.message.revision
    again = IntakeQuestionnaire.tell(consultation, IntakeAnswers("Прошло"), "client-0002")
    db.session.commit()
    assert again is first
    assert again.answers == IntakeAnswers("Прошло")
    assert len(messages_of(consultation)) == count
    assert again.message.revision > revision


def test_same_sheet_again_changes_nothing(chat: Chat) -> None:
    consultation = propose(chat)
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001")
    db.session.commit()
    revision = consultation.chat.revision
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001")
    db.session.commit()
    assert consultation.chat.revision == revision


def test_new_files_follow_as_a_message_once(chat: Chat, patient: User) -> None:
    consultation = propose(chat)
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001", [attach(chat, patient)])
    more = attach(chat, patient)
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0002", [more])
    double = attach(chat, patient, digest=more.digest)
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0002", [double])
    db.session.commit()
    last, before = messages_of(consultation)[-1], messages_of(consultation)[-2]
    assert (last.card, last.attachments) == (None, [more])
    assert before.card is Card.QUESTIONNAIRE
    assert double.message_id is None


def test_form_sent_twice_brings_its_files_once(chat: Chat, patient: User) -> None:
    consultation, file = propose(chat), attach(chat, patient)
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001", [file])
    double = attach(chat, patient, digest=file.digest)
    count = len(messages_of(consultation))
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001", [double])
    db.session.commit()
    assert len(messages_of(consultation)) == count
    assert double.message_id is None


def test_questionnaire_comes_also_into_a_closed_chat(patient: User, doctor: Doctor) -> None:
    consultation = propose(make_chat(patient, doctor, days_left=-1))
    assert IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001").id


def test_questionnaire_may_come_while_they_talk_and_not_after(chat: Chat) -> None:
    consultation = consultation_in_progress(chat)
    IntakeQuestionnaire.tell(consultation, ANSWERS, "client-0001")
    consultation.end(consultation.doctor.user)
    db.session.commit()
    with pytest.raises(errors.QuestionnaireIsLate):
        IntakeQuestionnaire.tell(consultation, IntakeAnswers("Ещё"), "client-0002")


@pytest.mark.parametrize("severity", [-1, 11])
def test_severity_is_nought_to_ten(chat: Chat, severity: int) -> None:
    consultation = propose(chat)
    with pytest.raises(IntegrityError):
        IntakeQuestionnaire.tell(consultation, IntakeAnswers("Болит", severity=severity), "client-0001")
    db.session.rollback()
