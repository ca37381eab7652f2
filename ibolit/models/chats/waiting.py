"""Who waits for an answer, and since when.

A chat waits from the patient's first unanswered message until a doctor writes, sends files or voice, concludes,
proposes, closes it or says «Ответ не нужен». Notes of the system answer nothing.
"""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import BindParameter, Boolean, ColumnElement, Select, SQLColumnExpression, bindparam, select, tuple_
from sqlalchemy.orm import Mapped

from ... import errors
from ...events import ChatClosed, PromiseMissed, WaitingChanged, record
from ...extensions import db
from ...services import clock
from ..doctors import paused_within
from ..job import Job, JobKind
from ..people import Role, User
from ..types import RowId, UtcDateTime
from .message import Message
from .wait import Wait, WaitEnding

if TYPE_CHECKING:
    from .chat import Chat

STEPS = 1, 4, 8, 24  # hours of a wait from which its bar is longer


class QueuePlace(NamedTuple):
    """Of a chat in «Ждут ответа», in its order: behind the emergencies or among them, since when it waits, its id."""

    is_calm: bool
    since: datetime
    id: int


class ChatWaiting:
    """A chat's facet for what its doctor owes an answer; all its verbs hold the chat's lock.

    `settled_seq`: what was said up to there needs no answer, for the doctor has said so.
    """

    if TYPE_CHECKING:  # what is assigned here, and may be None
        waiting_since: Mapped[datetime | None]
        promised_hours: Mapped[int | None]
        promise_missed_at: Mapped[datetime | None]
        closed_at: Mapped[datetime | None]

    # The queue

    @classmethod
    def queue_order(cls: type[Chat]) -> tuple[SQLColumnExpression[Any], ...]:
        """The one order of «Ждут ответа»: emergencies on top; who waits longest is first."""
        return cls.urgent_since.is_(None), cls.waiting_since, cls.id

    @classmethod
    def is_after_in_queue(cls: type[Chat]) -> ColumnElement[bool]:
        """By the same order, what follows the QueuePlace it is asked with: the next page of it."""
        since: BindParameter[datetime] = bindparam("since", type_=UtcDateTime)
        place = tuple_(bindparam("is_calm", type_=Boolean), since, bindparam("id", type_=RowId))
        return tuple_(*cls.queue_order()) > place

    @property
    def queue_place(self: Chat) -> QueuePlace | None:
        """None for who waits no more."""
        return None if self.waiting_since is None else QueuePlace(not self.is_urgent, self.waiting_since, self.id)

    @classmethod
    def next_waiting(cls: type[Chat], user: User, but: int = 0) -> int | None:
        """The number of the chat that the doctor comes to next; `but`: the one that is open now."""
        queue = select(cls.id).where(cls.is_of(user), cls.waiting_since.is_not(None), cls.id != but)
        return db.session.scalar(queue.order_by(*cls.queue_order()).limit(1))

    # Questions

    @property
    def is_waiting(self: Chat) -> bool:
        return self.waiting_since is not None

    @property
    def waited(self: Chat) -> timedelta:
        """Until now; nothing when nobody waits."""
        return timedelta() if self.waiting_since is None else max(clock.now() - self.waiting_since, timedelta())

    @property
    def wait_step(self: Chat) -> int:
        """How far the bar beside it has grown, from 1 to 5."""
        waited = self.waited
        return 1 + sum(waited >= timedelta(hours=hours) for hours in STEPS)

    @property
    def is_promise_missed(self: Chat) -> bool:
        """It waits still, and for longer than was promised."""
        return self.promise_missed_at is not None

    @property
    def is_closed(self: Chat) -> bool:
        """With a word of the doctor, and nothing was said since."""
        return self.closed_at is not None

    # Verbs

    def dismiss(self: Chat, seen: int) -> None:
        """«Ответ не нужен»: what was said up to the `seen` seq needs none; what came after it waits on.

        Said again, or when somebody has answered meanwhile, it changes nothing.
        """
        self.lock()
        if self.waiting_since is None:
            return
        self.settled_seq = max(self.settled_seq, min(seen, self.last_seq))
        self._wait_anew(WaitEnding.DISMISSED)
        self._show_waiting()

    def close(self: Chat, seen: int) -> None:
        """«Чат завершён»: both read it in the chat. Its time stays, and whoever writes opens it again.

        Closed again it stays as it is. Raises ChatHasNews when the patient wrote after the `seen` seq.
        """
        self.lock()
        if self.is_closed:
            return
        if self._first_word_after(min(max(0, seen), self.last_seq)) is not None:
            raise errors.ChatHasNews
        self.settled_seq, self.closed_at = self.last_seq, clock.now()
        self._wait_anew(WaitEnding.CLOSED)
        self._show_access()
        record(ChatClosed(self.id))

    def check_promise(self: Chat) -> datetime | None:
        """For the worker: past the promise the chat is marked and its doctor is told, in their answering hours.

        Answers with the moment to look again; None when nothing is promised any more.
        """
        self.lock()
        due = self._promise_due()
        if due is None or self.is_promise_missed:
            return None
        moment = self.doctor.answering_hours.after(max(due, clock.now()), timedelta(), self.doctor.pauses_since(due))
        if moment is not None and moment <= clock.now():
            self.promise_missed_at = clock.now()
            record(PromiseMissed(self.id))
            self._show_waiting()
            return None
        return moment

    # Below: parts of these

    def _hear(self: Chat, message: Message, author: User | None) -> None:
        """What a new message makes of waiting and closing; before its row is noted in the chat."""
        if author is None:
            return
        if self.is_closed:
            self.closed_at = None
        if self.is_answered_by(author):
            self._end_wait(WaitEnding.ANSWERED, message)
            self.waiting_since = None
        elif self.waiting_since is None:
            self._begin_wait(message.sent_at)

    def _wait_anew(self: Chat, ending: WaitEnding | None = None) -> None:
        """After something was recalled or settled: since the first word that nobody has answered."""
        answered = _said(self).where(User.role == Role.DOCTOR).order_by(Message.seq.desc()).limit(1)
        last_answer = db.session.scalar(answered.with_only_columns(Message.seq)) or 0
        settled_to = max(last_answer, self.settled_seq)
        self._mark_anew(settled_to)
        since = self._first_word_after(settled_to)
        if since == self.waiting_since:
            return
        if ending is not None:
            self._end_wait(ending)
        self.waiting_since = None
        if since is not None:
            self._begin_wait(since)
        self.awaits_reply = self.is_waiting

    def _first_word_after(self: Chat, seq: int) -> datetime | None:
        """When the first of it was said by anybody but a doctor."""
        asked = _said(self).where(User.role != Role.DOCTOR, Message.seq > seq).order_by(Message.seq).limit(1)
        return db.session.scalar(asked.with_only_columns(Message.sent_at))

    def _begin_wait(self: Chat, since: datetime) -> None:
        self.waiting_since, self.promise_missed_at = since, None
        self.promised_hours = self.doctor.promise_hours
        due = self._promise_due()
        if due is not None:
            Job.schedule_once(JobKind.PROMISE, self.id, due, f"{self.id}:{since.timestamp():.6f}")

    def _end_wait(self: Chat, ending: WaitEnding, answer: Message | None = None) -> None:
        if self.waiting_since is None:
            return
        now, due = clock.now(), self._promise_due()
        paused = paused_within(self.doctor.pauses_since(self.waiting_since), self.waiting_since, now)
        wait = Wait(
            chat_id=self.id,
            doctor_id=self.doctor_id,
            began_at=self.waiting_since,
            ended_at=now,
            ending=ending,
            answered_by_id=answer.author_id if answer else None,
            answer_seq=answer.seq if answer else None,
            seconds=max(0, round((now - self.waiting_since - paused).total_seconds())),
            promised_hours=self.promised_hours,
            is_missed=self.is_promise_missed or (due is not None and due < now),
        )
        db.session.add(wait)
        self.promised_hours = self.promise_missed_at = None

    def _promise_due(self: Chat) -> datetime | None:
        if self.waiting_since is None or self.promised_hours is None:
            return None
        length, pauses = timedelta(hours=self.promised_hours), self.doctor.pauses_since(self.waiting_since)
        return self.doctor.answering_hours.after(self.waiting_since, length, pauses)

    def _show_waiting(self: Chat) -> None:
        self.revision += 1
        record(WaitingChanged(self.id, self.revision))


def _said(chat: Chat) -> Select[tuple[Message]]:
    """By people, with who said it; nobody waits because of what was recalled."""
    said = select(Message).join(User, User.id == Message.author_id)
    return said.where(Message.chat_id == chat.id, Message.recalled_at.is_(None))
