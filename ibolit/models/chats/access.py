"""Until when a chat is open, and what opens it."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Mapped

from ... import errors
from ...events import AccessChanged, DaysGiven, DaysKept, record
from ...extensions import db
from ...services import clock
from ..doctors import Tariff
from ..people import User
from .message import Message
from .states import AccessMode, ChatState

if TYPE_CHECKING:
    from .chat import Chat


LAST_DAY = timedelta(days=1)


class ChatAccess:
    """A chat's facet for its time: free days, tariffs, gifts, consultations."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        open_until: Mapped[datetime | None]
        consultation_opens_at: Mapped[datetime | None]
        consultation_closes_at: Mapped[datetime | None]

    def state_at(self: Chat, now: datetime) -> ChatState:
        if self.access is AccessMode.UNLIMITED:
            return ChatState.UNLIMITED
        if self.open_until is None and self.free_days:
            return ChatState.NOT_BEGUN
        if self.open_until is None or self.open_until <= now:
            if (opens := self.consultation_opens_at) and opens <= now < (self.consultation_closes_at or opens):
                return ChatState.CONSULTATION
            return ChatState.OVER if self.open_until else ChatState.NEEDS_TARIFF
        return ChatState.LAST_DAY if self.open_until - now <= LAST_DAY else ChatState.OPEN

    @property
    def state(self: Chat) -> ChatState:
        return self.state_at(clock.now())

    @property
    def changes_at(self: Chat) -> datetime | None:
        """When the access bar will say something else."""
        now = clock.now()
        turns = [self.open_until - LAST_DAY, self.open_until] if self.open_until else []
        turns += [moment for moment in (self.consultation_opens_at, self.consultation_closes_at) if moment]
        return min((moment for moment in turns if moment > now), default=None)

    def takes_messages_from(self: Chat, user: User) -> bool:
        """The doctor may always write, and so may who stands in; nobody where it is only read."""
        if self.is_former or (self.is_unspoken_for and not self.is_answered_by(user)) or self.is_only_seen_by(user):
            return False
        return self.is_answered_by(user) or self.state not in (ChatState.OVER, ChatState.NEEDS_TARIFF)

    @property
    def is_unspoken_for(self: Chat) -> bool:
        """Nobody may write for whom it is about any more, or who wrote has died; the doctor may."""
        is_ended = self.dependant is not None and not self.dependant.may_be_written_for
        return is_ended or self.patient.died_at is not None

    def is_only_seen_by(self: Chat, user: User) -> bool:
        """About whom it is: by their own permission somebody else writes here."""
        return self.dependant is not None and self.dependant.account_id == user.id

    def refuse_if_closed_for(self: Chat, author: User) -> None:
        """Raises ChatIsFormer, OnlySeen, MayNotWriteFor, ChatIsClosed or ChatNeedsTariff."""
        self._refuse_who_only_reads(author)
        if self.is_unspoken_for and not self.is_answered_by(author):
            raise errors.MayNotWriteFor
        if not self.takes_messages_from(author):
            raise errors.ChatNeedsTariff if self.state is ChatState.NEEDS_TARIFF else errors.ChatIsClosed

    def refuse_agreements_of(self: Chat, user: User) -> None:
        """Consultations are asked for and offered, time is bought, by who may write, for whom one may write.

        Raises ChatIsFormer, OnlySeen, MayNotWriteFor.
        """
        self._refuse_who_only_reads(user)
        if self.is_unspoken_for:
            raise errors.MayNotWriteFor

    @property
    def is_time_sold(self: Chat) -> bool:
        """An unlimited one needs none, and time with a doctor who has left the directory would be wasted money."""
        is_read_only = self.is_former or self.is_unspoken_for or self.has_patient_left
        return self.access is not AccessMode.UNLIMITED and not self.doctor.hidden and not is_read_only

    def can_be_prolonged(self: Chat, on_sale: Sequence[Tariff]) -> bool:
        return self.is_time_sold and bool(on_sale)

    def end_with(self: Chat, days: int) -> datetime:
        """Until when it would be open: bought days are added to the later of now and the present end."""
        return max(clock.now(), self.open_until or clock.now()) + timedelta(days=days)

    def prolong(self: Chat, days: int) -> None:
        """An unlimited chat needs none."""
        self.lock()
        if self.access is AccessMode.UNLIMITED:
            return
        self.access = AccessMode.UNTIL
        self.open_until = self.end_with(days)
        self._show_access()

    def give_days(self: Chat, days: int, client_id: str) -> bool:
        """«Подарить дни»: both read of it in the chat. A repeated press is the same one, and gives nothing: False.

        Of free days that wait for the first message there are so many more. Raises ChatNeedsNoDays.
        """
        self.lock()
        idempotency_key = f"gift-{client_id}"
        if self.has_system_note(idempotency_key):
            return False
        if self.access is AccessMode.UNLIMITED:
            raise errors.ChatNeedsNoDays
        if self.state is ChatState.NOT_BEGUN:
            self.free_days += days
            self._show_access()
        else:
            self.prolong(days)
        record(DaysGiven(self.id, days, idempotency_key))
        return True

    def shorten(self: Chat, days: int) -> None:
        """Money went back, and the time bought with it goes too; never before now."""
        self.lock()
        if days <= 0 or self.open_until is None:
            return
        self.open_until = max(clock.now(), self.open_until - timedelta(days=days))
        self._show_access()

    def keep_days(self: Chat, total: int, moved: int, absence: str, since: datetime) -> None:
        """Days without anybody who answers are not lost to who had time then: `total` of them for this `absence`, of
        which `moved` were added before it was made longer. Done again, it adds nothing more."""
        self.lock()
        if self.access is AccessMode.UNLIMITED or self.open_until is None or self.open_until <= since:
            return
        days = total - max(moved, self._days_kept(absence))
        if days <= 0:
            return
        self.open_until += timedelta(days=days)
        self._show_access()
        record(DaysKept(self.id, days, f"{absence}-{total}"))

    def _days_kept(self: Chat, absence: str) -> int:
        """As the notes of them say, by their keys; the automatic answers, whose keys begin so as well, are cards."""
        notes = Message.chat_id == self.id, Message.author_id.is_(None), Message.card.is_(None)
        kept = select(Message.client_id).where(*notes, Message.client_id.startswith(f"{absence}-"))
        return max((int(key.rpartition("-")[2]) for key in db.session.scalars(kept)), default=0)

    def extend_for_consultations(self: Chat, windows: Sequence[tuple[datetime, datetime]]) -> None:
        """The next of these, in their order, joined with those that overlap it."""
        self.lock()
        opens, closes = windows[0] if windows else (None, None)
        for begins, ends in windows:
            if closes is not None and begins <= closes:
                closes = max(closes, ends)
        if (self.consultation_opens_at, self.consultation_closes_at) == (opens, closes):
            return
        self.consultation_opens_at, self.consultation_closes_at = opens, closes
        self._show_access()

    def _refuse_who_only_reads(self: Chat, user: User) -> None:
        if self.is_former:
            raise errors.ChatIsFormer
        if self.is_only_seen_by(user):
            raise errors.OnlySeen

    def _begin_free_time(self: Chat, author: User) -> None:
        if not self.is_answered_by(author) and self.state is ChatState.NOT_BEGUN:
            self.open_until = clock.now() + timedelta(days=self.free_days)
            record(AccessChanged(self.id, self.revision + 1))

    def _show_access(self: Chat) -> None:
        self.revision += 1
        record(AccessChanged(self.id, self.revision))
