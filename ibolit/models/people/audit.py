"""Who saw or changed whose medical data, when and from where; written from the first day, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import Index, String, exists, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from ...config import current_settings
from ...extensions import Model, db
from ...services import clock
from ..purging import purge
from ..types import RowId, UtcDateTime, enum_column

if TYPE_CHECKING:
    from .user import User

CONSOLE = "console"  # in place of an address


class AuditAction(StrEnum):
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    REGISTERED = "registered"
    PASSWORD_CHANGED = "password_changed"
    EMAIL_PROVED = "email_proved"
    ACCOUNT_FROZEN = "account_frozen"
    ACCOUNT_THAWED = "account_thawed"
    NUMBER_LEFT = "number_left"
    NUMBER_GIVEN = "number_given"
    DEVICE_ENDED = "device_ended"
    CONSENTED = "consented"
    ERASURE_ASKED = "erasure_asked"
    ERASURE_UNDONE = "erasure_undone"
    ACCOUNT_ERASED = "account_erased"
    SEAL_OPENED = "seal_opened"
    PHONE_CHANGED = "phone_changed"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    COPY_REQUESTED = "copy_requested"
    COPY_TAKEN = "copy_taken"
    DOCTOR_ADDED = "doctor_added"
    DOCTOR_CHANGED = "doctor_changed"
    OPERATOR_ADDED = "operator_added"
    CLINIC_COPIED = "clinic_copied"
    CLINIC_RESTORED = "clinic_restored"
    INVITED = "invited"
    INVITED_AGAIN = "invited_again"
    INVITATION_ENDED = "invitation_ended"
    INVITATION_ACCEPTED = "invitation_accepted"
    INVITATIONS_LISTED = "invitations_listed"
    PATIENTS_IMPORTED = "patients_imported"
    CHAT_READ = "chat_read"
    CHAT_SEARCHED = "chat_searched"
    MESSAGE_RECALLED = "message_recalled"
    STAND_IN_CHOSEN = "stand_in_chosen"
    FILE_READ = "file_read"
    FILES_LISTED = "files_listed"
    CONCLUSION_GIVEN = "conclusion_given"
    CONCLUSION_READ = "conclusion_read"
    QUESTIONNAIRE_READ = "questionnaire_read"
    CONSULTATION_READ = "consultation_read"
    PATIENT_READ = "patient_read"
    PATIENT_FOUND = "patient_found"
    COLUMN_READ = "column_read"
    FACTS_READ = "facts_read"
    FACTS_CHANGED = "facts_changed"
    FAMILY_CHANGED = "family_changed"
    DAYS_GIVEN = "days_given"
    PERMISSION_GIVEN = "permission_given"
    PERMISSION_ENDED = "permission_ended"
    CHATS_HANDED_OVER = "chats_handed_over"
    CHILD_AGREED = "child_agreed"
    DEATH_MARKED = "death_marked"
    DEATH_UNMARKED = "death_unmarked"
    REPRESENTATION_ENTERED = "represented"
    REPRESENTATION_ENDED = "unrepresented"
    PROFILE_CHANGED = "profile_changed"
    TARIFF_CHANGED = "tariff_changed"
    TIME_OFF_CHANGED = "time_off_changed"
    PAYMENT_READ = "payment_read"
    PAYMENTS_FOUND = "payments_found"
    REFUNDS_LISTED = "refunds_listed"
    REFUND_MADE = "refund_made"
    REFUND_APPROVED = "refund_approved"
    REFUND_DECLINED = "refund_declined"
    REFUND_REPEATED = "refund_repeated"
    REFUND_OTHERWISE = "refund_otherwise"
    ALERT_CLOSED = "alert_closed"


class AuditReason(StrEnum):
    """Why they did it or saw it, as «Кто смотрел мои данные» will say it; never a word of a person."""

    OWN = "own"  # their own account, chat or money
    CARE = "care"  # the doctor whom the patient writes to
    STAND_IN = "stand_in"  # a colleague whom the patient lets answer while that doctor is away
    OFFICE = "office"  # the clinic's operator
    CONSOLE = "console"  # whoever keeps the server
    COURT = "court"  # a court has ordered it
    AUTHORITY = "authority"  # an authority whose request the law obeys


class AuditEvent(Model):
    """Whose data it were says `patient_id`: None where it is nobody's, or a list of many.

    `first` and `last` bound what was seen: numbers of messages in the chat `subject_id`.

    Of a file that was read the subject is the file itself; of an operator's action the payment or the refund; of
    days that were given the chat, with their number as `first` and `last`; of a patient's page, of their column
    beside a chat and of their facts the chat, with the numbers of the messages whose files were shown; of a fact
    that was changed the fact, of a family the dependant, of a birth date and a sex the patient; of a doctor's page
    the doctor, of a tariff the tariff; of a conclusion (`first` to `last` are its versions) and of a questionnaire
    the consultation.
    """

    __table_args__ = (
        Index("ix_audit_event_subject", "action", "subject_id"),
        Index("ix_audit_event_actor", "actor_id", "at"),
        Index("ix_audit_event_patient", "patient_id", "at"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    action: Mapped[AuditAction] = mapped_column(enum_column(AuditAction))
    actor_id: Mapped[int | None] = mapped_column(RowId)  # no foreign key: the audit log outlives what it speaks of
    patient_id: Mapped[int | None] = mapped_column(RowId)
    dependant_id: Mapped[int | None] = mapped_column(RowId)  # for whom the patient writes
    reason: Mapped[AuditReason | None] = mapped_column(enum_column(AuditReason))
    subject_id: Mapped[int | None] = mapped_column(RowId)
    first: Mapped[int | None]
    last: Mapped[int | None]
    address: Mapped[str] = mapped_column(String(45))

    @classmethod
    def write(
        cls,
        action: AuditAction,
        *,
        actor_id: int | None,
        patient_id: int | None,
        dependant_id: int | None = None,
        reason: AuditReason | None,
        address: str,
        subject_id: int | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        """Whoever writes one says whose data it were and why; None is said, too."""
        whose = {"actor_id": actor_id, "patient_id": patient_id, "dependant_id": dependant_id, "reason": reason}
        what = {"action": action, "subject_id": subject_id, "first": first, "last": last}
        db.session.add(cls(address=address, **whose, **what))

    @classmethod
    def write_of_account(cls, action: AuditAction, user: User, *, address: str) -> None:
        """What somebody did with their own account, signed in or not."""
        cls.write(
            action,
            actor_id=user.id,
            patient_id=user.id_as_patient,
            reason=AuditReason.OWN,
            subject_id=user.id,
            address=address,
        )

    @classmethod
    def write_at_console(
        cls,
        action: AuditAction,
        subject_id: int | None = None,
        *,
        patient_id: int | None,
        dependant_id: int | None = None,
        first: int | None = None,
        last: int | None = None,
    ) -> None:
        """By a `flask` command, whoever has typed it."""
        cls.write(
            action,
            actor_id=None,
            patient_id=patient_id,
            dependant_id=dependant_id,
            reason=AuditReason.CONSOLE,
            subject_id=subject_id,
            first=first,
            last=last,
            address=CONSOLE,
        )

    @classmethod
    def was_written(cls, action: AuditAction, *, actor_id: int, subject_id: int, since: datetime) -> bool:
        written = exists().where(
            cls.action == action, cls.subject_id == subject_id, cls.actor_id == actor_id, cls.at > since
        )
        return bool(db.session.scalar(select(written)))

    @classmethod
    def purge_old(cls) -> int:
        """No sooner than the papers it speaks of may go: 25 years when nothing else is set."""
        return purge(cls, cls.at < clock.now() - timedelta(days=current_settings.keep_audit))

    @classmethod
    def write_all(cls, action: AuditAction, rows: Sequence[dict[str, object]], *, actor_id: int, address: str) -> None:
        """A row each, with whose data, `reason`, `subject_id`, `first` and `last`; one statement for all."""
        common = {"at": clock.now(), "action": action, "actor_id": actor_id, "address": address}
        if rows:
            db.session.execute(insert(cls), [common | row for row in rows])
