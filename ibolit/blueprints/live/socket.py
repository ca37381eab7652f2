"""The one-way socket every signed-in page listens to."""

from __future__ import annotations

from flask import Blueprint, g, render_template
from flask_login import current_user
from flask_sock import Server

from ...database import release, write_transaction
from ...extensions import db, sock
from ...models import Chat, ChatMember, Consultation, Device
from ...services import current_services
from ...services.realtime import CloseCode, SocketQueue
from ...sockets import CloseSocket, pump
from ...web import gate, guest_device, guest_pages

bp = Blueprint("live", __name__)

HEARTBEAT = "<i data-beat hidden></i>"


@sock.route("/live", bp=bp)
def listen(ws: Server) -> None:
    if not current_user.is_authenticated or not gate.may_listen():
        raise CloseSocket(CloseCode.SIGNED_OUT)  # the page loads anew, and is asked what every page is
    only = guest_device.chat_of(g.device.only_consultation_id) if guest_device.is_current() else gate.only_chat()
    queue = current_services.realtime.open(current_user.id, g.device.id, only)
    if guest_device.is_current():
        queue.transform = guest_pages.filter_for_guest_of(g.device.only_consultation_id)
    try:
        _say_where_we_are(queue)
        _forget_the_visitor()
        pump(ws, queue, lambda: _is_still_here(queue.device_id), heartbeat=HEARTBEAT)
    finally:
        current_services.realtime.close(queue)


def _say_where_we_are(queue: SocketQueue) -> None:
    """Asked with the socket open, and seen as of now: a message that comes meanwhile is told after it."""
    release()
    latest = db.session.scalar(Chat.last_activity_of(current_user))
    count = 0 if queue.only_chat_id else ChatMember.unread_of(current_user)
    queue.put(render_template("live/ready.html", device_id=queue.device_id, count=count, latest=latest))


def _forget_the_visitor() -> None:
    """A request is over in a moment, a socket stays for hours: a thousand need not keep their people in memory."""
    db.session.remove()
    for name in ("device", "_login_user"):
        g.pop(name, None)


def _is_still_here(device_id: int) -> bool:
    """The device was not ended; whoever listens is present."""
    try:
        device = db.session.get(Device, device_id)
        if device is None or device.is_over:
            return False
        if device.is_due_to_be_seen():
            with write_transaction(db.session):
                device.mark_seen()
        if Consultation.is_ready_anywhere(device.user):
            with write_transaction(db.session):
                Consultation.record_presence(device.user)
        return True
    finally:
        db.session.remove()
