"""Who is in which call just now, and the words that pass between the two.

One connection a person: the newest page takes over. What passes is relayed, never read and never kept, except the
last `media` of a person (muted, camera off), which is handed to their next page. A registry of several processes fits
the same contract: a connection lives where its socket is, and `join`, `relay`, `end` and who came or left
travel between processes by publishing; `close` and `close_all` concern this process only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from threading import Lock, Timer
from time import monotonic
from typing import Any, NamedTuple, Protocol

from .realtime import ConnectionLimit, SocketQueue, TooManySockets

KINDS = frozenset(("offer", "answer", "candidate", "want-offer", "media", "bye"))
HERE = "here"  # asked of the server: a line that is dead looks like one on which nobody speaks
LONGEST = 65536  # characters and bytes of one message
LARGEST_NUMBER = 2**53  # what a browser counts exactly


class CallClosing(IntEnum):
    """Why a call's socket ends, beside what CloseCode says. A page comes back by itself after none of these."""

    REPLACED = 1000  # by a newer socket of the same page
    AGAINST_THE_RULES = 1008
    TOO_LONG = 1009
    TAKEN_OVER = 4008
    ENDED = 4009
    NOT_YOURS = 4404


class MalformedMessage(ValueError):
    """Nothing a page of ours would say."""


class CallConnection(SocketQueue):
    """One person's connection in a call, as long as one socket holds it."""

    __slots__ = ("call_id", "card", "page")

    def __init__(self, call_id: int, user_id: int, device_id: int, page: str, card: str) -> None:
        super().__init__(user_id, device_id)
        self.call_id = call_id
        self.page = page
        self.card = card  # where a page goes when the call is over

    def end_call(self) -> None:
        self.end(CallClosing.ENDED, encode("ended", {"to": self.card}))


class CallMessage(NamedTuple):
    kind: str
    body: dict[str, Any]
    relayed: str  # what the other side hears


Welcome = Callable[[str | None, dict[str, Any] | None], str]


class Calls(Protocol):
    def join(self, connection: CallConnection, welcome: Welcome) -> None:
        """The first thing said in the connection is `welcome(the other side's page, the person's last media)`.

        Raises TooManySockets.
        """

    def relay(self, connection: CallConnection, said: str) -> None:
        """To the other side, if there is one, and if nobody took this connection meanwhile."""

    def remember(self, connection: CallConnection, media: dict[str, Any]) -> None:
        """For the next page of this person in this call."""

    def depart(self, connection: CallConnection) -> None:
        """For good: the other side hears of it at once."""

    def close(self, connection: CallConnection) -> None:
        """Its socket is gone; the other side hears of it when it does not come back within the grace."""

    def end(self, call_id: int) -> None: ...

    def end_device(self, device_id: int) -> None: ...

    def end_person(self, user_id: int, call_ids: Collection[int]) -> None:
        """They may not be in these calls any more; the other side goes on."""

    def close_all(self, code: int) -> None: ...


@dataclass
class CallSlot:
    connection: CallConnection
    timer: Timer | None = None  # runs while no socket holds the connection


