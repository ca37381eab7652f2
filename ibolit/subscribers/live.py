"""Open screens: after a commit the fragments that changed go to each member of the chat who has the app open.

Into a call are led the two sides of its consultation, whoever else hears of the chat; of money hears its payer.

Only reads, in the session of whoever caused the fact: the chat and its people are loaded there already, and loading
them again was a quarter of a message's cost. What is lost here is asked for again by the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app
from sqlalchemy import select

from ..database import read_only, release
from ..events import (
    AccessChanged,
    CallbackRequested,
    ConsultationCancelled,
    ConsultationChanged,
    ConsultationCompleted,
    ConsultationConfirmed,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationMoved,
    ConsultationProposed,
    ConsultationStarted,
    FreeTimesChanged,
    MemberTyped,
    MessageChanged,
    MessageRecalled,
    MessageSent,
    PatientFactsChanged,
    PaymentChanged,
    PlaceEnded,
    ReceiptsMoved,
    WaitingChanged,
)
from ..extensions import db
from ..models import (
    AppointmentType,
    Card,
    Chat,
    ChatMember,
    Consultation,
    Dependant,
    Doctor,
    FactList,
    Message,
    Payment,
    SubjectKey,
    Tariff,
    User,
)
from ..services import current_services


def message_sent(fact: MessageSent) -> None:
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        message = db.session.get_one(Message, fact.message_id)
        readers.sort(key=lambda reader: reader.id == message.author_id)  # who waits for it first
        nearest = Consultation.nearest_in(chat) if message.card is Card.CONSULTATION and readers else None
        _show_with_badge(readers, "message_sent", chat, author_id=message.author_id, message=message, nearest=nearest)


def message_changed(fact: MessageChanged) -> None:
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        message = db.session.get_one(Message, fact.message_id)
        for reader in readers:
            _show(reader, "message_changed", about=chat.id, chat=chat, message=message)


def message_recalled(fact: MessageRecalled) -> None:
    """The bubble, its row in the list, and the badge of whoever had it unread."""
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        message = db.session.get_one(Message, fact.message_id)
        _show_with_badge(readers, "message_recalled", chat, message=message)


def receipts_moved(fact: ReceiptsMoved) -> None:
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        own = [reader for reader in readers if reader.id == fact.member_id]
        _show_with_badge(own, "read_here", chat, revision=fact.revision)
        for reader in readers:
            if reader.id != fact.member_id:
                _show(reader, "receipts_moved", about=chat.id, chat=chat, revision=fact.revision)


def waiting_changed(fact: WaitingChanged) -> None:
    """The row in the list of each doctor who reads it; to the patient nothing looks otherwise."""
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        _show_with_badge(readers, "waiting_changed", chat, revision=fact.revision)


def access_changed(fact: AccessChanged) -> None:
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        on_sale = db.session.scalars(Tariff.on_sale_by(chat.doctor_id)).all()
        for reader in readers:
            _show(reader, "access_changed", about=chat.id, chat=chat, on_sale=on_sale, revision=fact.revision)


def consultation_changed(fact: ConsultationChanged) -> None:
    """The card, wherever it is on the screen: in the chat, in the list, on its own page; and the chat's next step."""
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        consultation = db.session.get_one(Consultation, fact.consultation_id)
        nearest = Consultation.nearest_in(chat, consultation) if readers else None
        shown = {"consultation": consultation, "nearest": nearest}
        for reader in readers:
            _show(reader, "consultation_changed", about=fact.chat_id, revision=fact.revision, **shown)


def consultation_started(fact: ConsultationStarted) -> None:
    """Both are ready: the call opens on both screens by itself."""
    _show_to_sides(fact.id, "consultation_started")


def callback_requested(fact: CallbackRequested) -> None:
    """The number is shown to this doctor alone; the patient's other pages learn that it was asked."""
    _show_to_sides(fact.id, "callback_requested")


def call_ended(fact: ConsultationCompleted | ConsultationMissed | ConsultationCancelled) -> None:
    """Whoever is still in the call is led to the card."""
    current_services.calls.end(fact.id)


def place_ended(fact: PlaceEnded) -> None:
    """Who may not read there any more is out of the call at once, if they are in one."""
    with _looking():
        calls = db.session.scalars(select(Consultation.id).where(Consultation.chat_id == fact.chat_id)).all()
    current_services.calls.end_person(fact.user_id, calls)


