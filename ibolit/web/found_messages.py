"""What a search shows of the other side's words was read as in the chat itself."""

from __future__ import annotations

from collections.abc import Sequence

from flask_login import current_user

from ..database import write_transaction
from ..extensions import db
from ..models import AuditAction, AuditEvent, Chat, Message
from .client import client_address
from .pagination import split_page

FOUND = 50  # messages a search shows: one more word is sooner typed than they are read


def find_messages(words: str, within: Chat | None = None) -> tuple[Sequence[Message], bool]:
    """What is shown, written down as read, and whether there is more of it."""
    found, last = split_page(Chat.search_messages(current_user, words, FOUND + 1, within), FOUND)
    _note_found(found)
    return found, last is not None


def _note_found(found: Sequence[Message]) -> None:
    """A line of the audit log for each chat, from the first to the last message that was shown."""
    seen: dict[int, list[int]] = {}
    for message in found:
        if message.author_id != current_user.id:
            seen.setdefault(message.chat_id, []).append(message.seq)
    spans = {chat_id: (min(seqs), max(seqs)) for chat_id, seqs in seen.items()}
    with write_transaction(db.session):
        AuditEvent.write_spans(AuditAction.CHAT_SEARCHED, spans, actor_id=current_user.id, address=client_address())
