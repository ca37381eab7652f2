"""A text message that comes over the page's socket: the same verb, rules and words as by the form (views.post)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app, g
from werkzeug.datastructures import MultiDict

from ...database import read_only
from ...models import Message
from ...web import gate
from ...web.socket_doors import SocketAnswer, SocketFrame, SocketVisit, socket_door, whole_letters
from ...web.submission import submission
from ...web.text_filters import CLIENT_ID, clean_text
from .forms import MOST_SEQ, MessageForm
from .views import refused_foot


@dataclass(frozen=True)
class _Typed:
    """The fields of the form, as they came."""

    client_id: str
    text: str
    quoted: int | None
    is_warned: bool

    @property
    def is_plain(self) -> bool:
        """That nothing is wrong is seen without the form; what is wrong the form says (`MessageForm`)."""
        is_quotable = self.quoted is None or 0 < self.quoted <= MOST_SEQ
        is_of_length = 0 < len(self.text) <= Message.LONGEST
        return is_of_length and is_quotable and CLIENT_ID.fullmatch(self.client_id) is not None

    @property
    def fields(self) -> MultiDict[str, str]:
        quoted = {} if self.quoted is None else {"quoted": str(self.quoted)}
        warned = {"warned": "1"} if self.is_warned else {}
        return MultiDict({"client_id": self.client_id, "text": self.text} | quoted | warned)


@socket_door("send")
def send(visit: SocketVisit, frame: SocketFrame) -> SocketAnswer:
    """`chat`, `text`, and `quoted`, the seq of the message it answers, or nothing; `warned` when its author has seen
    that it speaks of an emergency. Nothing is asked back here: whoever wrote it may be looking elsewhere by now."""
    chat_id, text, quoted = (frame.said.get(name) for name in ("chat", "text", "quoted"))
    if type(chat_id) is not int or not isinstance(text, str) or type(quoted) not in (int, type(None)):
        return SocketAnswer(400)
    typed = _Typed(frame.client_id, clean_text(whole_letters(text)) or "", quoted, frame.said.get("warned") is True)
    author, chat = visit.device.user, visit.chat
    if chat is None or not gate.opens_chat(visit.device, chat.id):
        return SocketAnswer(404)
    if not typed.is_plain:
        return _refuse(visit, chat_id, typed, 422)
    newest = chat.last_seq
    with submission() as sent:
        message = chat.post(author, typed.text, typed.client_id, (), typed.quoted, is_warned=typed.is_warned)
    if sent.is_refused:
        return _refuse(visit, chat_id, typed, sent.status, sent.sentence)
    if message.seq > newest:
        return SocketAnswer(200)  # the message itself comes to all screens of its author
    with read_only():
        template = current_app.jinja_env.get_template("fragments/chat/sent.html")
        return SocketAnswer(200, template.render(chat=chat, message=message, viewer=author, is_live=True))


def _refuse(visit: SocketVisit, chat_id: int, typed: _Typed, status: int, sentence: str = "") -> SocketAnswer:
    """As the form is refused: its composer, with a token of the session by which the socket was opened."""
    with visit.handshake.copy():
        g.csrf_valid = True  # the socket has proved it
        form = MessageForm(formdata=typed.fields)
        if sentence:
            form.text.errors = [sentence]
        else:
            form.validate()
        return SocketAnswer(status, refused_foot(chat_id, form))