def time_changed_hands(
    fact: ConsultationProposed
    | ConsultationConfirmed
    | ConsultationMoved
    | ConsultationCancelled
    | ConsultationExpired,
) -> None:
    """Something of a doctor's time was taken or let go."""
    with _looking():
        doctor_id = db.session.get_one(Consultation, fact.id).doctor_id
    free_times_changed(FreeTimesChanged(doctor_id))


def free_times_changed(fact: FreeTimesChanged) -> None:
    """Whose page shows them asks for them anew; which are free is no secret. Most doctors have nothing to book."""
    with _looking():
        has_any = AppointmentType.exists_for(fact.doctor_id)
    if has_any:
        current_services.realtime.publish_to_all(f'<i hidden data-free-times="{fact.doctor_id}"></i>')


def patient_facts_changed(fact: PatientFactsChanged) -> None:
    """Each sees what is theirs to see: the patient, and every doctor who leads a chat of theirs."""
    with _looking():
        whose = SubjectKey(fact.patient_id, fact.dependant_id)
        doctors = select(User).join(Doctor, Doctor.user_id == User.id).join(Chat, Chat.doctor_id == Doctor.id)
        doctors = doctors.where(*Chat.are_about(whose)).distinct()
        for reader in [*_writers_of(whose), *db.session.scalars(doctors)]:
            if _is_listening(reader.id):
                _show_facts(reader, whose)


def _writers_of(whose: SubjectKey) -> list[User]:
    """The patient, unless it is about somebody they may not write for any more."""
    dependant = db.session.get(Dependant, whose.dependant_id) if whose.dependant_id is not None else None
    is_shut = dependant is not None and not dependant.may_be_written_for
    return [] if is_shut else [db.session.get_one(User, whose.patient_id)]


def _show_facts(reader: User, whose: SubjectKey) -> None:
    lists = FactList.all_of(whose, reader)
    asked = [one for facts in lists for one in facts.unanswered] if reader.id == whose.patient_id else None
    _show(reader, "patient_facts_changed", about=None, fact_lists=lists, unanswered=asked, whose=whose)


def payment_changed(fact: PaymentChanged) -> None:
    """The payer's alone: the doctor sees the chat's time, and no money."""
    with _looking():
        payment = db.session.get_one(Payment, fact.payment_id)
        if _is_listening(payment.payer_id):
            _show(payment.payer, "payment_changed", about=None, payment=payment)


def member_typed(fact: MemberTyped) -> None:
    with _chat_and_readers(fact.chat_id) as (chat, readers):
        for reader in readers:
            if reader.id != fact.user_id:
                _show(reader, "member_typed", about=chat.id, chat=chat)


@contextmanager
def _looking() -> Iterator[None]:
    with read_only():
        try:
            yield
        finally:
            release()  # ends the reading; a rollback would expire loaded objects


@contextmanager
def _chat_and_readers(chat_id: int) -> Iterator[tuple[Chat, list[User]]]:
    with _looking():
        chat = db.session.get_one(Chat, chat_id)
        yield chat, [member.user for member in chat.members_but(None) if _is_listening(member.user_id)]


def _is_listening(user_id: int) -> bool:
    return current_services.realtime.has_listeners(user_id)


def _show_to_sides(consultation_id: int, name: str) -> None:
    with _looking():
        consultation = db.session.get_one(Consultation, consultation_id)
        for side in consultation.sides:
            if _is_listening(side.id):
                _show(side, name, about=consultation.chat_id, consultation=consultation)


def _show_with_badge(
    readers: list[User], name: str, chat: Chat, *, author_id: int | None = None, **context: object
) -> None:
    """`author_id`: of a new message, by which nothing becomes unread to who wrote it."""
    for reader in readers:
        numbers = Chat.numbers_of(reader) if reader.is_doctor else None
        unread = numbers.unread if numbers else None if reader.id == author_id else ChatMember.unread_of(reader)
        _show(reader, name, about=chat.id, chat=chat, unread_chats=unread, numbers=numbers, **context)


def _show(reader: User, name: str, *, about: int | None, **context: object) -> None:
    """A fragment is given all it needs, so nothing of the request is laid out for it. `about`: the chat it is of."""
    html = current_app.jinja_env.get_template(f"live/{name}.html").render(viewer=reader, is_live=True, **context)
    current_services.realtime.publish(reader.id, html, about)
