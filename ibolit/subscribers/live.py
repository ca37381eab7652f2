"""Open screens: after a commit the fragments that changed go to each of the two who have the app open.

Runs in a database session of its own and only reads. What is lost here is asked for again by the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import render_template
from sqlalchemy.orm import Session, joinedload

from ..database import reading
from ..events import AccessChanged, MemberTyped, MessageSent, ReceiptsMoved
from ..extensions import db
from ..models import Chat, Doctor, Message, Tariff, User
from ..services import current_services


def message_sent(fact: MessageSent) -> None:
    with _chat_and_readers(fact.chat_id) as (session, chat, readers):
        message = session.get_one(Message, fact.message_id)
        for reader in readers:
            _show(reader, "message_sent", chat=chat, message=message, unread_chats=_unread_chats(session, reader))


def receipts_moved(fact: ReceiptsMoved) -> None:
    with _chat_and_readers(fact.chat_id) as (session, chat, readers):
        for reader in readers:
            name = "read_here" if reader.id == fact.member_id else "receipts_moved"
            _show(reader, name, chat=chat, revision=fact.revision, unread_chats=_unread_chats(session, reader))


def access_changed(fact: AccessChanged) -> None:
    with _chat_and_readers(fact.chat_id) as (session, chat, readers):
        on_sale = session.scalars(Tariff.on_sale_by(chat.doctor_id)).all()
        for reader in readers:
            _show(reader, "access_changed", chat=chat, on_sale=on_sale, revision=fact.revision)


def member_typed(fact: MemberTyped) -> None:
    with _chat_and_readers(fact.chat_id) as (_, chat, readers):
        for reader in readers:
            if reader.id != fact.user_id:
                _show(reader, "member_typed", chat=chat)


@contextmanager
def _chat_and_readers(chat_id: int) -> Iterator[tuple[Session, Chat, list[User]]]:
    with reading(), Session(db.engine, expire_on_commit=False) as session:
        chat = session.get_one(
            Chat,
            chat_id,
            options=[
                joinedload(Chat.patient),
                joinedload(Chat.doctor).joinedload(Doctor.user),
                joinedload(Chat.members),
            ],
        )
        both = (chat.patient, chat.doctor.user)
        yield session, chat, [user for user in both if current_services.realtime.has_listeners(user.id)]


def _unread_chats(session: Session, reader: User) -> int:
    from sqlalchemy import func, select

    from ..models import ChatMember

    return session.scalar(select(func.count()).where(ChatMember.user_id == reader.id, ChatMember.unread > 0)) or 0


def _show(reader: User, name: str, **context: object) -> None:
    html = render_template(f"live/{name}.html", viewer=reader, **context)
    current_services.realtime.publish(reader.id, html)
