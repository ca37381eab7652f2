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


class CloseCode(IntEnum):
    """Why a socket ends. Pages reconnect by themselves after every one of these but SIGNED_OUT."""

    BROKEN = 1011
    RESTARTING = 1012
    TRY_AGAIN_LATER = 1013
    SIGNED_OUT = 4401


class TooManySockets(Exception):
    """One person, or all together, may hold so many: each costs two threads."""


class ConnectionLimit:
    """Counts the sockets of this process, whatever they are for."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._lock = Lock()

    def acquire(self) -> None:
        """Raises TooManySockets."""
        with self._lock:
            if self._count >= self._most:
                raise TooManySockets
            self._count += 1

    def release(self) -> None:
        with self._lock:
            self._count -= 1


class SocketQueue:
    """What waits for one socket. Anybody puts, only the socket's own handler takes and sends.

    Bounded, because a phone in a tunnel must not cost the clinic its memory. `event` wakes the handler.
    No lock: deque's own steps are atomic, and a line put beside an ending is never taken.
    """

    __slots__ = (
        "_waiting",
        "close_code",
        "device_id",
        "event",
        "farewell",
        "looked_at",
        "only_chat_id",
        "transform",
        "user_id",
    )

    LIMIT = 200

    def __init__(self, user_id: int, device_id: int, only_chat_id: int | None = None) -> None:
        self.user_id = user_id
        self.device_id = device_id
        self.only_chat_id = only_chat_id  # of a device let in for one consultation: it hears of nothing else
        self.transform: Callable[[str], str] | None = None  # what such a device is shown of a fragment
        self.event = Event()
        self.looked_at: float | None = None  # by monotonic(): when it was asked whether its reader may go on
        self.close_code: int | None = None
        self.farewell: str | None = None
        self._waiting: deque[str] = deque()

    @property
    def is_empty(self) -> bool:
        return not self._waiting and self.close_code is None

    def put(self, html: str) -> None:
        if self.close_code is not None:
            return
        if len(self._waiting) >= self.LIMIT:
            self.end(CloseCode.TRY_AGAIN_LATER)
        else:
            self._waiting.append(html)
            self.event.set()

    def take(self) -> str | None:
        html = self._waiting.popleft() if self._waiting else None
        return self.transform(html) if html and self.transform else html

    def end(self, code: int, farewell: str | None = None) -> None:
        """Nothing more goes out but the farewell, not even what waits. The first reason stays."""
        if self.close_code is None:
            self.farewell = farewell
            self.close_code = code
            self.event.set()


class Realtime(Protocol):
    def publish(self, user_id: int, html: str, chat_id: int | None = None) -> None:
        """`chat_id`: what it is about, if it is about one chat."""

    def publish_to_all(self, html: str) -> None:
        """What is no secret of anybody's; devices let in for one consultation hear nothing of it."""

    def has_listeners(self, user_id: int) -> bool: ...

    def open(self, user_id: int, device_id: int, only_chat_id: int | None = None) -> SocketQueue:
        """Raises TooManySockets."""

    def close(self, queue: SocketQueue) -> None: ...

    def queues(self) -> list[SocketQueue]:
        """Those that are open in this process."""

    def end_device(self, device_id: int) -> None:
        """A signed-out device sees nothing more, from this moment."""

    def close_all(self, code: int) -> None:
        """The process goes: every socket ends with this code, late comers at once."""


class InProcessHub:
    """The embedded hub of one web process."""

    def __init__(
        self, sockets_max: int = 1000, per_user: int = 10, connection_limit: ConnectionLimit | None = None
    ) -> None:
        self._connection_limit = connection_limit or ConnectionLimit(sockets_max)
        self._per_user = per_user
        self._lock = Lock()
        self._queues: dict[int, tuple[SocketQueue, ...]] = {}  # whole tuples are exchanged, so publishing needs no lock
        self._closing_with: int | None = None

    def publish(self, user_id: int, html: str, chat_id: int | None = None) -> None:
        for queue in self._queues.get(user_id, ()):
            if queue.only_chat_id in (None, chat_id):
                queue.put(html)

    def publish_to_all(self, html: str) -> None:
        for queues in tuple(self._queues.values()):
            for queue in queues:
                if queue.only_chat_id is None:
                    queue.put(html)

    def has_listeners(self, user_id: int) -> bool:
        return user_id in self._queues

    def open(self, user_id: int, device_id: int, only_chat_id: int | None = None) -> SocketQueue:
        queue = SocketQueue(user_id, device_id, only_chat_id)
        with self._lock:
            theirs = self._queues.get(user_id, ())
            if len(theirs) >= self._per_user:
                raise TooManySockets(user_id)
            self._connection_limit.acquire()
            self._queues[user_id] = (*theirs, queue)
            if self._closing_with is not None:
                queue.end(self._closing_with)
        return queue

    def close(self, queue: SocketQueue) -> None:
        with self._lock:
            theirs = self._queues.get(queue.user_id, ())
            left = tuple(other for other in theirs if other is not queue)
            if len(left) < len(theirs):
                self._connection_limit.release()
            if left:
                self._queues[queue.user_id] = left
            else:
                self._queues.pop(queue.user_id, None)

    def queues(self) -> list[SocketQueue]:
        with self._lock:
            return list(self._all())

    def end_device(self, device_id: int) -> None:
        with self._lock:
            for queue in self._all():
                if queue.device_id == device_id:
                    queue.end(CloseCode.SIGNED_OUT)

    def close_all(self, code: int) -> None:
        with self._lock:
            self._closing_with = code
            for queue in self._all():
                queue.end(code)

    def _all(self) -> Iterator[SocketQueue]:
        return chain.from_iterable(self._queues.values())

    def _count(self) -> int:
        return sum(map(len, self._queues.values()))
