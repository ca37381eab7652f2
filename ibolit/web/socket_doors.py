"""Doors that a page's own socket opens as well: a frame names one, and says what the form of that door would say.

A frame is JSON: `{"kind": "send", "client_id": …}` and what the door asks for. Each is answered in that socket alone by
an acknowledgement: `<i data-ack="client_id" data-status="200" hidden></i>` and the HTML that the form would be answered
with, where there is something to show. `data-status` is the form's status of HTTP; 200 is said after the commit.

The socket stands for the form's token: its Origin was checked when it was opened, and it knows its device. Who may be
here is asked anew with each frame (blueprints/live/socket.py).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask.ctx import RequestContext
from markupsafe import escape

from ..models import Chat, Device

LONGEST_ID = 64  # characters of a client_id that is answered at all
MOST_CHATS = 2**63 - 1  # a larger number is none of ours


@dataclass(frozen=True)
class SocketVisit:
    """Who says something, and the request by which their socket was opened: its session signs forms. The chat that
    the frame names, under its lock, when it is a chat of theirs; whether they may go there now is another question."""

    device: Device
    chat: Chat | None
    handshake: RequestContext


@dataclass(frozen=True)
class SocketAnswer:
    status: int
    html: str = ""


Door = Callable[[SocketVisit, "SocketFrame"], SocketAnswer]
_doors: dict[str, Door] = {}


@dataclass(frozen=True)
class SocketFrame:
    """What a page of ours said; nothing in it is believed but its kind and that there is a client_id."""

    door: Door
    client_id: str
    said: dict[str, Any]

    def visit_from(self, device_id: int, handshake: RequestContext) -> SocketVisit | None:
        """Nothing when this device is not signed in any more."""
        chat_id = self.said.get("chat")
        if isinstance(chat_id, int) and chat_id is not True and 0 < chat_id <= MOST_CHATS:  # True is a number, too
            found = Chat.locked_from(device_id, chat_id)
            if found is not None:
                return SocketVisit(*found, handshake)
        device = Device.signed_in_as(device_id)
        return SocketVisit(device, None, handshake) if device is not None else None

    def acknowledged(self, answer: SocketAnswer) -> str:
        return f'<i data-ack="{escape(self.client_id)}" data-status="{answer.status}" hidden></i>{answer.html}'


def socket_door(kind: str) -> Callable[[Door], Door]:
    """Decorates what answers frames of this kind."""

    def add(door: Door) -> Door:
        _doors[kind] = door
        return door

    return add


def kinds() -> set[str]:
    """Of all frames that are answered."""
    return set(_doors)


def read(text: str) -> SocketFrame | None:
    """None for what no page of ours says."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    kind, client_id = (said.get("kind"), said.get("client_id")) if isinstance(said, dict) else (None, None)
    door = _doors.get(kind) if isinstance(kind, str) else None
    if door is None or not isinstance(client_id, str) or not 0 < len(client_id) <= LONGEST_ID:
        return None
    return SocketFrame(door, whole_letters(client_id), said)


def whole_letters(text: str) -> str:
    """JSON may hold half a letter («\\ud83d»), which no database and no page takes."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
