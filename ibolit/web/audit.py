"""What stands in the audit log of who is signed in here: whose data they saw or changed, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flask_login import current_user

from ..models import AuditAction, AuditEvent, AuditReason, Chat, Consultation, Dependant
from .client import client_address

SpanOfMessages = tuple[int | None, int | None]  # the first and the last seq that was shown

FEW = 3  # people whom a search finds are looked at; more are a list


def log_audit(
    action: AuditAction,
    subject_id: int | None,
    first: int | None = None,
    last: int | None = None,
    *,
    patient: int | None,
    dependant: int | None = None,
    led_by: int | None = None,
) -> None:
    """Who is signed in here did it, or saw it; AuditEvent says what the numbers mean. Commit later.

    `patient`: whose data it were, by the number of their account; None for what is nobody's, or a list of many.
    `dependant`: about whom it is, where the patient writes for somebody.
    `led_by`: the doctor in whose chat it stands, where a colleague may be standing in.
    """
    AuditEvent.write(
        action,
        actor_id=current_user.id,
        patient_id=patient,
        dependant_id=dependant,
        reason=_reason(patient, led_by),
        subject_id=subject_id,
        first=first,
        last=last,
        address=client_address(),
    )


def log_of_chat(action: AuditAction, chat: Chat, first: int | None = None, last: int | None = None) -> None:
    """Of what was seen or done in a chat."""
    log_chats(action, {chat.id: (first, last)}, [chat])


def log_of_consultation(
    action: AuditAction, consultation: Consultation, first: int | None = None, last: int | None = None
) -> None:
    """Of its card, its intake form, its conclusion."""
    (patient, dependant), id = consultation.chat.subject_key, consultation.id
    log_audit(action, id, first, last, patient=patient, dependant=dependant)


def log_of_dependant(action: AuditAction, dependant: Dependant) -> None:
    """Of who somebody is for whom a patient writes, and of the right to it."""
    log_audit(action, dependant.id, patient=dependant.user_id, dependant=dependant.id)


def log_chats(action: AuditAction, spans: Mapping[int, SpanOfMessages], chats: Iterable[Chat]) -> None:
    """A row for each of these chats that has a span, by its number."""
    rows: list[dict[str, object]] = [
        {
            **chat.subject_key._asdict(),
            "reason": _reason(chat.patient_id, chat.doctor_id),
            "subject_id": chat.id,
            "first": spans[chat.id][0],
            "last": spans[chat.id][1],
        }
        for chat in chats
        if chat.id in spans
    ]
    AuditEvent.write_all(action, rows, actor_id=current_user.id, address=client_address())


def log_own(action: AuditAction, subject_id: int | None = None) -> None:
    """Of the person's own account; the subject is the account itself where none is named."""
    log_audit(action, subject_id or current_user.id, patient=current_user.id_as_patient)


def log_found_patients(chats: Sequence[Chat]) -> None:
    """A search by name that leaves three at most has shown these people; more are lines of a list."""
    if 0 < len(chats) <= FEW and current_user.is_doctor:
        log_chats(AuditAction.PATIENT_FOUND, {chat.id: (None, None) for chat in chats}, chats)


def _reason(patient: int | None, led_by: int | None) -> AuditReason:
    if current_user.is_operator:
        return AuditReason.OFFICE
    if not current_user.is_doctor or patient is None:
        return AuditReason.OWN
    is_their_own = led_by is None or led_by == current_user.doctor.id
    return AuditReason.CARE if is_their_own else AuditReason.STAND_IN
