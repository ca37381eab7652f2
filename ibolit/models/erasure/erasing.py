"""The erasure itself: who it was is sealed, what the law does not want kept goes, the rest stays under a number.

What goes is a table, GOES: docs/privacy.md says the same to people, and tests/properties/test_erasure.py looks for
whatever was forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Select, Update, delete, false, func, or_, select, update

from ...events import AccountNoted, record
from ...extensions import Model, db
from ...services import clock
from ..accounts import SecurityEvent
from ..chats import Attachment, Chat, ChatMember, Message, PatientNote, UsedFreeDays, Variant
from ..consultations import Conclusion, ConclusionDraft, Consultation, DeviceTransfer, Review
from ..delivery import Notification
from ..family import FamilyCode, Representation
from ..invitations import ImportLine, Invitation, LoginCode
from ..my_data import DataCopy
from ..payments import Payment
from ..people import (
    AuditEvent,
    Consent,
    Dependant,
    DependantEnding,
    Device,
    EmailProof,
    KnownBrowser,
    PatientFact,
    PatientFactStrike,
    Role,
    User,
    birth_dates,
)
from . import payment_contacts, winding_up
from .sealed_identity import SealedIdentity


@dataclass
class Erased:
    """How many rows of what have gone, and which files of the storage go when it is committed."""

    rows: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Whose:
    """The account as it was, by all that its rows are known by."""

    user: User
    phone: str | None
    email: str | None

    @property
    def chats(self) -> Select[tuple[int]]:
        return select(Chat.id).where(Chat.patient_id == self.user.id)

    @property
    def dependants(self) -> Select[tuple[int]]:
        return select(Dependant.id).where(Dependant.user_id == self.user.id)

    @property
    def consultations(self) -> Select[tuple[int]]:
        return select(Consultation.id).where(Consultation.patient_id == self.user.id)

    def is_contact(self, noun: type[Invitation | ImportLine]) -> ColumnElement[bool]:
        known = [noun.phone == self.phone] if self.phone else []
        return or_(false(), *known, *([noun.email == self.email] if self.email else []))


def may_be_erased(user: User) -> bool:
    """Nobody is erased out of a call; the worker asks again when it is over."""
    return user.is_patient and user.erased_at is None and not winding_up.is_in_consultation(user)


def is_due(user: User) -> bool:
    """What was asked, and not undone, has come; a frozen account waits until the office has let its owner in."""
    return user.erases_at is not None and user.erases_at <= clock.now() and not user.is_frozen


def stays_of(user: User) -> dict[str, int]:
    """How many rows of what are kept under the number."""
    whose = _Whose(user, user.phone, user.email)
    of_doctors = PatientFact.patient_id == user.id, PatientFact.author_id.in_(_doctors())
    counted: dict[str, Select[tuple[int]]] = {
        "chats": select(func.count()).select_from(Chat).where(Chat.patient_id == user.id),
        "messages": select(func.count()).select_from(Message).where(Message.chat_id.in_(whose.chats)),
        "consultations": select(func.count()).select_from(Consultation).where(Consultation.patient_id == user.id),
        "conclusions": select(func.count())
        .select_from(Conclusion)
        .where(Conclusion.consultation_id.in_(whose.consultations)),
        "facts by doctors": select(func.count()).select_from(PatientFact).where(*of_doctors),
        "payments": select(func.count()).select_from(Payment).where(Payment.payer_id == user.id),
    }
    return {what: db.session.scalar(count) or 0 for what, count in counted.items()}


def erase(user: User, *, only_if_due: bool = False) -> Erased:
    """In one transaction, under every lock that is taken for the person's consultations, money and chats; the caller
    commits, then deletes the files. Who is erased already is left as they are.

    Where `erased_at` is still None afterwards (a call began, or it was undone while the locks were waited for) the
    caller rolls back: relatives have been let go.

    Payments keep the phone until their money has come to rest: forget_contacts().
    """
    erased = Erased()
    if may_be_erased(user):
        winding_up.let_relatives_go(user)
    winding_up.lock_all_of(user)
    if not may_be_erased(user) or (only_if_due and not is_due(user)):
        return erased
    winding_up.end_by_refusal(user)
    chats = winding_up.chats_of(user)
    whose = _Whose(user, user.phone, user.email)
    _seal(user, chats)
    erased.files = [*_unsent_files(user), *DataCopy.files_of(user)]
    DataCopy.withdraw_all_of(user)
    for what, go in GOES.items():
        erased.rows[what] = go(whose)
    for chat in chats:
        chat.shut_for_good()
    for device in db.session.scalars(select(Device).where(Device.user_id == user.id)):
        device.end()
    payment_contacts.end_prepayments(user)
    record(AccountNoted("erased", user.id))
    _become_number(user)
    db.session.flush()
    return erased


def _seal(user: User, chats: Sequence[Chat]) -> None:
    SealedIdentity.keep(user, db.session.scalars(_dependants_of(user)).all())
    for chat in chats:
        if user.phone is not None and chat.open_until is not None:
            UsedFreeDays.keep(user.phone, chat.dependant, chat.doctor_id)


def _dependants_of(user: User) -> Select[tuple[Dependant]]:
    """Of all times, those that were taken off as well."""
    return select(Dependant).where(Dependant.user_id == user.id).order_by(Dependant.id)


def _unsent_files(user: User) -> list[str]:
    unsent = select(Attachment).where(Attachment.author_id == user.id, Attachment.message_id.is_(None))
    return [one.file_of(variant) for one in db.session.scalars(unsent) for variant in Variant]


def _become_number(user: User) -> None:
    user.rename(f"№ {user.id}")
    user.phone = user.email = user.email_proved_at = user.birth_date = user.sex = user.timezone = None
    user.password_hash, user.accepted_versions = "", ""
    user.timezone_is_chosen = user.push_names = False
    user.seen_at = user.push_offered_at = user.erases_at = None
    user.erased_at = clock.now()
    for number, dependant in enumerate(db.session.scalars(_dependants_of(user)).all(), 1):
        dependant.name = dependant.name_key = f"№ {user.id}-{number}"
        dependant.birth_date, dependant.sex, dependant.account_id = birth_dates.EARLIEST, None, None
        dependant.archived_at = dependant.archived_at or clock.now()
        dependant.ending = dependant.ending or DependantEnding.REMOVED
    for dependant in db.session.scalars(select(Dependant).where(Dependant.account_id == user.id)).all():
        dependant.name = dependant.name_key = f"№ {user.id}-{dependant.id}"  # of others, who wrote
        dependant.birth_date, dependant.sex, dependant.account_id = birth_dates.EARLIEST, None, None


# What goes


def _deleted(model: type[Model], which: Callable[[_Whose], Any]) -> Callable[[_Whose], int]:
    return lambda whose: _count(delete(model).where(which(whose)))


def _emptied(change: Callable[[_Whose], Update]) -> Callable[[_Whose], int]:
    return lambda whose: _count(change(whose))


def _count(statement: Any) -> int:
    done = db.session.execute(statement.execution_options(synchronize_session=False))
    return cast(CursorResult[Any], done).rowcount


def _own_facts(whose: _Whose) -> int:
    """What the patient, or who wrote for them, has said; what a doctor has written stays, as in any record."""
    by_doctors = PatientFact.author_id.in_(_doctors())
    own = select(PatientFact.id).where(PatientFact.patient_id == whose.user.id, ~by_doctors)
    _count(update(PatientFact).where(PatientFact.replaces_id.in_(own)).values(replaces_id=None))
    _count(delete(PatientFactStrike).where(PatientFactStrike.fact_id.in_(own)))
    return _count(delete(PatientFact).where(PatientFact.id.in_(own)))


def _are_about(whose: _Whose) -> ColumnElement[bool]:
    """Of the person, and of everybody whose chats go with them."""
    own = select(Dependant.id).where(Dependant.account_id == whose.user.id)
    chats = select(Chat.id).where(or_(Chat.patient_id == whose.user.id, Chat.dependant_id.in_(own)))
    return Conclusion.consultation_id.in_(select(Consultation.id).where(Consultation.chat_id.in_(chats)))


def _were_written_by(whose: _Whose) -> ColumnElement[bool]:
    """Of chats in which the person wrote in somebody's name, who has them now."""
    places = select(ChatMember.chat_id).where(ChatMember.user_id == whose.user.id)
    return Conclusion.consultation_id.in_(select(Consultation.id).where(Consultation.chat_id.in_(places)))


