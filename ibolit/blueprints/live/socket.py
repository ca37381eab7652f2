"""The socket every signed-in page listens to, and says in what its forms may say as well (web/socket_doors.py)."""

from __future__ import annotations

import logging
from functools import partial

from flask import Blueprint, g, render_template
from flask.ctx import RequestContext
from flask.globals import request_ctx
from flask_login import current_user
from flask_sock import Server

from ...database import release
from ...extensions import db, sock
from ...faults import cause_of, told
from ...models import Chat, ChatMember
from ...services import current_services
from ...services.realtime import CloseCode, SocketQueue
from ...sockets import CloseSocket, pump
from ...web import gate, guest_device, guest_pages, socket_doors
from ...web.socket_doors import SocketAnswer, SocketFrame
from . import watch

bp = Blueprint("live", __name__)
log = logging.getLogger(__name__)

HEARTBEAT = "<i data-beat hidden></i>"
# Characters of a frame: the longest text, were each letter written as three, and what stands around it. What is longer
# a page sends by its form (static/js/pending-messages.js).
LONGEST = 16 * 1024


@sock.route("/live", bp=bp, longest=LONGEST)
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
        handshake: RequestContext = request_ctx._get_current_object()  # type: ignore[attr-defined]  # of the proxy
        pump(
            ws, queue, lambda: watch.is_still_here(queue), heartbeat=HEARTBEAT, answer=partial(_hear, queue, handshake)
        )
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


def _hear(queue: SocketQueue, handshake: RequestContext, text: str) -> None:
    """One frame, answered as a request is: with a context and a session of its own. Raises nothing."""
    if queue.close_code is not None:
        return
    try:
        with handshake.app.app_context():
            frame = socket_doors.read(text)
            if frame is not None:
                queue.put(frame.acknowledged(_answer(queue, handshake, frame)))
    except CloseSocket as ending:
        queue.end(ending.code)
    except Exception as error:
        log.error("A frame of a socket failed: %s", told(error))
        queue.end(CloseCode.BROKEN)


def _answer(queue: SocketQueue, handshake: RequestContext, frame: SocketFrame) -> SocketAnswer:
    """Who was signed out, or shall be asked for the consent, is out with this frame. Raises CloseSocket."""
    try:
        visit = frame.visit_from(queue.device_id, handshake)
        if visit is None or not gate.may_go_on(visit.device, queue.only_chat_id):
            raise CloseSocket(CloseCode.SIGNED_OUT)
        return frame.door(visit, frame)
    except Exception as error:
        if not cause_of(error):
            raise
        log.error("A frame of a socket failed: %s", told(error))
        return SocketAnswer(503)  # over in a moment, or the operator's to see: the page tries again
