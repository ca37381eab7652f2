"""The automatic answer of a doctor who is away, by which the patient chooses who shall answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...events import StandInChosen, record
from ...extensions import Model, db
from ...services import clock
from ..chats import Card, Chat, Message, register_card
from ..doctors import Doctor, TimeOff
from ..people import Consent, User
from ..types import RowId, UtcDateTime, enum_column


class StandInChoice(StrEnum):
    STAND_IN = "stand_in"  # «Пусть ответит Лебедев»
    WAIT = "wait"  # «Подождать Иванову»


class StandInOffer(Model):
    """A card in the chat, once an absence and stand-in: until the return a patient may choose again.

    `stand_in_id`: whom it offers; None where there is nobody to ask.
    """

    __table_args__ = (
        Index("ix_stand_in_offer_of_chat", "chat_id", "id"),
        Index("ix_stand_in_offer_of_time_off", "time_off_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    time_off_id: Mapped[int] = mapped_column(ForeignKey("time_off.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("doctor.id"))
    choice: Mapped[StandInChoice | None] = mapped_column(enum_column(StandInChoice))
    chosen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    chat: Mapped[Chat] = relationship(innerjoin=True, viewonly=True)
    message: Mapped[Message] = relationship(innerjoin=True, viewonly=True)
    time_off: Mapped[TimeOff] = relationship(innerjoin=True, viewonly=True)
    stand_in: Mapped[Doctor | None] = relationship(viewonly=True)

    # Look-ups

    @classmethod
    def of_messages(cls, ids: Sequence[int]) -> Sequence[Self]:
        away = joinedload(cls.time_off).joinedload(TimeOff.doctor).joinedload(Doctor.user)
        people = away, joinedload(cls.stand_in).joinedload(Doctor.user)
        return db.session.scalars(select(cls).options(*people).where(cls.message_id.in_(ids))).all()

    @classmethod
    def chat_of(cls, id: int) -> int | None:
        """Its chat's number; whether they may know of it, the chat says."""
        return db.session.scalar(select(cls.chat_id).where(cls.id == id))

    @classmethod
    def in_chat(cls, chat: Chat, id: int) -> Self | None:
        """Read anew, with the absence as it is now."""
        one = select(cls).options(joinedload(cls.time_off)).where(cls.id == id, cls.chat_id == chat.id)
        return db.session.scalar(one.execution_options(populate_existing=True))

    @classmethod
    def of_chat(cls, chat: Chat) -> Self:
        """The last one; there is one."""
        return db.session.scalars(select(cls).where(cls.chat_id == chat.id).order_by(cls.id.desc()).limit(1)).one()

    @classmethod
    def latest_in(cls, chat: Chat, time_off: TimeOff) -> Self | None:
        mine = cls.chat_id == chat.id, cls.time_off_id == time_off.id
        return db.session.scalar(select(cls).where(*mine).order_by(cls.id.desc()).limit(1))

    # Questions

    @property
    def is_open(self) -> bool:
        """The doctor is away still, and it offers whom the doctor has named last."""
        return self.time_off.is_now and self.stand_in_id == self.time_off.stand_in_id

    @property
    def may_be_chosen(self) -> bool:
        """«Пусть ответит …»: there is somebody, who is here."""
        return self.is_open and self.time_off.available_stand_in is not None

    @property
    def is_taken_up(self) -> bool:
        """Whom the doctor has named last answers here, wherever they may be just now."""
        return self.is_answered_by_stand_in and self.stand_in_id == self.time_off.stand_in_id

    @property
    def is_answered_by_stand_in(self) -> bool:
        return self.choice is StandInChoice.STAND_IN

    def asks_consent_of(self, user: User) -> bool:
        """Their consent says nothing yet of who stands in; they may accept the new one now."""
        return not Consent.names_stand_in(user)

    # Verbs, under the chat's lock

    @classmethod
    def answer(cls, chat: Chat, words: Callable[[TimeOff, Doctor | None], str]) -> None:
        """What the doctor's time off says to a patient who writes; once, until it says something else.

        `words` puts it, as lists and searches show it.
        """
        time_off = TimeOff.current_of(chat.doctor)
        if time_off is None:
            return
        stand_in = time_off.available_stand_in
        known = cls.latest_in(chat, time_off)
        stand_in_id = stand_in.id if stand_in else None
        if known is not None and (known.stand_in_id == stand_in_id or known.is_taken_up):
            return
        key = f"away-{time_off.id}-{stand_in_id or 0}-{known.id if known else 0}"
        message = chat.post_system_card(words(time_off, stand_in), key, Card.STAND_IN_OFFER, by=chat.doctor.user_id)
        db.session.add(cls(chat_id=chat.id, time_off_id=time_off.id, message_id=message.id, stand_in_id=stand_in_id))
        db.session.flush()

    def choose(self, patient: User, choice: StandInChoice) -> None:
        """Chosen twice it is chosen. Raises AbsenceIsOver, StandInIsNotHere, ConsentIsOld.

        Who has changed time off of any doctor is waited for: the choice holds until the return that is known then.
        """
        if not self.is_open:
            raise errors.AbsenceIsOver
        if choice is StandInChoice.STAND_IN:
            self._refuse_stand_in(patient)
        if choice is self.choice:
            return
        was_open = self.is_answered_by_stand_in
        self.choice, self.chosen_at = choice, clock.now()
        if choice is StandInChoice.STAND_IN and self.stand_in is not None:
            # What the patient wrote since the automatic answer, its cause included, is new to whom it opens.
            self.chat.open_to(self.stand_in.user, self.time_off.ends_at, read_to=max(0, self.message.seq - 2))
        elif was_open and self.stand_in is not None:
            self.chat.shut_to(self.stand_in.user)
        self.chat.bump_revision(self.message)
        if was_open or self.is_answered_by_stand_in:
            record(StandInChosen(self.id))

    # Below: parts of these

    def _refuse_stand_in(self, patient: User) -> None:
        if self.stand_in_id is None or self.time_off.available_stand_in is None:
            raise errors.StandInIsNotHere
        if not Consent.names_stand_in(patient):
            raise errors.ConsentIsOld


register_card(Card.STAND_IN_OFFER, StandInOffer.of_messages)