def _doctors() -> Select[tuple[int]]:
    return select(User.id).where(User.role == Role.DOCTOR)


def _unsent(whose: _Whose) -> Update:
    theirs = Attachment.author_id == whose.user.id, Attachment.message_id.is_(None)
    old = clock.now() - Attachment.IS_SWEPT_AFTER
    return update(Attachment).where(*theirs).values(name="", digest="", created_at=old)


def _invitations(whose: _Whose) -> Update:
    """Also those of others to the same phone or address, and of children who may take their chats over: nobody is
    invited to an account that is gone."""
    of_children = Invitation.dependant_id.in_(whose.dependants)
    theirs = or_(Invitation.accepted_by_id == whose.user.id, whose.is_contact(Invitation), of_children)
    now = clock.now()
    return update(Invitation).where(theirs).values(
        name="", phone=None, email="", guest_phone=None, birth_date=None, token_hash=None, withdrawn_at=now,
        forgotten_at=now,
    )  # fmt: skip


def _list_lines(whose: _Whose) -> Update:
    invited = select(Invitation.id).where(Invitation.accepted_by_id == whose.user.id)
    theirs = or_(ImportLine.invitation_id.in_(invited), whose.is_contact(ImportLine))
    return update(ImportLine).where(theirs).values(name="", phone=None, email=None, typed="", birth_date=None)


