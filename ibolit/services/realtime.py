"""Open screens: HTML published to a person reaches every socket that person has.

Addressed to people, not rooms: who leaves a chat needs no unsubscribing. What is published may be lost, the page asks
again after reconnecting. A hub of several processes fits the same contract: `publish` and `end_device` then reach the
sockets of all of them, `open`, `close` and `close_all` concern this process only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from enum import IntEnum
from itertools import chain
from threading import Event, Lock
from typing import Protocol


class Closing(IntEnum):
    """Why a socket ends. Pages reconnect by themselves after every one of these but SIGNED_OUT."""

    BROKEN = 1011
    RESTARTING = 1012
    TRY_AGAIN_LATER = 1013
    SIGNED_OUT = 4401


class TooManySockets(Exception):
    """One person, or all together, may hold so many: each costs two threads."""


class Turnstile:
    """Counts the sockets of this process, whatever they are for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._inside = 0
        self._lock = Lock()

    def enter(self) -> None:
        """Raises TooManySockets."""
        with self._lock:
            if self._inside >= self._most:
                raise TooManySockets
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1


class Outbox:
    """What waits for one socket. Anybody puts, only the socket's own handler takes and sends.

    Bounded, because a phone in a tunnel must not cost the clinic its memory. `event` is the handler's bell.
    No lock: deque's own steps are atomic, and a line put beside an ending is never taken.
    """

    __slots__ = ("_waiting", "as_seen", "device_id", "ended_with", "event", "last_words", "only_chat_id", "user_id")

    LIMIT = 200

    def __init__(self, user_id: int, device_id: int, only_chat_id: int | None = None) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.only_chat_id = only_chat_id  # of a device let in for one consultation: it hears of nothing else
        self.as_seen: Callable[[str], str] | None = None  # what such a device is shown of a fragment
        self.event = Event()
        self.ended_with: int | None = None
        self.last_words: str | None = None
        self._waiting: deque[str] = deque()

    @property
    def is_quiet(self) -> bool:
        return not self._waiting and self.ended_with is None

    def put(self, html: str) -> None:
        if self.ended_with is not None:
            return
        if len(self._waiting) >= self.LIMIT:
            self.end(Closing.TRY_AGAIN_LATER)
        else:
            self._waiting.append(html)
            self.event.set()

    def take(self) -> str | None:
        html = self._waiting.popleft() if self._waiting else None
        return self.as_seen(html) if html and self.as_seen else html

    def end(self, code: int, last_words: str | None = None) -> None:
        """Nothing more goes out but the last words, not even what waits. The first reason stays."""
        if self.ended_with is None:
            self.last_words = last_words
            self.ended_with = code
            self.event.set()


class Realtime(Protocol):
    def publish(self, user_id: int, html: str, chat_id: int | None = None) -> None:
        """`chat_id`: what it is about, if it is about one chat."""

    def has_listeners(self, user_id: int) -> bool: ...

    def open(self, user_id: int, device_id: int, only_chat_id: int | None = None) -> Outbox:
        """Raises TooManySockets."""

    def close(self, outbox: Outbox) -> None: ...

    def end_device(self, device_id: int) -> None:
        """A signed-out device sees nothing more, from this moment."""

    def close_all(self, code: int) -> None:
        """The process goes: every socket ends with this code, late comers at once."""


class InProcessHub:
    """The embedded hub of one web process."""

    def __init__(self, sockets_max: int = 1000, per_user: int = 10, turnstile: Turnstile | None = None) -> None:
        self._turnstile = turnstile or Turnstile(sockets_max)
        self._per_user = per_user
        self._lock = Lock()
        self._outboxes: dict[int, tuple[Outbox, ...]] = {}  # whole tuples are exchanged, so publishing needs no lock
        self._leaving_with: int | None = None

    def publish(self, user_id: int, html: str, chat_id: int | None = None) -> None:
        for outbox in self._outboxes.get(user_id, ()):
            if outbox.only_chat_id in (None, chat_id):
                outbox.put(html)

    def has_listeners(self, user_id: int) -> bool:
        return user_id in self._outboxes

    def open(self, user_id: int, device_id: int, only_chat_id: int | None = None) -> Outbox:
        outbox = Outbox(user_id, device_id, only_chat_id)
        with self._lock:
            theirs = self._outboxes.get(user_id, ())
            if len(theirs) >= self._per_user:
                raise TooManySockets(user_id)
            self._turnstile.enter()
            self._outboxes[user_id] = (*theirs, outbox)
            if self._leaving_with is not None:
                outbox.end(self._leaving_with)
        return outbox

    def close(self, outbox: Outbox) -> None:
        with self._lock:
            theirs = self._outboxes.get(outbox.user_id, ())
            left = tuple(other for other in theirs if other is not outbox)
            if len(left) < len(theirs):
                self._turnstile.leave()
            if left:
                self._outboxes[outbox.user_id] = left
            else:
                self._outboxes.pop(outbox.user_id, None)

    def end_device(self, device_id: int) -> None:
        with self._lock:
            for outbox in self._all():
                if outbox.device_id == device_id:
                    outbox.end(Closing.SIGNED_OUT)

    def close_all(self, code: int) -> None:
        with self._lock:
            self._leaving_with = code
            for outbox in self._all():
                outbox.end(code)

    def _all(self) -> Iterator[Outbox]:
        return chain.from_iterable(self._outboxes.values())

    def _count(self) -> int:
        return sum(map(len, self._outboxes.values()))
