"""The patient beside a chat and in a call: who they are, what is known, notes, consultations, files, how time is paid.

Loaded once, after the chat, and editable in place; its forms go to the doors they have elsewhere.
"""

from __future__ import annotations

from typing import Any

from flask import abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import write_transaction
from ...extensions import db
from ...models import Attachment, AuditAction, Chat, Conclusion, ConclusionDraft, Consultation, PatientNote, SubjectKey
from ...models.consultations import lists, may_be_drafted
from ...responses import respond
from ...services.codes import content_hash
from ...web.audit import log_of_chat
from ...web.fact_forms import fact_page
from ...web.text_filters import new_client_id
from .forms import NoteForm
from .views import bp, own_with_facts

PAST, FILES = 3, 6


@bp.get("/<subject:id>/column")
@login_required
def column(id: SubjectKey) -> ResponseReturnValue:
    """`consultation`: of the call it stands in; `sheet`: over a chat on a phone. Without scripts it is the patient's
    page."""
    chat, note = own_with_facts(id)
    in_call = _consultation(chat)
    shown = _shown(chat, note) | _of_the_call(in_call)
    with write_transaction(db.session):
        log_of_chat(AuditAction.COLUMN_READ, chat)
    fragment = "patients/column_sheet.html" if "sheet" in request.args else "patients/column.html"
    return respond(fragment, to=url_for("patients.show", id=id), **shown)


def _shown(chat: Chat, note: PatientNote | None) -> dict[str, Any]:
    upcoming, past = lists.parted(lists.shown_with_patient(chat, PAST))
    return fact_page(chat.subject_key, current_user, chat.subject.facts) | {
        "chat": chat,
        "note": note,
        "note_form": NoteForm.of(note),
        "upcoming": upcoming,
        "past": past,
        "attachments": Attachment.page_of(chat, most=FILES),
    }


def _consultation(chat: Chat) -> Consultation | None:
    """One of this chat; a foreign number is nobody's."""
    id = request.args.get("consultation", type=int)
    if id is None:
        return None
    found = Consultation.find_led_by(current_user, id)
    return found if found is not None and found.chat_id == chat.id else abort(404)


def _of_the_call(consultation: Consultation | None) -> dict[str, Any]:
    """The intake form, and the conclusion's draft as it is kept while one types."""
    if consultation is None or not may_be_drafted(consultation):
        return {"in_call": consultation, "draft": None, "draft_form": None}
    draft = ConclusionDraft.of(consultation)
    text = draft.text if draft else ""
    form: dict[str, Any] = {"text": text, "template": draft.template if draft else None, "pen": new_client_id()}
    form |= {"seen": Conclusion.newest_version(consultation), "expected": content_hash(text)}
    return {"in_call": consultation, "draft": draft, "draft_form": form}
