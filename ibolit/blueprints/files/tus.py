"""Files in pieces, which a lost network or a closed page cannot spoil: the protocol tus 1.0 (https://tus.io).

Extensions: creation, creation-with-upload, expiration, termination. The one door that knows PATCH, HEAD and DELETE.
"""

from __future__ import annotations

import base64
import binascii
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.utils import format_datetime
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...config import current_settings
from ...database import read_only, release
from ...extensions import db
from ...models import Attachment, Chat
from ...services import current_services
from ...services.storage import StorageFailed
from ...services.uploads import Busy, DiskFailed, Dropped, Part
from ...web import ingest

bp = Blueprint("uploads", __name__)

BYTES = "application/offset+octet-stream"
SILENT = 5.0  # seconds without a byte after which a line gives way to another one

_connections: dict[str, Any] = {}  # on which a piece is being read just now, by the upload's key


def _max_body_size() -> int:
    return current_settings.file_max


@bp.route("/chats/<int:id>/uploads", methods=["OPTIONS"])
@bp.route("/uploads/<key>", methods=["OPTIONS"])
def offer(**_: object) -> ResponseReturnValue:
    return _answer(
        204,
        {
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,creation-with-upload,expiration,termination",
            "Tus-Max-Size": str(current_settings.file_max),
        },
    )


@bp.post("/chats/<int:id>/uploads")
@login_required
@ingest.accepts_files(_max_body_size)
def create(id: int) -> ResponseReturnValue:
    chat = Chat.find_for(current_user, id) or abort(404)
    told = _metadata()
    size = _whole("Upload-Length")
    attachment = ingest.announce(current_user, chat, told.get("name", ""), size, is_voice=told.get("voice") == "1")
    headers = {"Location": url_for(".append", key=attachment.key), "Upload-Offset": "0", **_expires(attachment)}
    if request.mimetype == BYTES and request.content_length:
        headers["Upload-Offset"] = str(_append_and_ingest(attachment, 0))
    return _answer(201, headers)


@bp.route("/uploads/<key>", methods=["HEAD"])
@login_required
def offset(key: str) -> ResponseReturnValue:
    with read_only():
        attachment = _own(key)
    here = attachment.size if attachment.has_arrived else current_services.uploads.size(key)
    return _answer(200, {"Upload-Offset": str(here), "Upload-Length": str(attachment.size), **_expires(attachment)})


@bp.patch("/uploads/<key>")
@login_required
@ingest.accepts_files(_max_body_size)
def append(key: str) -> ResponseReturnValue:
    if request.mimetype != BYTES:
        abort(415)
    attachment = _own(key)
    if attachment.has_arrived:
        abort(409)
    here = _append_and_ingest(attachment, _whole("Upload-Offset"))
    return _answer(204, {"Upload-Offset": str(here), **_expires(attachment)})


@bp.delete("/uploads/<key>")
@login_required
def cancel(key: str) -> ResponseReturnValue:
    attachment = _own(key)
    release()
    with _held(key):
        if not ingest.discard(attachment):
            abort(404)
    return _answer(204, {})


@bp.errorhandler(errors.RuleViolation)
def _refuse(refusal: errors.RuleViolation) -> ResponseReturnValue:
    """The script that uploads shows the sentence beside its file."""
    db.session.rollback()
    return Response(refusal.sentence, refusal.status, mimetype="text/plain", headers={"Tus-Resumable": "1.0.0"})


@bp.errorhandler(DiskFailed)
@bp.errorhandler(StorageFailed)
def _wait(_failure: Exception) -> ResponseReturnValue:
    return _refuse(errors.FileNotTaken())


def _own(key: str) -> Attachment:
    """Somebody's unsent upload is nobody else's business."""
    attachment: Attachment = db.first_or_404(Attachment.unsent_of(current_user, key))
    if attachment.is_old:
        abort(410)
    return attachment


def _append_and_ingest(attachment: Attachment, offset: int) -> int:
    """How much of the file is here now; the last bytes also have it looked at."""
    size = attachment.size
    release()
    with _held(attachment.key) as part:
        if part.size != offset:
            abort(409)
        _append(attachment.key, part, size - offset)
        here = part.size
        if here == size:
            ingest.ingest(attachment, part)
    return here


@contextmanager
def _held(key: str) -> Iterator[Part]:
    """Answers 423 while another request writes to it or looks at it."""
    end = 0.0
    with ExitStack() as stack:
        while True:
            try:
                part = stack.enter_context(current_services.uploads.hold(key))
                break
            except Busy:
                end = end or _shut_silent_connection(key)
                if time.monotonic() > end:
                    abort(423)
                time.sleep(0.05)
        yield part


def _shut_silent_connection(key: str) -> float:
    """A phone that changed its network speaks on a new line, while the old one still seems to stand: it is ended.

    Until when its part should be free.
    """
    connection = _connections.get(key)
    if connection is None or current_services.uploads.silence(key) < SILENT:
        abort(423)
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
    return time.monotonic() + SILENT


def _append(key: str, part: Part, most: int) -> None:
    if (request.content_length or 0) > most:
        abort(413)
    _connections[key] = request.environ.get("gunicorn.socket")
    try:
        part.append(request.stream, most)
    except Dropped:
        abort(410)
    finally:
        del _connections[key]


def _metadata() -> dict[str, str]:
    """«name 0YTQsNC50Ls=,voice MQ==»: words and their values in Base64."""
    told = {}
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        word, _, value = pair.strip().partition(" ")
        try:
            told[word] = base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            abort(400)
    return told


def _whole(header: str) -> int:
    value = request.headers.get(header, "")
    if not (value.isascii() and value.isdecimal() and len(value) < 16):
        abort(400)
    return int(value)


def _expires(attachment: Attachment) -> dict[str, str]:
    return {"Upload-Expires": format_datetime(attachment.created_at + Attachment.WAITS, usegmt=True)}


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status=status, headers={"Tus-Resumable": "1.0.0", "Cache-Control": "no-store", **headers})
