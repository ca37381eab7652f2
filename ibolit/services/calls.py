"""Who is in which call just now, and the words that pass between the two.

One place a person: the newest page takes over. What passes is relayed, never read and never kept, but for one thing:
the last `media` of a person – is he muted, is his camera off – is handed to his next page. A registry of several
processes fits the same contract: a place lives where its socket is, and `join`, `relay`, `end` and the news of comings
and goings travel between processes by publishing; `close` and `close_all` concern this process only.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
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


class BadWords(ValueError):
    """Nothing a page of ours would say."""


class Place(SocketQueue):
    """One person's place in a call, as long as one socket holds it."""

    __slots__ = ("call_id", "card", "page")

    def __init__(self, call_id: int, user_id: int, device_id: int, page: str, card: str) -> None:
        super().__init__(user_id, device_id)
        self.call_id = call_id
        self.page = page
        self.card = card  # where a page goes when the call is over

    def end_call(self) -> None:
        self.end(CallClosing.ENDED, words("ended", {"to": self.card}))


class Said(NamedTuple):
    kind: str
    body: dict[str, Any]
    told: str  # what the other side hears


Welcome = Callable[[str | None, dict[str, Any] | None], str]


class Calls(Protocol):
    def join(self, place: Place, welcome: Welcome) -> None:
        """The first thing said in the place is `welcome(the other side's page, the person's last media)`.

        Raises TooManySockets.
        """

    def relay(self, place: Place, said: str) -> None:
        """To the other side, if there is one, and if nobody took this place meanwhile."""

    def remember(self, place: Place, media: dict[str, Any]) -> None:
        """For the next page of this person in this call."""

    def depart(self, place: Place) -> None:
        """For good: the other side hears of it at once."""

    def close(self, place: Place) -> None:
        """Its socket is gone; the other side hears of it when it does not come back within the grace."""

    def end(self, call_id: int) -> None: ...

    def end_device(self, device_id: int) -> None: ...

    def close_all(self, code: int) -> None: ...


@dataclass
class Seat:
    place: Place
    timer: Timer | None = None  # runs while no socket holds the place


class InProcessCalls:
    """The embedded registry of one web process."""

    PER_USER = 5  # sockets of one person, those that are just ending included
    GRACE = 5.0  # seconds for a page to come back with another socket
    REMEMBERED = 2000  # persons in calls whose last media is known

    def __init__(self, connection_limit: ConnectionLimit) -> None:
        self._connection_limit = connection_limit
        self._lock = Lock()
        self._rooms: dict[int, dict[int, Seat]] = {}  # by call, by person
        self._sockets: Counter[int] = Counter()  # by person
        self._media: dict[tuple[int, int], dict[str, Any]] = {}  # by call and person, the latest last
        self._closing_with: int | None = None

    def join(self, place: Place, welcome: Welcome) -> None:
        with self._lock:
            if self._sockets[place.user_id] >= self.PER_USER:
                raise TooManySockets(place.user_id)
            self._connection_limit.acquire()
            self._sockets[place.user_id] += 1
            room = self._rooms.setdefault(place.call_id, {})
            others = self._others(place)
            place.put(welcome(others[0].page if others else None, self._media.get((place.call_id, place.user_id))))
            self._sit_down(room, place, others)
            if self._closing_with is not None:
                place.end(self._closing_with)

    def relay(self, place: Place, said: str) -> None:
        with self._lock:
            if self._seat_of(place):
                for other in self._others(place):
                    other.put(said)

    def remember(self, place: Place, media: dict[str, Any]) -> None:
        with self._lock:
            if not self._seat_of(place):
                return
            whose = place.call_id, place.user_id
            self._media.pop(whose, None)
            self._media[whose] = media
            if len(self._media) > self.REMEMBERED:
                del self._media[next(iter(self._media))]

    def depart(self, place: Place) -> None:
        with self._lock:
            if not self._seat_of(place):
                return
            for other in self._others(place):
                other.put(words("peer-left", {"page": place.page}))
            self._stand_up(place)

    def close(self, place: Place) -> None:
        with self._lock:
            self._connection_limit.release()
            self._sockets[place.user_id] -= 1
            if not self._sockets[place.user_id]:
                del self._sockets[place.user_id]
            seat = self._seat_of(place)
            if seat is None:
                return
            if self._closing_with is not None:
                self._stand_up(place)
                return
            seat.timer = Timer(self.GRACE, self.depart, (place,))
            seat.timer.daemon = True
            seat.timer.start()

    def end(self, call_id: int) -> None:
        with self._lock:
            for whose in [whose for whose in self._media if whose[0] == call_id]:
                del self._media[whose]
            for seat in self._rooms.pop(call_id, {}).values():
                _stop(seat)
                seat.place.end_call()

    def end_device(self, device_id: int) -> None:
        with self._lock:
            for seat in self._all():
                if seat.place.device_id == device_id:
                    seat.place.end_call()

    def close_all(self, code: int) -> None:
        with self._lock:
            self._closing_with = code
            for seat in self._all():
                _stop(seat)
                seat.place.end(code)

    # Below: under the lock

    def _sit_down(self, room: dict[int, Seat], place: Place, others: list[Place]) -> None:
        old = room.get(place.user_id)
        room[place.user_id] = Seat(place)
        if old is not None:
            _stop(old)
        if old is not None and old.place.page == place.page:
            _hand_on(old.place, place)
            return
        if old is not None:
            is_here = old.place.device_id == place.device_id
            old.place.end(CallClosing.TAKEN_OVER, words("taken-over", {"sameDevice": is_here}))
            for other in others:
                other.put(words("peer-left", {"page": old.place.page}))
        for other in others:
            other.put(words("peer-joined", {"page": place.page}))

    def _stand_up(self, place: Place) -> None:
        room = self._rooms[place.call_id]
        _stop(room.pop(place.user_id))
        if not room:
            del self._rooms[place.call_id]

    def _seat_of(self, place: Place) -> Seat | None:
        seat = self._rooms.get(place.call_id, {}).get(place.user_id)
        return seat if seat is not None and seat.place is place else None

    def _others(self, place: Place) -> list[Place]:
        room = self._rooms.get(place.call_id, {})
        return [seat.place for user_id, seat in room.items() if user_id != place.user_id]

    def _all(self) -> Iterator[Seat]:
        return (seat for room in self._rooms.values() for seat in room.values())


def _stop(seat: Seat) -> None:
    if seat.timer is not None:
        seat.timer.cancel()
        seat.timer = None


def _hand_on(old: Place, new: Place) -> None:
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


def words(kind: str, body: dict[str, Any]) -> str:
    return json.dumps({"kind": kind, "body": body}, separators=(",", ":"))


def read(text: str, page: str) -> Said:
    """Raises BadWords."""
    try:
        said = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BadWords from error
    if not isinstance(said, dict) or not said.keys() >= {"kind", "body", "n"}:
        raise BadWords
    kind, body, number = said["kind"], said["body"], said["n"]
    is_number = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < LARGEST_NUMBER
    if not isinstance(kind, str) or kind not in KINDS | {HERE} or not isinstance(body, dict) or not is_number:
        raise BadWords
    told = {"kind": kind, "body": body, "page": page, "n": number}
    return Said(kind, body, json.dumps(told, separators=(",", ":")))


def _refuse(_constant: str) -> None:
    """NaN and its like: Python reads them, browsers do not."""
    raise BadWords
