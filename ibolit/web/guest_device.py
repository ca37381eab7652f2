"""What a device reaches that was let in for one consultation only: its card, call, chat and files."""

from __future__ import annotations

from collections.abc import Mapping

from flask import g, request
from flask_login import current_user
from sqlalchemy import select

from ..extensions import db
from ..models import Attachment, Consultation

ALWAYS = {"live.listen", "device_transfer.ask", "device_transfer.accept"}
OF_THE_CONSULTATION = {
    "consultations.show",
    "consultations.mark_ready",
    "consultations.announce_delay",
    "consultations.end",
    "calls.show",
    "calls.signal",
    "calls.check",
    "calls.report",
    "calls.request_callback",
}
OF_THE_CHAT = {
    "chat.show",
    "chat.index",
    "chat.post",
    "chat.update_receipts",
    "chat.type",
    "files.index",
    "uploads.offer",
    "uploads.create",
}
OF_A_FILE = {"files.show", "files.shown", "files.thumbnail", "files.view"}
OF_AN_UPLOAD = {"uploads.offset", "uploads.append", "uploads.cancel"}


def is_current() -> bool:
    return current_user.is_authenticated and g.device.only_consultation_id is not None


def may_open(consultation_id: int) -> bool:
    """Whether this request concerns the consultation; whose it is the door itself asks."""
    wanted = request.view_args or {}
    if request.endpoint in ALWAYS:
        return True
    if request.endpoint in OF_THE_CONSULTATION:
        return wanted.get("id") == consultation_id
    if request.endpoint in OF_THE_CHAT:
        return wanted.get("id") == chat_of(consultation_id)
    if request.endpoint in OF_A_FILE:
        return _lies_in(consultation_id, Attachment.id == wanted.get("id"))
    if request.endpoint in OF_AN_UPLOAD:
        return _lies_in(consultation_id, Attachment.key == wanted.get("key"))
    return False


def is_shown(endpoint: str, wanted: Mapping[str, object], consultation_id: int, chat_id: int | None) -> bool:
    """Whether a page of the consultation shows a way there; the files on it are of its own chat."""
    if endpoint in OF_THE_CONSULTATION:
        return wanted.get("id") == consultation_id
    if endpoint in OF_THE_CHAT:
        return wanted.get("id") == chat_id
    return endpoint in ALWAYS or endpoint in OF_A_FILE or endpoint in OF_AN_UPLOAD


def chat_of(consultation_id: int) -> int | None:
    return db.session.scalar(select(Consultation.chat_id).where(Consultation.id == consultation_id))


def _lies_in(consultation_id: int, is_wanted: object) -> bool:
    chat_id = select(Consultation.chat_id).where(Consultation.id == consultation_id).scalar_subquery()
    found = select(Attachment.id).where(is_wanted, Attachment.chat_id == chat_id)  # type: ignore[arg-type]
    return db.session.scalar(found) is not None
