"""One open chat: reading it, writing into it, and what a page asks for to stay current."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import release, write_transaction
from ...events import MemberTyped, publish
from ...extensions import db
from ...models import (
    Attachment,
    AuditAction,
    Chat,
    ChatState,
    Consultation,
    Doctor,
    InboxNumbers,
    Message,
    PatientFact,
    Tariff,
)
from ...models.chats import fact_question_first, preload_cards
from ...models.family import twins
from ...responses import go, respond, wants_fragment
from ...web import guest_device, ingest
from ...web.audit import log_of_chat
from ...web.doctor_page import show_doctor
from ...web.file_forms import max_body_size
from ...web.inbox import inbox_page
from ...web.subjects import SubjectForm
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .forms import MessageForm, ReceiptsForm

bp = Blueprint("chat", __name__, url_prefix="/chats")


PAGE = 50
LONGEST_PAGE = 200  # when much is unread, the first unread must still be on it
CONTEXT = 10  # read ones before it


@bp.post("")
@login_required
def create() -> ResponseReturnValue:
    """«Написать сообщение»: opens the chat with this doctor."""
    if not current_user.is_patient:
        abort(403)
    doctor_id = request.form.get("doctor_id", type=int)
    doctor = Doctor.opened_by(current_user, doctor_id or 0) or abort(404)
    form = SubjectForm()
    if not form.validate_on_submit():
        return show_doctor(doctor, form, 422)
    with submission(form.subject) as sent:
        chat_id = Chat.begin(current_user, doctor, form.subject.dependant)
    if sent.is_refused:
        return show_doctor(doctor, form, sent.status)
    return go(url_for(".show", id=chat_id))


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    chat = _chat(id)
    asked = request.args.get("before", type=int)
    is_end = "end" in request.args  # «К последним сообщениям», past what is unread
    first_unread = None if asked or is_end else _first_unread(chat)
    before = asked or _end_of_unread_page(chat, first_unread)
    messages = Message.page_of(chat, before=before, most=PAGE if asked or is_end else _page_size(chat))
    skips_unread = is_end and chat.member(current_user.id).read_to + 1 < messages[0].seq if messages else False
    nearest = Consultation.pinned_in(chat, preload_cards(messages, chat.pinned_cards))
    unanswered = _fact_question(chat)  # as the chat was loaded: marking it read loads it anew, without its questions
    revision = chat.revision
    # Not more than its own step: the receipt is written later than the messages were read, and others write between.
    is_seen = asked is None and not skips_unread and "X-Kept-Copy" not in request.headers
    if _note_reading(chat, messages, moves_receipts=is_seen, is_opening=True) and chat.revision == revision + 1:
        revision = chat.revision
    return render_template(
        "pages/chat/show.html",
        chat=chat,
        revision=revision,
        messages=messages,
        first_unread=first_unread,
        before=before,
        skips_unread=skips_unread,
        on_sale=_on_sale(chat),
        nearest=nearest,
        unanswered=unanswered,
        twins=_twins_of(chat),
        form=_answer_to(chat, request.args.get("quote", type=int)),
        **({} if guest_device.is_current() else inbox_page()),
    )


@bp.get("/<int:id>/messages")
@login_required
def index(id: int) -> ResponseReturnValue:
    """Older messages before a seq, or all that changed after a revision."""
    chat = _chat(id)
    before, after = request.args.get("before", type=int), request.args.get("after", type=int)
    if before is not None:
        messages = Message.page_of(chat, before=before, most=PAGE)
        preload_cards(messages)
        _note_reading(chat, messages, moves_receipts=False)
        return respond("chat/older.html", to=url_for(".show", id=id, before=before), chat=chat, messages=messages)
    if request.args.get("state") == chat.state and chat.revision == after:
        return "", 204
    messages = Message.changed_since(chat, after or 0, most=LONGEST_PAGE)
    nearest = Consultation.pinned_in(chat, preload_cards(messages, chat.pinned_cards))
    _note_reading(chat, messages, moves_receipts=False)
    complete = len(messages) < LONGEST_PAGE
    context: dict[str, Any] = {"chat": chat, "messages": messages, "on_sale": _on_sale(chat), "form": _empty_form()}
    context |= {"nearest": nearest, "numbers": _numbers()}
    revision = chat.revision if complete else messages[-1].revision
    return respond("chat/changes.html", to=url_for(".show", id=id), revision=revision, complete=complete, **context)


@bp.post("/<int:id>/messages")
@login_required
@ingest.accepts_files(max_body_size)
def post(id: int) -> ResponseReturnValue:
    form = MessageForm()
    is_valid = form.validate_on_submit()
    if form.has_files and not form.files.errors:
        _ingest_files(id, form)
    chat = Chat.locked_for(current_user, id) or abort(404)
    if not is_valid or form.files.errors:
        return _refuse(chat, form, 422)
    if chat.takes_messages_from(current_user) and not wants_fragment() and form.asks_back(chat, current_user):
        return _refuse(chat, form, 200)
    with submission(form.text) as sent:
        attachments = form.attachments(chat)
        text, quoted_seq = form.text.data or "", form.quoted.data
        is_warned = form.warned.data
        message = chat.post(current_user, text, form.client_id.data, attachments, quoted_seq, is_warned=is_warned)
    if sent.is_refused:
        return _refuse(_chat(id), form, sent.status)
    ingest.discard_duplicates(attachments)
    sent_as: dict[str, Any] = {"chat": chat, "message": message, "numbers": _numbers() if wants_fragment() else None}
    return respond("chat/sent.html", to=url_for(".show", id=id, _anchor="end"), viewer=current_user, **sent_as)


@bp.post("/<int:id>/receipts")
@login_required
def update_receipts(id: int) -> ResponseReturnValue:
    chat = Chat.locked_for(current_user, id) or abort(404)
    form = ReceiptsForm()
    if not form.validate_on_submit():
        abort(400)
    read_before = chat.member(current_user.id).read_to
    chat.update_receipts(current_user, delivered_to=form.delivered_to.data or 0, read_to=form.read_to.data or 0)
    read_now = chat.member(current_user.id).read_to
    if read_now > read_before:
        log_of_chat(AuditAction.CHAT_READ, chat, read_before + 1, read_now)
    db.session.commit()
    return "", 204


@bp.post("/<int:id>/typing")
@login_required
def type(id: int) -> ResponseReturnValue:
    """Told to the other side, stored nowhere."""
    chat = _chat(id)
    if chat.takes_messages_from(current_user):
        release()
        publish(MemberTyped(chat.id, current_user.id))
    return "", 204


def _ingest_files(id: int, form: MessageForm) -> None:
    """Before the chat's lock, as looking at files takes seconds: all that came with the form, and what came in pieces
    to a server that was stopped before it could look."""
    chat = _chat(id)
    if not chat.takes_messages_from(current_user):
        return  # the refusal comes with the words
    form.ingest_files(chat, is_for_card=False)
    form.files.errors += ingest.resume_interrupted(Attachment.sent_by(current_user, chat, form.uploads.data))


def _chat(id: int) -> Chat:
    return Chat.find_for(current_user, id, Consultation.pinned_first(), fact_question_first()) or abort(404)


def _fact_question(chat: Chat) -> list[PatientFact]:
    """Allergies that a doctor has added, for the patient's «Показать всем моим врачам»."""
    is_asked = chat.has_fact_question and chat.patient_id == current_user.id and not guest_device.is_current()
    return PatientFact.unanswered_of(chat.subject_key) if is_asked else []


