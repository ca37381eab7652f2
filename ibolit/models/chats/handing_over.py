"""How a chat about somebody's dependant becomes a chat of that person's own account."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped

from ...events import ChatHandedOver, PlaceEnded, record
from ...extensions import db
from ...services import clock
from ..people import User
from .member import ChatMember

if TYPE_CHECKING:
    from .chat import Chat


class ChatHandover:
    """A chat's facet for whose it is: the account that wrote in somebody's name, then their own."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        former_since: Mapped[datetime | None]
        dependant_id: Mapped[int | None]
        patient_id: Mapped[int]

    @classmethod
    def of_dependant(cls: type[Chat], dependant_id: int) -> list[Chat]:
        """In the order of their locks."""
        return list(db.session.scalars(select(cls).where(cls.dependant_id == dependant_id).order_by(cls.id)))

    @classmethod
    def of_patient(cls: type[Chat], user: User) -> list[Chat]:
        """All in which the account writes, of itself or for others, in the order of their locks."""
        return list(db.session.scalars(select(cls).where(cls.patient_id == user.id).order_by(cls.id)))

    def seat(self: Chat, user: User) -> None:
        """They see it from now on, all that was said included, which is no news to them."""
        place = self._place_of(user.id)
        if place is None:
            db.session.add(ChatMember(chat_id=self.id, user_id=user.id, **self._all_read()))
        elif place.until is not None:
            place.until = None
        self._read_members_anew()

    def unseat(self: Chat, user: User) -> None:
        """From this moment on they read, write and hear nothing here; what they have said keeps their name."""
        place = self._place_of(user.id)
        if place is not None and place.is_here:
            place.until, place.unread, place.notified_from_seq = clock.now(), 0, 0
            self._read_members_anew()
            record(PlaceEnded(self.id, user.id))

    def hand_over(self: Chat, to: User) -> None:
        """From the account that wrote in their name: it reads, writes and hears nothing here any more.

        Where `to` and the doctor have a chat already, it stands beside it, to be read alone. Its consultations and
        facts are moved by family.handing_over, which calls this.
        """
        self.lock()
        writer = self.patient
        self.seat(to)
        self.unseat(writer)
        self._become_chat_of(to)
        db.session.expire(self, ["patient", "dependant"])
        if self.is_former and self.is_waiting:
            self.dismiss(self.last_seq)
        record(ChatHandedOver(self.id))

    # Below: parts of these

    def _all_read(self: Chat) -> dict[str, int]:
        return {"delivered_to": self.last_seq, "read_to": self.last_seq}

    def _become_chat_of(self: Chat, to: User) -> None:
        """Their own with this doctor may be begun at this very moment: the database decides which of them is former."""
        try:
            with db.session.begin_nested():
                self.patient_id, self.dependant_id = to.id, None
                db.session.flush()
        except IntegrityError:
            db.session.refresh(self)
            self.patient_id, self.dependant_id, self.former_since = to.id, None, clock.now()
            db.session.flush()