GOES: dict[str, Callable[[_Whose], int]] = {
    "links that prove an address": _deleted(EmailProof, lambda whose: EmailProof.user_id == whose.user.id),
    "login codes": _deleted(LoginCode, lambda whose: LoginCode.phone == (whose.phone or "")),
    "codes to relatives": _deleted(
        FamilyCode,
        lambda whose: or_(
            FamilyCode.asker_id == whose.user.id,
            FamilyCode.dependant_id.in_(whose.dependants),
            FamilyCode.phone == (whose.phone or ""),
        ),
    ),
    "papers of representations": _emptied(
        lambda whose: update(Representation).where(Representation.dependant_id.in_(whose.dependants)).values(paper="")
    ),
    "changes of ways in": _deleted(SecurityEvent, lambda whose: SecurityEvent.user_id == whose.user.id),
    "known browsers": _deleted(KnownBrowser, lambda whose: KnownBrowser.user_id == whose.user.id),
    "links to other devices": _deleted(DeviceTransfer, lambda whose: DeviceTransfer.user_id == whose.user.id),
    "notifications": _deleted(
        Notification,
        lambda whose: or_(
            Notification.user_id == whose.user.id,
            Notification.chat_id.in_(whose.chats),
            Notification.consultation_id.in_(whose.consultations),
        ),
    ),
    "files that were not sent": _emptied(_unsent),  # their rows go with the files themselves
    "own facts about health": _own_facts,
    "doctors' private notes": _deleted(PatientNote, lambda whose: PatientNote.chat_id.in_(whose.chats)),
    "drafts of conclusions": _deleted(
        ConclusionDraft, lambda whose: ConclusionDraft.consultation_id.in_(whose.consultations)
    ),
    "names on conclusions": _emptied(
        lambda whose: (
            update(Conclusion)
            .where(_are_about(whose))
            .values(subject_name=None, subject_birth_date=None, subject_sex=None, writer=None)
        )
    ),
    "writers on conclusions": _emptied(
        lambda whose: (
            update(Conclusion)
            .where(_were_written_by(whose), Conclusion.writer.is_not(None))
            .values(writer=f"№ {whose.user.id}")
        )
    ),
    "words of ratings": _emptied(
        lambda whose: update(Review).where(Review.consultation_id.in_(whose.consultations)).values(words="")
    ),
    "lines of patient lists": _emptied(_list_lines),
    "invitations": _emptied(_invitations),
    "addresses of consents": _emptied(
        lambda whose: update(Consent).where(Consent.user_id == whose.user.id).values(address="")
    ),
    "addresses in the audit log": _emptied(
        lambda whose: update(AuditEvent).where(AuditEvent.actor_id == whose.user.id).values(address="")
    ),
}
