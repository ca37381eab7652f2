"""Messages that speak of an emergency: the mark on their chat, and what a clinic adds to the words.

Only the patient's own words are looked at: no files, no voice, no cards. The mark stands until somebody answers, or the
doctor says «Ответ не нужен».
"""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import current_app
from sqlalchemy import Select, String, delete, exists, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...events import UrgentMessageUnopened, UrgentWordsFound, record
from ...extensions import Model, db
from ...services import clock
from ...urgent_words import UrgentWords, WordsUnreadable, words_of_program, words_with
from ..doctors import Doctor
from ..job import Job, JobKind
from ..people import User
from .member import ChatMember
from .message import Message

if TYPE_CHECKING:
    from .chat import Chat

UNOPENED_AFTER = timedelta(minutes=15)  # then others hear of it, too
KNOWN_FOR = timedelta(minutes=1)  # what a clinic has added reaches every process within it
KEPT = "ibolit_urgent_words"


class UrgentWordsLine(Model):
    """A line of the clinic's own list, in the form of ibolit/urgent_words/words.txt; the program's stays beside it."""

    MOST, LONGEST = 200, 300

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(String(LONGEST))

    @classmethod
    def text_of_clinic(cls) -> str:
        return "\n".join(db.session.scalars(select(cls.text).order_by(cls.number)))

    @classmethod
    def replace(cls, text: str) -> int:
        """The clinic's lines become these; how many rules they are. None of the program's own goes.

        Raises UrgentWordsUnreadable with the number of the line.
        """
        lines = text.splitlines()
        try:
            added = len(words_with(text).words.rules) - len(words_of_program().words.rules)
        except WordsUnreadable as unreadable:
            raise errors.UrgentWordsUnreadable(unreadable.line) from None
        too_long = (number for number, line in enumerate(lines, 1) if len(line) > cls.LONGEST or number > cls.MOST)
        if (number := next(too_long, None)) is not None:
            raise errors.UrgentWordsUnreadable(number)
        db.session.execute(delete(cls))
        db.session.add_all(cls(number=number, text=line) for number, line in enumerate(lines, 1))
        db.session.flush()
        current_app.extensions.pop(KEPT, None)
        return added


def urgent_words() -> UrgentWords:
    """The program's words with the clinic's: asked with every message, so read once a minute."""
    now = clock.now()
    kept: tuple[datetime, UrgentWords] | None = current_app.extensions.get(KEPT)
    if kept is not None and abs(now - kept[0]) < KNOWN_FOR:
        return kept[1]
    own = UrgentWordsLine.text_of_clinic()
    words = words_with(own) if own else words_of_program()
    current_app.extensions[KEPT] = now, words
    return words


class ChatUrgency:
    """A chat's facet for its mark; all its verbs hold the chat's lock."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        urgent_since: Mapped[datetime | None]

    @property
    def is_urgent(self: Chat) -> bool:
        return self.urgent_since is not None

    def is_open_emergency(self: Chat, message: Message) -> bool:
        """It speaks of one, and nobody has answered it."""
        return bool(message.urgent_groups) and self.urgent_since is not None and self.urgent_since <= message.sent_at

    @classmethod
    def unopened_urgent(cls: type[Chat]) -> Select[tuple[Chat]]:
        """For the office: marked for a quarter of an hour, and not opened by its doctor since; the oldest first."""
        marked = cls.urgent_since <= clock.now() - UNOPENED_AFTER
        doctors = ChatMember.chat_id == cls.id, ChatMember.user_id == Doctor.user_id
        unopened = exists().where(
            Message.chat_id == cls.id,
            Message.sent_at >= cls.urgent_since,
            Message.seq > ChatMember.read_to,
            Message.urgent_groups.is_not(None),
            Message.recalled_at.is_(None),
            *doctors,
        )
        return cls.with_people().where(marked, unopened).order_by(cls.urgent_since)

    def stand_ins(self: Chat) -> Sequence[User]:
        """Who else hears of what its doctor does not open: whom the patient has let answer."""
        return [one.user for one in self.members if one.is_here and self.is_stood_in_by(one.user)]

    def urgent_groups_in(self: Chat, author: User, text: str) -> tuple[str, ...]:
        """Of which emergencies this patient speaks, by the names of `urgent_words.GROUPS`."""
        return urgent_words().groups_in(text) if author.is_patient else ()

    def tell_if_unopened(self: Chat, message: Message) -> None:
        """For the worker, a quarter of an hour after it: the doctor has neither opened nor answered it."""
        self.lock()
        if self.is_urgent and not message.is_recalled and self.member(self.doctor.user_id).read_to < message.seq:
            record(UrgentMessageUnopened(self.id, message.id))

    # Below: parts of other verbs

    def _hear_urgency(self: Chat, message: Message, author: User | None, *, is_warned: bool) -> None:
        """What a new message makes of the mark; before its row is noted in the chat."""
        if message.urgent_groups:
            begins = self.urgent_since is None
            self.urgent_since = self.urgent_since or message.sent_at
            Job.add(JobKind.URGENT_UNOPENED, message.id, message.sent_at + UNOPENED_AFTER)
            record(UrgentWordsFound(self.id, message.id, begins, is_warned))
        elif self.urgent_since is not None and author is not None and not author.is_patient:
            self.urgent_since = None

    def _mark_anew(self: Chat, settled_to: int) -> None:
        """After something was recalled or needs no answer: since the first such message after this seq."""
        urgent = Message.chat_id == self.id, Message.seq > settled_to, Message.urgent_groups.is_not(None)
        first = select(Message.sent_at).where(*urgent, Message.recalled_at.is_(None)).order_by(Message.seq).limit(1)
        self.urgent_since = db.session.scalar(first)
