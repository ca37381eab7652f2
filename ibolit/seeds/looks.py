"""Who has looked at the demo's patients: the doctors of their chats, one who stands in, and the office at a payment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import select

from ..extensions import db
from ..models import Attachment, AuditAction, AuditEvent, AuditReason, Chat, Payment, User
from ..services import clock

DAYS = (1.6, 0.1)  # ago, when each doctor has opened each chat


def fill(operator: User, days_ago: Callable[[float], AbstractContextManager[None]]) -> None:
    chats = db.session.scalars(select(Chat).where(Chat.last_seq > 0).order_by(Chat.id)).all()
    for days in DAYS:
        with days_ago(days):
            for chat in (one for one in chats if one.last_at and one.last_at < clock.now()):
                _look(AuditAction.CHAT_READ, chat, chat.doctor.user_id, AuditReason.CARE, chat.id)
                for stand_in in chat.stand_ins() if days == DAYS[-1] else ():
                    _look(AuditAction.CHAT_READ, chat, stand_in.id, AuditReason.STAND_IN, chat.id)
    with days_ago(DAYS[-1]):
        sent = Attachment.chat_id.in_([chat.id for chat in chats]), Attachment.message_id.is_not(None)
        for file in db.session.scalars(select(Attachment).where(*sent).order_by(Attachment.id)):
            chat = db.session.get_one(Chat, file.chat_id)
            if file.author_id == chat.patient_id:
                _look(AuditAction.FILE_READ, chat, chat.doctor.user_id, AuditReason.CARE, file.id)
        for payment in db.session.scalars(select(Payment).where(Payment.refunded > 0).order_by(Payment.id)):
            _look(AuditAction.PAYMENT_READ, payment.chat, operator.id, AuditReason.OFFICE, payment.id)


def _look(action: AuditAction, chat: Chat, actor_id: int, reason: AuditReason, subject_id: int) -> None:
    whose = {"patient_id": chat.patient_id, "dependant_id": chat.dependant_id}
    AuditEvent.write(action, actor_id=actor_id, reason=reason, subject_id=subject_id, address="127.0.0.1", **whose)
    db.session.flush()
