"""«Пациенты»: a doctor's own, and what is kept of each: consultations, files, notes, days given."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_wtf import FlaskForm

from ... import errors
from ...database import write_transaction
from ...extensions import db
from ...formatting import plural
from ...models import Attachment, AuditAction, Chat, Consultation, PatientNote, SubjectKey
from ...models.consultations import lists
from ...responses import respond, wants_fragment
from ...services import clock
from ...web.audit import log_found_patients, log_of_chat
from ...web.authentication import current_doctor
from ...web.fact_forms import fact_page
from ...web.pagination import Cursor, decode_cursor, encode_cursor, is_id, split_page
from ...web.submission import submission
from .forms import DaysForm, NoteForm

bp = Blueprint("patients", __name__, url_prefix="/patients")

PAGE, FOUND, CONSULTATIONS, FILES = 30, 50, 5, 4


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    doctor, before = current_doctor(), _position()
    chats, last = split_page(db.session.scalars(Chat.patients_of(doctor, before=before).limit(PAGE + 1)).all(), PAGE)
    next_page = url_for(".index", before=encode_cursor(last.last_at, last.id)) if last else None
    fragment = "patients/rows.html" if before else "patients/list.html"
    return respond(fragment, page="patients/index.html", **_listed(chats, next_page=next_page))


@bp.post("/search")
@login_required
def search() -> ResponseReturnValue:
    """A POST, because names belong into no log and no history."""
    doctor, words = current_doctor(), request.form.get("q", "").strip()[:80]
    found = db.session.scalars(Chat.patients_of(doctor, words).limit(FOUND + 1)).all()
    if words:
        with write_transaction(db.session):
            log_found_patients(found)
    else:
        found = found[:PAGE]
    listed = _listed(found[:FOUND], words=words, is_cut=len(found) > FOUND)
    if not words and len(found) == PAGE:
        listed["next_page"] = url_for(".index", before=encode_cursor(found[-1].last_at, found[-1].id))
    return respond("patients/list.html", page="patients/index.html", **listed)


@bp.get("/<subject:id>")
@login_required
def show(id: SubjectKey) -> ResponseReturnValue:
    return _page(*own_with_facts(id))


@bp.get("/<subject:id>/consultations")
@login_required
def consultations(id: SubjectKey) -> ResponseReturnValue:
    """More of what is past; `before` is (starts_at, id) of the last one seen."""
    chat = _own(id)
    before = decode_cursor(request.args.get("before", ""))
    _, past, next_page = _consultations(chat, before)
    listed = {"past": past, "next_page": next_page, "before": before, "viewer": current_user, "chat": chat}
    return respond("consultations/rows.html", page="patients/consultations.html", **listed)


@bp.post("/<subject:id>/note")
@login_required
def keep_note(id: SubjectKey) -> ResponseReturnValue:
    """By itself while one types; without scripts by a button."""
    chat, note = own_with_note(id)
    form = NoteForm()
    if not form.validate_on_submit():
        return _refuse_note(chat, note, form, 422)
    with submission(form.text) as sent:
        PatientNote.keep(chat, form.text.data or "", form.pen.data, seen=form.seen.data)
    if sent.is_refused:
        return _refuse_note(chat, note, form, sent.status)
    if not wants_fragment():
        flash("Заметка сохранена.")
    saved = {"saved_at": clock.now(), "viewer": current_user}
    return respond("patients/note_state.html", to=url_for(".show", id=id, _anchor="note"), **saved)


@bp.post("/<subject:id>/days")
@login_required
def give_days(id: SubjectKey) -> ResponseReturnValue:
    """«Подарить дни»."""
    chat, note = own_with_note(id)
    form = DaysForm()
    if not form.validate_on_submit():
        return _refuse_days(chat, note, form, 422)
    days = form.days.data or 0
    with submission(form.days) as sent:
        if chat.give_days(days, form.client_id.data):
            log_of_chat(AuditAction.DAYS_GIVEN, chat, days, days)
    if sent.is_refused:
        return _refuse_days(chat, note, form, sent.status)
    sentence = f"Подарено: {plural(days, 'день', 'дня', 'дней')}. Пациент увидит это в чате."
    if not wants_fragment():
        flash(sentence)
    fresh = {"chat": chat, "days_form": DaysForm.new(), "saved": sentence, "viewer": current_user}
    return respond("patients/gift.html", to=url_for(".show", id=id, _anchor="gift"), **fresh)


def _own(id: SubjectKey) -> Chat:
    """Only a patient with whom this doctor has a chat."""
    return db.session.scalar(Chat.with_patient(current_doctor(), id)) or abort(404)


def own_with_facts(id: SubjectKey) -> tuple[Chat, PatientNote | None]:
    """The same with all that is known of the patient, for pages that show it: one query for the three."""
    found = PatientNote.beside(Chat.with_patient(current_doctor(), id, with_facts=True))
    return db.session.execute(found).unique().tuples().first() or abort(404)


def own_with_note(id: SubjectKey) -> tuple[Chat, PatientNote | None]:
    """The same with what the doctor has noted of them; 404 for everybody else's."""
    found = db.session.execute(PatientNote.beside(Chat.with_patient(current_doctor(), id))).tuples().first()
    return found or abort(404)