def _twins_of(chat: Chat) -> Sequence[Chat]:
    """For its doctor: chats that may be about the same child, for whom somebody else writes."""
    is_asked = chat.is_led_by(current_user) and not guest_device.is_current()
    return twins.chats_like(chat) if is_asked else []


def _empty_form() -> MessageForm:
    return MessageForm(formdata=None, client_id=new_client_id())


def _answer_to(chat: Chat, seq: int | None) -> MessageForm:
    """An empty composer, with the message that shall be quoted."""
    form = _empty_form()
    form.quoted.data = seq if seq and 0 < seq <= chat.last_seq else None
    form.keep(chat)
    return form


def _on_sale(chat: Chat) -> list[Tariff]:
    """Asked for only when «Продлить» may be shown."""
    if current_user.is_doctor or chat.state in (ChatState.NOT_BEGUN, ChatState.OPEN, ChatState.UNLIMITED):
        return []
    return list(db.session.scalars(Tariff.on_sale_by(chat.doctor_id)))


def _numbers() -> InboxNumbers | None:
    """Who else waits for this doctor."""
    return Chat.numbers_of(current_user) if current_user.is_doctor and not guest_device.is_current() else None


def _first_unread(chat: Chat) -> int | None:
    """The seq under which the page opens; own messages are never unread."""
    mine = chat.member(current_user.id)
    return mine.read_to + 1 if mine.unread else None


