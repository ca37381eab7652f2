"""Whose a consultation is: who pays, about whom it is, and the doctor; and who may look it up."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import BindParameter, ColumnElement, exists

from ...services import clock
from ..chats import Chat, ChatMember
from ..doctors import Doctor
from ..people import Dependant, User

if TYPE_CHECKING:
    from .consultation import Consultation


class ConsultationSides:
    """A consultation's facet for its people, who are those of its chat."""

    @classmethod
    def is_of(cls: type[Consultation], user: User) -> ColumnElement[bool]:
        """Whatever a doctor leads of people who are not erased; a patient's as long as they may read its chat."""
        if user.doctor is not None:
            return (cls.doctor_id == user.doctor.id) & cls.chat_id.not_in(Chat.erased())
        return (cls.patient_id == user.id) & cls.is_shown_to(user.id, clock.now())

    @classmethod
    def is_shown_to(
        cls: type[Consultation], reader: int | BindParameter[int], now: datetime | BindParameter[datetime]
    ) -> ColumnElement[bool]:
        """The person has a place in its chat that has not ended."""
        place = ChatMember.chat_id == cls.chat_id, ChatMember.user_id == reader
        return exists().where(*place, ChatMember.ends_after(now))

    @property
    def patient(self: Consultation) -> User:
        """Who writes and pays."""
        return self.chat.patient

    @property
    def subject(self: Consultation) -> User | Dependant:
        """About whom it is: the patient, or somebody they write for."""
        return self.chat.subject

    @property
    def doctor(self: Consultation) -> Doctor:
        return self.chat.doctor

    def named_for(self: Consultation, viewer: User) -> User | Dependant:
        return self.chat.named_for(viewer)

    def other_than(self: Consultation, user: User) -> User:
        return self.chat.other_than(user)
