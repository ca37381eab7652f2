"""What a search shows of the other side's words was read as in the chat itself."""

from __future__ import annotations

from collections.abc import Sequence

from flask_login import current_user

from ..database import write_transaction
from ..extensions import db
from ..models import AuditAction, AuditEvent, Message
from .client import client_address


def note_found(found: Sequence[Message]) -> None:
    """A line of the audit log for each chat, from the first to the last message that was shown."""
    seen: dict[int, list[int]] = {}
    for message in found:
        if message.author_id != current_user.id:
            seen.setdefault(message.chat_id, []).append(message.seq)
    spans = {chat_id: (min(seqs), max(seqs)) for chat_id, seqs in seen.items()}
    with write_transaction(db.session):
        AuditEvent.write_spans(AuditAction.CHAT_SEARCHED, spans, actor_id=current_user.id, address=client_address())
