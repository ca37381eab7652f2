"""The socket of one person in one call: joins, relays, and checks every half minute whether they may still be there."""

from __future__ import annotations

import re
from contextlib import suppress
from functools import partial
from typing import Any

from flask import g, request, url_for
from flask_login import current_user
from flask_sock import Server
from sqlalchemy.exc import SQLAlchemyError

from ...config import current_settings
from ...database import write_transaction
from ...extensions import db, sock
from ...formatting import epoch
from ...models import CallVisit, Consultation, Device, User
from ...services import calls, clock, current_services
from ...services.calls import LONGEST, CallClosing, CallConnection, MalformedMessage, TokenBucket
from ...services.realtime import CloseCode
from ...services.turn import ice_configuration
from ...sockets import CloseSocket, pump
from .views import bp

MEDIA_LONGEST = 1000  # of ours have a tenth of it
PAGE = re.compile(r"[A-Za-z0-9_-]{8,40}")


@sock.route("/<int:id>/signal", bp=bp, longest=LONGEST)
def signal(ws: Server, id: int) -> None:
    connection, welcome = _admit(ws, id)
    bucket = TokenBucket()
    current_services.calls.join(
        connection, lambda peer, media: calls.encode("welcome", welcome | {"peer": peer, "media": media})
    )
    try:
        pump(ws, connection, lambda: _is_still_here(connection), partial(_receive, connection, bucket))
    finally:
        current_services.calls.close(connection)
        _record_leaving(connection)


def _admit(ws: Server, id: int) -> tuple[CallConnection, dict[str, Any]]:
    """Who may not come in is relayed why by the code, because a page cannot read the status of a refused socket."""
    try:
        if not current_user.is_authenticated:
            raise CloseSocket(CloseCode.SIGNED_OUT)
        page = request.args.get("page", "")
        if not PAGE.fullmatch(page):
            raise CloseSocket(CallClosing.AGAINST_THE_RULES)
        consultation = Consultation.find_for(current_user, id)
        if consultation is None:
            raise CloseSocket(CallClosing.NOT_YOURS)
        connection = CallConnection(id, current_user.id, g.device.id, page, url_for("consultations.show", id=id))
        if not consultation.is_open:
            ws.send(calls.encode("ended", {"to": connection.card}))
            raise CloseSocket(CallClosing.ENDED)
        return connection, _welcome(consultation)
    finally:
        db.session.remove()
        for name in ("device", "_login_user"):  # else every open socket keeps its person in memory
            g.pop(name, None)


def _welcome(consultation: Consultation) -> dict[str, Any]:
    now = clock.now()
    return {
        "leads": current_user.is_doctor,
        "ice": ice_configuration(current_settings, current_user.id, now),
        "closes": epoch(consultation.closes_at),
        "now": epoch(now),
    }


def _receive(connection: CallConnection, bucket: TokenBucket, text: str) -> None:
    if not bucket.allows():
        raise CloseSocket(CallClosing.AGAINST_THE_RULES)
    if len(text.encode()) > LONGEST:
        raise CloseSocket(CallClosing.TOO_LONG)
    try:
        said = calls.decode(text, connection.page)
    except MalformedMessage as error:
        raise CloseSocket(CallClosing.AGAINST_THE_RULES) from error
    if said.kind == calls.HERE:
        connection.put(calls.encode(calls.HERE, {}))
        return
    if said.kind == "media" and len(text) <= MEDIA_LONGEST:
        current_services.calls.remember(connection, said.body)
    current_services.calls.relay(connection, said.relayed)
    if said.kind == "bye":
        current_services.calls.depart(connection)


def _is_still_here(connection: CallConnection) -> bool:
    """Signed in, the consultation still open and still theirs; whoever is in the call is present."""
    try:
        device = db.session.get(Device, connection.device_id)
        if device is None or device.is_over or not _is_open_to(device.user, connection.call_id):
            connection.end_call()
            return True
        with write_transaction(db.session):
            if device.is_due_to_be_seen():
                device.mark_seen()
            Consultation.record_presence([device.user_id])
            CallVisit.note(connection.call_id, connection.user_id, connection.page)
        return True
    finally:
        db.session.remove()


def _is_open_to(user: User, id: int) -> bool:
    """Who wrote for somebody may have lost the right to it since they came in."""
    consultation = Consultation.find_for(user, id)
    return consultation is not None and consultation.is_open


def _record_leaving(connection: CallConnection) -> None:
    with suppress(SQLAlchemyError):  # the last tick is on record, and the socket's own end must not be hidden
        try:
            with write_transaction(db.session):
                CallVisit.note(connection.call_id, connection.user_id, connection.page)
        finally:
            db.session.remove()