class InProcessCalls:
    """The embedded registry of one web process."""

    PER_USER = 5  # sockets of one person, those that are just ending included
    GRACE = 5.0  # seconds for a page to come back with another socket
    REMEMBERED = 2000  # persons in calls whose last media is known

    def __init__(self, connection_limit: ConnectionLimit) -> None:
        self._connection_limit = connection_limit
        self._lock = Lock()
        self._rooms: dict[int, dict[int, CallSlot]] = {}  # by call, by person
        self._sockets: Counter[int] = Counter()  # by person
        self._media: dict[tuple[int, int], dict[str, Any]] = {}  # by call and person, the latest last
        self._closing_with: int | None = None

    def join(self, connection: CallConnection, welcome: Welcome) -> None:
        with self._lock:
            if self._sockets[connection.user_id] >= self.PER_USER:
                raise TooManySockets(connection.user_id)
            self._connection_limit.acquire()
            self._sockets[connection.user_id] += 1
            room = self._rooms.setdefault(connection.call_id, {})
            others = self._others(connection)
            connection.put(
                welcome(others[0].page if others else None, self._media.get((connection.call_id, connection.user_id)))
            )
            self._occupy(room, connection, others)
            if self._closing_with is not None:
                connection.end(self._closing_with)

    def relay(self, connection: CallConnection, said: str) -> None:
        with self._lock:
            if self._slot_of(connection):
                for other in self._others(connection):
                    other.put(said)

    def remember(self, connection: CallConnection, media: dict[str, Any]) -> None:
        with self._lock:
            if not self._slot_of(connection):
                return
            whose = connection.call_id, connection.user_id
            self._media.pop(whose, None)
            self._media[whose] = media
            if len(self._media) > self.REMEMBERED:
                del self._media[next(iter(self._media))]

    def depart(self, connection: CallConnection) -> None:
        with self._lock:
            if not self._slot_of(connection):
                return
            for other in self._others(connection):
                other.put(encode("peer-left", {"page": connection.page}))
            self._vacate(connection)

    def close(self, connection: CallConnection) -> None:
        with self._lock:
            self._connection_limit.release()
            self._sockets[connection.user_id] -= 1
            if not self._sockets[connection.user_id]:
                del self._sockets[connection.user_id]
            slot = self._slot_of(connection)
            if slot is None:
                return
            if self._closing_with is not None:
                self._vacate(connection)
                return
            slot.timer = Timer(self.GRACE, self.depart, (connection,))
            slot.timer.daemon = True
            slot.timer.start()

    def end(self, call_id: int) -> None:
        with self._lock:
            for whose in [whose for whose in self._media if whose[0] == call_id]:
                del self._media[whose]
            for slot in self._rooms.pop(call_id, {}).values():
                _stop(slot)
                slot.connection.end_call()

    def end_device(self, device_id: int) -> None:
        with self._lock:
            for slot in self._all():
                if slot.connection.device_id == device_id:
                    slot.connection.end_call()

    def end_person(self, user_id: int, call_ids: Collection[int]) -> None:
        with self._lock:
            for slot in self._all():
                if slot.connection.user_id == user_id and slot.connection.call_id in call_ids:
                    slot.connection.end_call()

    def close_all(self, code: int) -> None:
        with self._lock:
            self._closing_with = code
            for slot in self._all():
                _stop(slot)
                slot.connection.end(code)

    # Below: under the lock

    def _occupy(self, room: dict[int, CallSlot], connection: CallConnection, others: list[CallConnection]) -> None:
        old = room.get(connection.user_id)
        room[connection.user_id] = CallSlot(connection)
        if old is not None:
            _stop(old)
        if old is not None and old.connection.page == connection.page:
            _pass_queue_on(old.connection, connection)
            return
        if old is not None:
            is_here = old.connection.device_id == connection.device_id
            old.connection.end(CallClosing.TAKEN_OVER, encode("taken-over", {"sameDevice": is_here}))
            for other in others:
                other.put(encode("peer-left", {"page": old.connection.page}))
        for other in others:
            other.put(encode("peer-joined", {"page": connection.page}))

    def _vacate(self, connection: CallConnection) -> None:
        room = self._rooms[connection.call_id]
        _stop(room.pop(connection.user_id))
        if not room:
            del self._rooms[connection.call_id]

    def _slot_of(self, connection: CallConnection) -> CallSlot | None:
        slot = self._rooms.get(connection.call_id, {}).get(connection.user_id)
        return slot if slot is not None and slot.connection is connection else None

    def _others(self, connection: CallConnection) -> list[CallConnection]:
        room = self._rooms.get(connection.call_id, {})
        return [slot.connection for user_id, slot in room.items() if user_id != connection.user_id]

    def _all(self) -> Iterator[CallSlot]:
        return (slot for room in self._rooms.values() for slot in room.values())


def _stop(slot: CallSlot) -> None:
    if slot.timer is not None:
        slot.timer.cancel()
        slot.timer = None


def _pass_queue_on(old: CallConnection, new: CallConnection) -> None:
    """The page's socket came back: what was said to it meanwhile is not lost."""
    old.end(CallClosing.REPLACED)
    while (said := old.take()) is not None:
        new.put(said)


class TokenBucket:
    """So many messages a second, after a burst; a call's busiest second is far below it."""

    def __init__(self, rate: float = 40, burst: float = 120, now: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._now = rate, burst, now
        self._tokens, self._since = burst, now()

    def allows(self) -> bool:
        now = self._now()
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._rate)
        self._since = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


def encode(kind: str, body: dict[str, Any]) -> str:
    return json.dumps({"kind": kind, "body": body}, separators=(",", ":"))


def decode(text: str, page: str) -> CallMessage:
    """Raises MalformedMessage."""
    try:
        said = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MalformedMessage from error
    if not isinstance(said, dict) or not said.keys() >= {"kind", "body", "n"}:
        raise MalformedMessage
    kind, body, number = said["kind"], said["body"], said["n"]
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < LARGEST_NUMBER
    if not isinstance(kind, str) or kind not in KINDS | {HERE} or not isinstance(body, dict) or not is_number:
        raise MalformedMessage
    relayed = {"kind": kind, "body": body, "page": page, "n": number}
    return CallMessage(kind, body, json.dumps(relayed, separators=(",", ":")))


def _refuse(_constant: str) -> None:
    """NaN and its like: Python reads them, browsers do not."""
    raise MalformedMessage
