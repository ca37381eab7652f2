"""An adult relative lets somebody write for them, by a code to their own phone, and ends it at any time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from consultation_steps import confirm, pay
from factories import later, make_chat, make_user, propose, say
from payment_steps import answer, begin
from relatives import PHONE, make_relative, permit, with_phone
from started_consultations import consultation_in_progress

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import (
    CallVisit,
    CancellationReason,
    CancellationTerms,
    Chat,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Dependant,
    Doctor,
    FamilyCode,
    PatientFact,
    Payment,
    Role,
    User,
)
from ibolit.models.chats import ChatMember
from ibolit.models.family import office, permission
from ibolit.models.people import DependantEnding, DependantKind, DependantTerms, FactKind, Relation, SubjectKey
from ibolit.services import clock, current_services
from ibolit.services.calls import CallClosing, CallConnection


@pytest.fixture
def relative(patient: User) -> Dependant:
    return make_relative(patient)


def chat_about(relative: Dependant, doctor: Doctor, *, days_left: float = 2) -> Chat:
    return make_chat(relative.user, doctor, dependant=relative, days_left=days_left)


def reads(user: User, chat: Chat) -> bool:
    return Chat.find_for(user, chat.id) is not None


def test_code_gives_the_relative_an_account_of_their_own(relative: Dependant) -> None:
    assert not relative.may_be_written_for
    account = permit(relative)
    assert (account.phone, account.name, account.birth_date) == (PHONE, relative.name, relative.birth_date)
    assert (account.role, account.is_activated, account.accepted_versions) == (Role.PATIENT, False, "")
    assert relative.may_be_written_for
    assert relative.account_id == account.id


def test_who_has_an_account_keeps_it(relative: Dependant) -> None:
    known = with_phone(make_user("Пётр"))
    assert permit(relative).id == known.id
    assert known.name == "Пётр"


def test_own_chats_are_not_what_is_permitted(relative: Dependant, doctor: Doctor) -> None:
    known = with_phone(make_user("Пётр"))
    own = make_chat(known, doctor, days_left=2)
    permit(relative)
    about = chat_about(relative, doctor)
    assert about.id != own.id
    assert not reads(relative.user, own)
    assert reads(known, about)
    assert reads(relative.user, about)


def test_relative_sees_and_does_not_write(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat = chat_about(relative, doctor)
    say(chat, relative.user, "У папы давление")
    assert [one.text for one in Chat.search_messages(account, "давление")] == ["У папы давление"]
    with pytest.raises(errors.OnlySeen):
        chat.post(account, "Я сам", "press-000001")


def test_relative_agrees_on_nothing_where_others_write(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat = chat_about(relative, doctor)
    with pytest.raises(errors.OnlySeen):
        ConsultationRequest.ask(chat, account, ConsultationKind.VIDEO, "Завтра", "press-000001")
    with pytest.raises(errors.OnlySeen):
        Payment.start_for_tariff(chat, doctor.tariffs[0], account)


def test_wrong_code_permits_nothing(relative: Dependant) -> None:
    code = permission.ask(relative.user, relative, PHONE)
    db.session.commit()
    wrong = f"{(int(code.digits) + 1) % 10**6:06}"
    for _ in range(FamilyCode.MOST_GUESSES):
        with pytest.raises(errors.CodeIsWrong):
            permission.grant(code, wrong)
        db.session.commit()
    with pytest.raises(errors.CodeIsSpent):
        permission.grant(code, code.digits)
    assert not relative.may_be_written_for
    assert User.by_phone(PHONE) is None


def test_code_lives_ten_minutes_and_proves_once(relative: Dependant) -> None:
    code = permission.ask(relative.user, relative, PHONE)
    db.session.commit()
    later(minutes=10)
    with pytest.raises(errors.CodeIsOld):
        permission.grant(code, code.digits)
    code = permission.ask(relative.user, relative, PHONE)
    permission.grant(code, code.digits)
    db.session.commit()
    with pytest.raises(errors.CodeIsSpent):
        permission.grant(code, code.digits)


def test_no_phone_of_the_writer_nor_of_the_clinic_permits(relative: Dependant, doctor: Doctor) -> None:
    with pytest.raises(errors.PhoneIsTheWriters):
        permission.ask(relative.user, relative, relative.user.phone or "")
    code = permission.ask(relative.user, relative, doctor.user.phone or "")
    with pytest.raises(errors.IsOfTheClinic):
        permission.grant(code, code.digits)


def test_number_that_may_be_resold_permits_nothing(relative: Dependant) -> None:
    known = with_phone(make_user("Прежний владелец"))
    later(days=181)
    code = permission.ask(relative.user, relative, PHONE)
    with pytest.raises(errors.PhoneIsUnused):
        permission.grant(code, code.digits)
    assert known.phone == PHONE


def test_ended_permission_takes_reading_at_once(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat = chat_about(relative, doctor)
    consultation = confirm(propose(chat))
    writer = relative.user
    permission.end(relative)
    db.session.commit()
    assert not reads(writer, chat)
    assert reads(account, chat)
    assert reads(doctor.user, chat)
    assert Consultation.find_for(writer, consultation.id) is None
    mine = Consultation.find_for(account, consultation.id)
    assert mine is not None
    assert mine.starts_at == consultation.starts_at
    chat = db.session.get_one(Chat, chat.id)
    assert (chat.patient_id, chat.dependant_id, chat.former_since) == (account.id, None, None)
    assert relative.ending is DependantEnding.PERMISSION_WITHDRAWN
    assert not relative.may_be_written_for
    assert chat.takes_messages_from(account)


def test_taken_off_by_the_writer_it_has_ended(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat = chat_about(relative, doctor)
    relative.archive()
    db.session.commit()
    assert not reads(relative.user, chat)
    assert reads(account, chat)
    assert make_relative(relative.user).may_be_written_for is False  # brought back, it asks for a new permission


def test_ended_twice_is_ended(relative: Dependant, doctor: Doctor) -> None:
    permit(relative)
    chat = chat_about(relative, doctor)
    for _ in range(2):
        permission.end(relative)
        db.session.commit()
    notes = [one for one in db.session.get_one(Chat, chat.id).members if one.user_id == relative.user_id]
    assert not notes[0].is_here
    assert Chat.of_dependant(relative.id) == []


def test_chat_that_moves_stands_beside_their_own(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    own = make_chat(account, doctor, days_left=2)
    chat = chat_about(relative, doctor)
    payment = begin(chat)
    payment.settle(answer(payment))
    db.session.commit()
    permission.end(relative)
    db.session.commit()
    chat = db.session.get_one(Chat, chat.id)
    assert chat.is_former
    assert chat.patient_id == account.id
    assert reads(account, chat)
    assert not chat.takes_messages_from(account)
    assert not chat.takes_messages_from(doctor.user)
    assert Chat.between(account, doctor) == own
    payment = db.session.get_one(Payment, payment.id)
    assert payment.refunded == payment.price  # of a chat that is only read the whole days go back
    assert payment.payer_id == relative.user_id


def test_days_of_a_chat_that_goes_on_stay(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat = chat_about(relative, doctor)
    payment = begin(chat)
    payment.settle(answer(payment))
    db.session.commit()
    open_until = chat.open_until
    permission.end(relative)
    db.session.commit()
    assert db.session.get_one(Payment, payment.id).refunded == 0
    assert db.session.get_one(Chat, chat.id).open_until == open_until
    assert db.session.get_one(ChatMember, (chat.id, account.id)).is_here


def test_what_is_known_of_their_health_goes_along(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat_about(relative, doctor)
    PatientFact.add(relative.subject_key, relative.user, FactKind.ALLERGY, "пенициллин")
    db.session.commit()
    permission.end(relative)
    db.session.commit()
    (fact,) = db.session.scalars(db.select(PatientFact))
    assert (fact.patient_id, fact.dependant_id, fact.author_id) == (account.id, None, relative.user_id)
    assert [one.text for one in PatientFact.seen_by(doctor.user, SubjectKey(account.id))] == ["пенициллин"]


def test_what_the_writer_asked_and_called_off_is_the_patients(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat, writer = chat_about(relative, doctor), relative.user
    coming = confirm(propose(chat))
    wished = coming.starts_at + timedelta(hours=3)
    coming.request_reschedule(writer, wished, coming.starts_at)
    called_off = confirm(propose(chat, starts_at=coming.starts_at + timedelta(days=1)))
    called_off.cancel(writer, CancellationReason.CHANGED_MIND, CancellationTerms.NOTHING_PAID)
    permission.end(relative)
    db.session.commit()
    db.session.expire_all()
    assert coming.reschedule_request_from_other(doctor.user) == wished
    assert coming.reschedule_request_from_other(account) is None
    assert called_off.was_cancelled_by_patient


def test_own_wish_for_another_time_is_no_full_refund(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    consultation = propose(chat_about(relative, doctor), price=1500_00, starts_at=clock.now() + timedelta(hours=2))
    pay(consultation)
    later(minutes=40)
    consultation.request_reschedule(relative.user, consultation.starts_at + timedelta(hours=3), consultation.starts_at)
    permission.end(relative)
    db.session.commit()
    db.session.expire_all()
    assert CancellationTerms.of(account, consultation) is CancellationTerms.CLINIC_DECIDES


def test_call_that_was_held_keeps_its_seconds(relative: Dependant, doctor: Doctor) -> None:
    permit(relative)
    consultation = consultation_in_progress(chat_about(relative, doctor))
    for user in (relative.user, doctor.user):
        CallVisit.note(consultation.id, user.id, f"page-{user.id}")
    db.session.commit()
    later(seconds=90)
    for user in (relative.user, doctor.user):
        CallVisit.note(consultation.id, user.id, f"page-{user.id}")
    permission.end(relative)
    db.session.commit()
    db.session.expire_all()
    assert CallVisit.together(consultation) == 90


def test_begun_payment_of_the_writer_is_not_the_patients(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    chat = chat_about(relative, doctor)
    consultation = propose(chat, price=1500_00)
    theirs = consultation.start_payment(relative.user, consultation.starts_at)
    days = Payment.start_for_tariff(chat, doctor.tariffs[0], relative.user)
    permission.end(relative)
    db.session.commit()
    db.session.expire_all()
    with pytest.raises(errors.PaymentIsAnothers):
        consultation.start_payment(account, consultation.starts_at)
    with pytest.raises(errors.PaymentIsAnothers):
        Payment.start_for_tariff(chat, doctor.tariffs[0], account)
    for one in (theirs, days):
        one.end("expired")
    assert consultation.start_payment(account, consultation.starts_at).payer_id == account.id
    assert Payment.start_for_tariff(chat, doctor.tariffs[0], account).payer_id == account.id


def test_permitted_anew_it_begins_anew(relative: Dependant, doctor: Doctor) -> None:
    account = permit(relative)
    first = chat_about(relative, doctor)
    permission.end(relative)
    db.session.commit()
    later(hours=1)
    again = make_relative(relative.user)
    assert again.id == relative.id
    assert not again.may_be_written_for
    assert permit(again).id == account.id
    second = chat_about(again, doctor)
    assert second.id != first.id
    assert not reads(relative.user, first)


def represented(patient: User, *, days: int = 30) -> Dependant:
    """By a paper the office has seen, without an account."""
    terms = DependantTerms("Соколов Пётр", date(1950, 5, 3), Relation.SON, kind=DependantKind.ADULT)
    relative = office.enter(patient, terms, "Решение суда", clock.now() + timedelta(days=days), "console")
    db.session.commit()
    return relative


def test_writer_is_back_in_the_chat_when_it_is_permitted_anew(patient: User, doctor: Doctor) -> None:
    relative = represented(patient)
    chat = chat_about(relative, doctor)
    relative.archive()
    db.session.commit()
    assert not reads(patient, chat)
    later(hours=1)
    account = permit(make_relative(patient))
    assert Chat.begin(patient, doctor, relative) == chat.id
    db.session.commit()
    assert reads(patient, chat)
    assert reads(account, chat)


def test_representation_is_renewed_after_its_end(patient: User, doctor: Doctor) -> None:
    relative = represented(patient, days=1)
    chat = chat_about(relative, doctor)
    later(days=2)
    for step in office.due_steps():
        step()
        db.session.commit()
    assert not reads(patient, chat)
    with pytest.raises(errors.DependantHasEnded):
        make_relative(patient)  # the office has ended it
    assert represented(patient).id == relative.id
    assert relative.may_be_written_for
    assert reads(patient, chat)


def test_old_paper_ends_no_later_permission(patient: User) -> None:
    relative = represented(patient, days=1)
    relative.archive()
    db.session.commit()
    permit(make_relative(patient))
    later(days=2)
    for step in office.due_steps():
        step()
        db.session.commit()
    assert relative.may_be_written_for


def test_writer_is_out_of_their_call_at_once(relative: Dependant, doctor: Doctor) -> None:
    permit(relative)
    consultation = confirm(propose(chat_about(relative, doctor)))
    writers, doctors = (
        CallConnection(consultation.id, user_id, user_id, "a-page", "/")
        for user_id in (relative.user_id, doctor.user_id)
    )
    for connection in (writers, doctors):
        current_services.calls.join(connection, lambda _peer, _media: "welcome")
    permission.end(relative)
    db.session.commit()
    assert (writers.close_code, doctors.close_code) == (CallClosing.ENDED, None)
