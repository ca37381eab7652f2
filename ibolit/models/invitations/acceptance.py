"""How an invitation leads a patient into the chat."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import false, or_, select
from sqlalchemy.orm import Mapped

from ... import errors
from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..locking import LockKind, advisory_lock
from ..people import User

if TYPE_CHECKING:
    from .invitation import Invitation


class InvitationAcceptance:
    """An invitation's facet for whoever holds its link, or has proved the phone or address it was sent to."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        guest_phone: Mapped[str | None]
        opened_at: Mapped[datetime | None]
        accepted_at: Mapped[datetime | None]
        accepted_by_id: Mapped[int | None]
        birth_date: Mapped[date | None]

    @classmethod
    def knows_phone(cls: type[Invitation], phone: str) -> bool:
        """In `invite` mode such a phone gets a code: it is invited, or typed by who holds a mailed link."""
        own = or_(cls.phone == phone, cls.guest_phone == phone)
        return db.session.scalar(select(cls.id).where(own, cls.is_pending()).limit(1)) is not None

    def is_for(self: Invitation, user: User) -> bool:
        """By what the person has proved."""
        return self.phone == user.phone if self.phone else self.email == user.email

    def open(self: Invitation) -> None:
        """By a press: scanners of mail and messengers fetch every link they see."""
        self.opened_at = self.opened_at or clock.now()

    def claim_phone(self: Invitation, phone: str) -> None:
        """Who holds the mailed link says that this is their phone; the code will prove it."""
        if self.email is not None:
            self.guest_phone = phone

    def accept(self: Invitation, patient: User, *, may_add_email: bool = True, is_born_then: bool = False) -> int:
        """The id of the chat; accepted before by the same person it is the same.

        Raises InvitationIsForPatients, InvitationIsForAnother, InvitationIsOver, or InvitationAsksBirthDate unless who
        takes chats over `is_born_then`. An address becomes the person's own
        unless they or somebody else have one: who holds the link has read that mailbox. It is a way in, so it is added
        only where the person has just proved who they are (`may_add_email`), and their older ways must be told.
        """
        if not patient.is_patient:
            raise errors.InvitationIsForPatients
        if self.phone is not None and self.phone != patient.phone:
            raise errors.InvitationIsForAnother
        self._lock()
        if self.dependant_id is not None and not is_born_then:
            raise errors.InvitationAsksBirthDate
        if self.accepted_by_id != patient.id:
            self._claim(patient, may_add_email)
        return Chat.begin(patient, self.doctor, invited=True)

    @classmethod
    def accept_all_of(cls: type[Invitation], patient: User) -> dict[Invitation, int]:
        """With or without their links: what was sent to their proved phone or address, with the chats it opened."""
        opened: dict[Invitation, int] = {}
        if not patient.is_patient:
            return opened
        mine = or_(
            cls.phone == patient.phone if patient.phone else false(),
            cls.email == patient.email if patient.email else false(),
        )
        pending = db.session.scalars(
            cls._with_doctor().where(mine, cls.is_pending(), cls.dependant_id.is_(None)).order_by(cls.id)
        ).all()
        for invitation in pending:
            with suppress(errors.InvitationIsOver):  # taken back at this very moment
                opened[invitation] = invitation.accept(patient)
        return opened

    def chat_of(self: Invitation, user: User) -> int | None:
        """Where it has led this very person."""
        if self.accepted_by_id != user.id:
            return None
        led = Chat.between(user, self.doctor)
        return led.id if led is not None else None

    def _claim(self: Invitation, patient: User, may_add_email: bool) -> None:
        if not self.is_alive:
            raise errors.InvitationIsOver
        self.accepted_at, self.accepted_by_id = clock.now(), patient.id
        if patient.birth_date is not None and not self.names_child:  # as they say it themselves
            self.birth_date = None
        if self.email is not None and patient.email is None and may_add_email:
            advisory_lock(LockKind.EMAIL, self.email)  # two may prove the same address at once
            if User.by_email(self.email) is None:
                patient.assign_email(self.email)