def _listed(chats: Any, **more: Any) -> dict[str, Any]:
    known = {"next_page": None, "words": "", "is_cut": False}
    return known | {"chats": chats, "consultations": lists.next_in(chats), "viewer": current_user} | more


def _page(chat: Chat, note: PatientNote | None, status: int = 200, **forms: FlaskForm) -> ResponseReturnValue:
    upcoming, past, next_page = _consultations(chat)
    files = Attachment.page_of(chat, most=FILES)
    _note_reading(chat, files)
    shown: dict[str, Any] = {
        "chat": chat,
        "note": note,
        **fact_page(chat.subject_key, current_user, chat.subject.facts),
        "upcoming": upcoming,
        "past": past,
        "next_page": next_page,
        "attachments": files,
        "note_form": NoteForm.of(note),
        "days_form": DaysForm.new(),
        "saved": "",
        "viewer": current_user,
    } | forms
    return respond("patients/patient.html", page="patients/show.html", status=status, **shown)


def _consultations(
    chat: Chat, before: Cursor | None = None
) -> tuple[list[Consultation], Sequence[Consultation], str | None]:
    """What is coming, the last of what is past, and where the rest of it is."""
    upcoming, ended = lists.parted(lists.shown_with_patient(chat, CONSULTATIONS + 1, before))
    past, last = split_page(ended, CONSULTATIONS)
    next_page = (
        url_for(".consultations", id=chat.subject_key, before=encode_cursor(last.starts_at, last.id)) if last else None
    )
    return upcoming, past, next_page


def _refuse_note(chat: Chat, note: PatientNote | None, form: NoteForm, status: int) -> ResponseReturnValue:
    """Without scripts: what was typed above what is kept; sent again, it takes its place."""
    if wants_fragment():
        over = {"name": "seen", "value": note.version} if note and status == errors.NoteHasChanged.status else None
        told = {"refusal": form.text.errors, "theirs": note.text if note else "", "over": over, "viewer": current_user}
        return respond("patients/note_state.html", status=status, **told)
    form.see(note)
    return _page(chat, note, status, note_form=form)


def _refuse_days(chat: Chat, note: PatientNote | None, form: DaysForm, status: int) -> ResponseReturnValue:
    if wants_fragment():
        shown = {"chat": chat, "days_form": form, "saved": "", "viewer": current_user}
        return respond("patients/gift.html", status=status, **shown)
    return _page(chat, note, status, days_form=form)


def _note_reading(chat: Chat, files: list[Attachment]) -> None:
    """The audit log learns whose page was opened, and between which messages files were shown."""
    seqs = [one.message.seq for one in files if one.message]
    with write_transaction(db.session):
        log_of_chat(AuditAction.PATIENT_READ, chat, min(seqs, default=None), max(seqs, default=None))


# Where a page of a list ends


def _position() -> tuple[datetime | None, int] | None:
    """«~17»: the last one seen was silent; else as in «Сообщения»."""
    words = request.args.get("before", "")
    moment, _, id = words.partition("~")
    return (None, int(id)) if not moment and is_id(id) else decode_cursor(words)
