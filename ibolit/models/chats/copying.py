"""«Это про Ваню»: words that went into one chat with a doctor and are about somebody else, copied into theirs."""

from __future__ import annotations

from collections.abc import Sequence

from ... import errors
from ...events import MessageCopied, record
from ..people import User
from .attachment import Attachment
from .chat import Chat
from .message import Message


def copy_made(message: Message, to: Chat) -> Message | None:
    """The one that an earlier press has made."""
    assert message.author_id is not None
    return Message.by_client_id(message.author_id, _press(message), to.id)


def copy_message(source: Chat, seq: int, to: Chat, author: User, files: Sequence[Attachment]) -> Message:
    """The author's own words as a message of the other chat, once however often it is asked; the first chat says so.

    `files` are copies of the message's own that belong to the other chat, and no message has yet. A quote stays behind,
    as what it names is not there. Both chats are locked by who asks, in the order of their numbers.
    Raises MessageIsGone, MessageIsHere, and what Chat.post() raises.
    """
    if source.id == to.id:
        raise errors.MessageIsHere
    message = Message.in_chat(source, seq)
    if message is None or message.author_id != author.id or not message.may_be_quoted:
        raise errors.MessageIsGone
    known = copy_made(message, to)
    if known is not None:
        return known
    made = to.post(author, message.text, _press(message), files, is_warned=True)
    record(MessageCopied(source.id, message.id, to.id))
    return made


def _press(message: Message) -> str:
    return f"copy:{message.id}"  # no form may send such an id
