"""What a person has put away from their list of chats, each for themselves."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from typing import TYPE_CHECKING

from ...extensions import db
from ...services import clock
from ..people import User

if TYPE_CHECKING:
    from .chat import Chat


class ChatArchiving:
    """A chat's facet for its place in somebody's list. A new message of anybody brings it back for all."""

    def archive(self: Chat, user: User, seen: int) -> None:
        """Nothing that came after the `seen` seq is put away unread; done again it stays as it is."""
        self.lock()
        mine = self.member(user.id)
        db.session.refresh(mine)
        if self.last_seq <= seen or not mine.unread:
            mine.archived_at = mine.archived_at or clock.now()

    def unarchive(self: Chat, user: User) -> None:
        self.lock()
        self.member(user.id).archived_at = None

    def archive_for_all(self: Chat) -> None:
        """Nobody's list speaks of it; nothing in it is unread."""
        self.lock()
        for mine in self.members:
            mine.archived_at = mine.archived_at or clock.now()
            mine.delivered_to = mine.read_to = self.last_seq
            mine.unread = mine.notified_from_seq = 0

    def unarchive_for_all(self: Chat) -> None:
        self.lock()
        for mine in self.members:
            mine.archived_at = None

    def is_archived_by(self: Chat, user: User) -> bool:
        return self.member(user.id).archived_at is not None

    # Below: parts of these

    def _bring_back(self: Chat, author: User) -> None:
        """Who writes themselves finds it in the list, too."""
        mine = next((one for one in self.members if one.user_id == author.id), None)
        if mine is not None and mine.archived_at is not None:
            mine.archived_at = None
