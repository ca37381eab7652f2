"""«Кто смотрел мои данные»: lines of the audit log as the patient reads them, with names in place of numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, and_, literal, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, joinedload

from ...extensions import db
from ..chats import Attachment, Chat
from ..consultations import Consultation
from ..doctors import Doctor
from ..people import AuditAction, AuditEvent, AuditReason, Dependant, User
from ..types import RowId, UtcDateTime

Row = TypeVar("Row")

# What of one's own deeds one wants to find here: somebody else may have had the phone in hand.
OWN = (AuditAction.COPY_REQUESTED, AuditAction.COPY_TAKEN, AuditAction.CONSENT_WITHDRAWN)

# What `subject_id` of a line is, as AuditEvent says it. Of all others nothing more is said than what was done.
OF_FILE = (AuditAction.FILE_READ,)
OF_CHAT = (
    AuditAction.CHAT_READ,
    AuditAction.CHAT_SEARCHED,
    AuditAction.FILES_LISTED,
    AuditAction.MESSAGE_RECALLED,
    AuditAction.PATIENT_READ,
    AuditAction.PATIENT_FOUND,
    AuditAction.COLUMN_READ,
    AuditAction.FACTS_READ,
    AuditAction.DAYS_GIVEN,
)
OF_CONSULTATION = (
    AuditAction.CONCLUSION_GIVEN,
    AuditAction.CONCLUSION_READ,
    AuditAction.QUESTIONNAIRE_READ,
    AuditAction.CONSULTATION_READ,
)


@dataclass(frozen=True)
class Look:
    """Somebody saw or changed something: who, when, what and why. `who` is None at the clinic's own server."""

    event: AuditEvent
    who: User | None
    chat: Chat | None = None  # in which it stands
    file: Attachment | None = None
    consultation: Consultation | None = None
    about: Dependant | None = None  # of the patient's, where it is not the patient

    @property
    def at(self) -> datetime:
        return self.event.at

    @property
    def names_doctor(self) -> bool:
        """It says whose chat it was in: a doctor's own look needs no word of it."""
        return self.chat is not None and (self.who is None or self.chat.doctor.user_id != self.who.id)

    @property
    def is_by_subject(self) -> bool:
        """By whom the patient writes for, from an account of their own."""
        return self.event.reason is AuditReason.OWN and not self.is_own

    @property
    def is_own(self) -> bool:
        return self.event.actor_id is not None and self.event.actor_id == self.event.patient_id


class Looks:
    """All that concerns a patient, the newest first."""

    @classmethod
    def page_of(cls, patient: User, before: tuple[datetime, int] | None, most: int) -> list[Look]:
        """So many, from before the moment and number of the last one seen; with everything their words name."""
        lines = cls._of(patient).order_by(AuditEvent.at.desc(), AuditEvent.id.desc())
        if before is not None:
            lines = lines.where(
                tuple_(AuditEvent.at, AuditEvent.id)
                < tuple_(literal(before[0], UtcDateTime), literal(before[1], RowId))
            )
        return cls.named(db.session.scalars(lines.limit(most)).all())

    @classmethod
    def after(cls, patient: User, after: int, most: int) -> list[Look]:
        """So many, the oldest first, from after the line of that number."""
        lines = cls._of(patient).where(AuditEvent.id > after).order_by(AuditEvent.id).limit(most)
        return cls.named(db.session.scalars(lines).all())

    @classmethod
    def named(cls, lines: Sequence[AuditEvent]) -> list[Look]:
        """With the names of these lines, asked for at once: a query a kind."""
        people = _by_id(select(User).options(joinedload(User.doctor)), User.id, (one.actor_id for one in lines))
        files = _by_id(select(Attachment), Attachment.id, _subjects(lines, OF_FILE))
        consultations = _by_id(select(Consultation), Consultation.id, _subjects(lines, OF_CONSULTATION))
        of_others = [*(one.chat_id for one in files.values()), *(one.chat_id for one in consultations.values())]
        with_doctor = select(Chat).options(joinedload(Chat.doctor).joinedload(Doctor.user))
        chats = _by_id(with_doctor, Chat.id, (*_subjects(lines, OF_CHAT), *of_others))
        dependants = _by_id(select(Dependant), Dependant.id, (one.dependant_id for one in lines))
        looks = []
        for line in lines:
            id = line.subject_id or 0
            file = files.get(id) if line.action in OF_FILE else None
            consultation = consultations.get(id) if line.action in OF_CONSULTATION else None
            within: Attachment | Consultation | None = file or consultation
            chat = chats.get(within.chat_id if within else id if line.action in OF_CHAT else 0)
            about = dependants.get(line.dependant_id or 0)
            looks.append(Look(line, people.get(line.actor_id or 0), chat, file, consultation, about))
        return looks

    @classmethod
    def _of(cls, patient: User) -> Select[tuple[AuditEvent]]:
        """Also of whom they may read, and of themselves where others write for them; not what the writer has read."""
        ids = [one.id for one in Dependant.readable_by(patient)]
        written = AuditEvent.dependant_id.is_(None) | AuditEvent.dependant_id.in_(ids)
        about = [and_(AuditEvent.patient_id == patient.id, written)]
        for one in Dependant.accounts_of(patient):
            about.append(and_(AuditEvent.patient_id == one.user_id, AuditEvent.dependant_id == one.id))
        actor = AuditEvent.actor_id
        is_anothers = actor.is_(None) | and_(actor != AuditEvent.patient_id, actor != patient.id)
        return select(AuditEvent).where(or_(*about), is_anothers | AuditEvent.action.in_(OWN))


def _subjects(lines: Sequence[AuditEvent], actions: Iterable[AuditAction]) -> Iterator[int | None]:
    return (line.subject_id for line in lines if line.action in actions)


def _by_id(rows: Select[tuple[Row]], column: InstrumentedAttribute[int], ids: Iterable[int | None]) -> dict[int, Row]:
    """Nothing is asked for no ids."""
    wanted = {id for id in ids if id is not None}
    found = db.session.execute(rows.add_columns(column).where(column.in_(wanted))).tuples() if wanted else ()
    return {id: row for row, id in found}
