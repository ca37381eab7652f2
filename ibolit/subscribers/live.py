"""Open screens: after a commit the fragments that changed go to each of the two who have the app open.

Runs in a database session of its own and only reads. What is lost here is asked for again by the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import render_template
from sqlalchemy.orm import Session

from ..database import reading
from ..events import AccessChanged, MemberTyped, MessageSent, ReceiptsMoved
from ..extensions import db
from ..models import Chat, ChatMember, Tariff, User
from ..services import current_services


def message_sent(fact: MessageSent) -> None:
    with _reading() as session:
        chat, message = Chat.with_message(session, fact.message_id)
        _show_all(session, _listening(chat), "message_sent", chat=chat, message=message)


def receipts_moved(fact: ReceiptsMoved) -> None:
    with _reading() as session:
        chat = Chat.with_people(session, fact.chat_id)
        readers = _listening(chat)
        own = [reader for reader in readers if reader.id == fact.member_id]
        _show_all(session, own, "read_here", chat=chat, revision=fact.revision)
        for reader in readers:
            if reader.id != fact.member_id:
                _show(reader, "receipts_moved", chat=chat, revision=fact.revision)


def access_changed(fact: AccessChanged) -> None:
    with _reading() as session:
        chat = Chat.with_people(session, fact.chat_id)
        on_sale = session.scalars(Tariff.on_sale_by(chat.doctor_id)).all()
        for reader in _listening(chat):
            _show(reader, "access_changed", chat=chat, on_sale=on_sale, revision=fact.revision)


def member_typed(fact: MemberTyped) -> None:
    with _reading() as session:
        chat = Chat.with_people(session, fact.chat_id)
        for reader in _listening(chat):
            if reader.id != fact.user_id:
                _show(reader, "member_typed", chat=chat)


@contextmanager
def _reading() -> Iterator[Session]:
    with reading(), Session(db.engine, expire_on_commit=False) as session:
        yield session


def _listening(chat: Chat) -> list[User]:
    both = (chat.patient, chat.doctor.user)
    return [user for user in both if current_services.realtime.has_listeners(user.id)]


def _show_all(session: Session, readers: list[User], name: str, **context: object) -> None:
    """With the badge of each."""
    if not readers:
        return
    unread = ChatMember.unread_of_each(session, readers)
    for reader in readers:
        _show(reader, name, unread_chats=unread[reader.id], **context)


def _show(reader: User, name: str, **context: object) -> None:
    html = render_template(f"live/{name}.html", viewer=reader, **context)
    current_services.realtime.publish(reader.id, html)
