"""How a chat begins, and about whom it is: the patient, or somebody they write for."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Select, select, update

from ... import errors
from ...extensions import db
from ...services import clock
from ..doctors import Doctor
from ..inserting import insert_new
from ..people import Dependant, SubjectKey, User
from .free_days import UsedFreeDays
from .member import ChatMember

if TYPE_CHECKING:
    from .chat import Chat


class ChatBeginning:
    """A chat's facet for its three: who writes, about whom, and the doctor."""

    @classmethod
    def between(cls: type[Chat], patient: User, doctor: Doctor, dependant: Dependant | None = None) -> Chat | None:
        """The living one; a «Прежняя переписка» stands beside it."""
        return db.session.scalar(_living(cls, patient, doctor, dependant))

    @classmethod
    def are_about(cls: type[Chat], whose: SubjectKey) -> tuple[ColumnElement[bool], ...]:
        """All about one person, with whichever doctor; a «Прежняя переписка», too."""
        return cls.patient_id == whose.patient_id, cls.dependant_id.is_not_distinct_from(whose.dependant_id)

    @classmethod
    def begun_with(cls: type[Chat], patient: User, doctor: Doctor) -> set[int | None]:
        """About whom there is one: numbers of dependants, None for the patient themselves."""
        whose = cls.patient_id == patient.id, cls.doctor_id == doctor.id, cls.former_since.is_(None)
        return set(db.session.scalars(select(cls.dependant_id).where(*whose)))

    @classmethod
    def begin(
        cls: type[Chat],
        patient: User,
        doctor: Doctor,
        dependant: Dependant | None = None,
        *,
        invited: bool = False,
        booked: bool = False,
    ) -> int:
        """The id of their chat, about the patient or this dependant of theirs, made now if there was none; two presses
        at once make one.

        Of a child's the parent is a member until the child comes of age.
        Raises DoctorTakesNoMessages when a new one cannot be begun; an invitation is the doctor's own word, and who is
        `booked` takes a consultation, not messages. Raises MayNotWriteFor when nobody may write for this dependant.
        """
        chat = cls.between(patient, doctor, dependant)
        if chat is not None:
            if invited:
                chat.last_at = chat.last_at or clock.now()
            return chat.id
        if dependant is not None and not (dependant.user_id == patient.id and dependant.may_be_written_for):
            raise errors.MayNotWriteFor
        if not (invited or booked or doctor.takes_new_patients()):
            raise errors.DoctorTakesNoMessages
        made: dict[str, object] = {"patient_id": patient.id, "doctor_id": doctor.id}
        made["free_days"] = UsedFreeDays.left_with(doctor, patient, dependant)
        made["dependant_id"] = dependant.id if dependant is not None else None
        made["last_at"] = clock.now() if invited else None
        insert_new(cls, made)
        chat_id = db.session.scalars(_living(cls, patient, doctor, dependant).with_only_columns(cls.id)).one()
        until = dependant.shown_until if dependant is not None else None
        insert_new(ChatMember, {"chat_id": chat_id, "user_id": patient.id, "until": until})
        insert_new(ChatMember, {"chat_id": chat_id, "user_id": doctor.user_id})
        if dependant is not None and dependant.account_id is not None:  # who has permitted it sees it
            insert_new(ChatMember, {"chat_id": chat_id, "user_id": dependant.account_id})
        return chat_id

    @classmethod
    def follow_birth_date(cls: type[Chat], dependant: Dependant) -> None:
        """The day on which a child comes of age may be another. Who may read no more by now gets nothing back."""
        if dependant.shown_until is None:
            return
        theirs = select(cls.id).where(cls.dependant_id == dependant.id)
        place = ChatMember.user_id == dependant.user_id, ChatMember.chat_id.in_(theirs)
        moved = update(ChatMember).where(*place, ChatMember.until > clock.now())
        db.session.execute(moved.values(until=dependant.shown_until), execution_options={"synchronize_session": False})

    @property
    def subject(self: Chat) -> User | Dependant:
        """About whom it is (FHIR: Encounter.subject); who writes and pays is the `patient`."""
        return self.dependant if self.dependant is not None else self.patient

    def named_for(self: Chat, viewer: User) -> User | Dependant:
        """After whom it is called on this reader's screens: about whom it is for who answers, else the doctor."""
        return self.subject if self.is_answered_by(viewer) else self.doctor.user

    @property
    def subject_key(self: Chat) -> SubjectKey:
        return SubjectKey(self.patient_id, self.dependant_id)

    @property
    def writer_words(self: Chat) -> str:
        """«пишет мама, Анна Соколова»; nothing where the patient writes of themselves."""
        return f"пишет {self.writer_title}" if self.writer_title else ""

    @property
    def writer_title(self: Chat) -> str:
        """«мама, Анна Соколова»"""
        return f"{self.dependant.relation.word}, {self.patient.name}" if self.dependant is not None else ""

    @property
    def is_former(self: Chat) -> bool:
        """«Прежняя переписка»: it moved to somebody who has a chat with this doctor, and is only read."""
        return self.former_since is not None

    def is_shown_to(self: Chat, user: User) -> bool:
        """They have a place in it that has not ended, as its patient has who writes of themselves."""
        if self.dependant_id is None and self.patient_id == user.id:
            return True
        return any(one.user_id == user.id and one.is_here for one in self.members)


def _living(noun: type[Chat], patient: User, doctor: Doctor, dependant: Dependant | None) -> Select[tuple[Chat]]:
    whose = noun.patient_id == patient.id, noun.doctor_id == doctor.id, noun.former_since.is_(None)
    is_about = noun.dependant_id.is_(None) if dependant is None else noun.dependant_id == dependant.id
    return select(noun).where(*whose, is_about)