def _end_of_unread_page(chat: Chat, first_unread: int | None) -> int | None:
    """So much is unread that the last page would not begin before it: then its own page comes first, and only what
    stands on it is marked read."""
    if first_unread is None or chat.last_seq - first_unread < LONGEST_PAGE - CONTEXT:
        return None
    return first_unread + LONGEST_PAGE - CONTEXT


def _page_size(chat: Chat) -> int:
    mine = chat.member(current_user.id)
    unread = chat.last_seq - mine.read_to if mine.unread else 0  # own messages lengthen nothing
    return min(max(PAGE, unread + CONTEXT), LONGEST_PAGE)


def _note_reading(chat: Chat, messages: list[Message], *, moves_receipts: bool, is_opening: bool = False) -> bool:
    """The audit log learns what was shown or given to a device to keep; a whole page of the newest also marks read, a
    prefetch and a copy to be kept do not.

    An opening is a line of its own each time, with the others' messages that the page shows; what comes afterwards to
    an open page is noted with its receipts, so that sending a message writes none. True when a receipt moved.
    """
    others = [message.seq for message in messages if message.author_id != current_user.id]
    is_prefetch = "prefetch" in (request.headers.get("Sec-Purpose") or request.headers.get("Purpose") or "")
    if is_prefetch or not (others or is_opening):
        return False
    newest = messages[-1].seq if moves_receipts and others else 0
    with write_transaction(db.session):
        log_of_chat(AuditAction.CHAT_READ, chat, min(others, default=None), max(others, default=None))
        return chat.update_receipts(current_user, delivered_to=newest, read_to=newest)


def refused_foot(id: int, form: MessageForm) -> str:
    """The same composer for who sent it over the socket."""
    chat = _chat(id)
    form.keep(chat)
    return render_template("fragments/chat/foot.html", chat=chat, on_sale=_on_sale(chat), form=form)


def _refuse(chat: Chat, form: MessageForm, status: int) -> ResponseReturnValue:
    """The same composer with its sentence and the typed text; without htmx the whole chat around it."""
    form.keep(chat)
    if wants_fragment():
        return respond("chat/foot.html", status=status, chat=chat, on_sale=_on_sale(chat), form=form)
    return whole_page(chat, form, status)


def whole_page(chat: Chat, form: MessageForm | None, status: int, **more: Any) -> ResponseReturnValue:
    """The end of the chat, when a form without htmx was refused; it marks nothing read."""
    messages = Message.page_of(chat, most=PAGE)
    preload_cards(messages)
    _note_reading(chat, messages, moves_receipts=False)
    page = render_template(
        "pages/chat/show.html",
        messages=messages,
        nearest=Consultation.nearest_in(chat),
        unanswered=_fact_question(chat),
        twins=_twins_of(chat),
        first_unread=None,
        before=None,
        skips_unread=False,
        chat=chat,
        on_sale=_on_sale(chat),
        form=form or _empty_form(),
        **more,
        **inbox_page(),
    )
    return make_response(page, status)
