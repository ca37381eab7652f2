"""Listening to the sockets of the clinic of the matrix."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from matrix_world import Actor, World, actor_of
from sockets.live import Visitor
from werkzeug.serving import make_server

from ibolit.blueprints.live.socket import HEARTBEAT
from ibolit.extensions import db
from ibolit.models import Chat, Consultation
from ibolit.services.calls import HERE

Listen = Callable[[Actor, str], "Ear"]


class Ear(Visitor):
    """Numbers what it says, as a page does."""

    number = 0

    def tell(self, kind: str) -> None:
        self.number += 1
        self.say(json.dumps({"kind": kind, "body": {}, "n": self.number}))

    def hear(self) -> str:
        """The kind of the next word, or how the socket ended."""
        told = self.next() if self.status == 101 else None
        return str(json.loads(told)["kind"]) if told else str(self.close_code or self.status)

    def hears_nothing_before_its_own(self) -> bool:
        self.tell(HERE)
        return self.hear() == HERE

    def send(self, chat_id: str, text: str) -> str:
        """Into a chat, as a page does; all that is said until its acknowledgement, without its client_id."""
        client_id, told = f"matrix-client-{chat_id}", ""
        self.say(json.dumps({"kind": "send", "chat": int(chat_id), "text": text, "client_id": client_id}))
        while f'data-ack="{client_id}"' not in told and not self.close_code:
            told += self.news()
        return told.replace(client_id, "")

    def news(self) -> str:
        """What /live says next, but that it lives; or how it ended."""
        while (told := self.next()) == HEARTBEAT:
            pass
        return told or str(self.close_code or self.status)


@contextmanager
def ears(world: World) -> Iterator[Listen]:
    server = make_server("127.0.0.1", 0, world.app, threaded=True)
    server.daemon_threads = True
    before = set(threading.enumerate())
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    opened: list[Ear] = []

    def listen(actor: Actor, path: str) -> Ear:
        db.session.remove()
        cookie = f"{world.app.config['SESSION_COOKIE_NAME']}={actor.cookie}"
        opened.append(Ear(server.server_port, path, {"Cookie": cookie}))
        return opened[-1]

    yield listen
    for ear in opened:
        ear.vanish()
    server.shutdown()
    until = monotonic() + 10
    while (left := set(threading.enumerate()) - before) and monotonic() < until:
        for one in left:
            if one.ident is not None:  # one that is only beginning cannot be waited for yet
                one.join(0.1)
    server.server_close()


def signal(number: str, name: str) -> str:
    return f"/consultations/{number}/signal?page={name.replace(' ', '-')}-page"


def enter(listen: Listen, who: Actor, number: str) -> Ear:
    ear = listen(who, signal(number, who.name))
    assert ear.hear() == "welcome"
    return ear


def partner_of(world: World, number: str, actor: Actor) -> Actor:
    """Whom he talks with; of a foreign call one of the two."""
    consultation = db.session.get_one(Consultation, int(number))
    sides = (consultation.chat.patient, consultation.chat.doctor.user)
    return actor_of(world.app, next(side for side in sides if side.id != actor.user_id))


def partner_in(world: World, chat_id: str, actor: Actor) -> Actor:
    """Whom he writes to; of a foreign chat one of the two."""
    chat = db.session.get_one(Chat, int(chat_id))
    return actor_of(world.app, next(side for side in (chat.doctor.user, chat.patient) if side.id != actor.user_id))
