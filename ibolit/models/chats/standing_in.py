"""Who else may read a chat, and until when: the doctor who stands in where the patient has chosen it."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ...extensions import db
from ...services import clock
from ..people import User
from .member import ChatMember

if TYPE_CHECKING:
    from .chat import Chat


class ChatStandIn:
    """A chat's facet for the doctor who answers while its own is away."""

    def is_answered_by(self: Chat, user: User) -> bool:
        """Their word is an answer: of the doctor, or of the one who stands in."""
        return user.is_doctor

    def is_stood_in_by(self: Chat, user: User) -> bool:
        """A doctor whom the patient has let answer for their own."""
        return user.is_doctor and not self.is_led_by(user)

    def open_to(self: Chat, user: User, until: datetime, read_to: int) -> None:
        """What was said after the number `read_to` is new to them, as far as they have not read it before."""
        place = self._place_of(user.id)
        if place is None:
            place = ChatMember(chat_id=self.id, user_id=user.id, delivered_to=0, read_to=0)
            db.session.add(place)
        place.until, place.notified_from_seq = until, 0
        place.read_to = max(place.read_to, read_to)
        place.delivered_to = max(place.delivered_to, place.read_to)
        place.unread = self._others_after(place.read_to, user.id)
        self._read_members_anew()

    def keep_open_to(self: Chat, user: User, until: datetime) -> None:
        """Until the return as it is now; who had no place gets none by this."""
        place = self._place_of(user.id)
        if place is not None and place.until is not None:
            place.until = until
            self._read_members_anew()

    def shut_to(self: Chat, user: User) -> None:
        """From this moment on they read, write and hear nothing here; what they have said keeps their name."""
        self.keep_open_to(user, clock.now())

    def _place_of(self: Chat, user_id: int) -> ChatMember | None:
        self.lock()
        return db.session.get(ChatMember, (self.id, user_id), populate_existing=True)

    def _read_members_anew(self: Chat) -> None:
        db.session.flush()
        db.session.expire(self, ["members"])
