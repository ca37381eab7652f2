"""«Заключение»: the doctor writes it, both read, print and keep it."""

from __future__ import annotations

from flask import Response, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...conclusion_document import conclusion_document
from ...database import release, write_transaction
from ...extensions import db
from ...models import (
    AuditAction,
    Conclusion,
    ConclusionDraft,
    Consultation,
    ConsultationState,
)
from ...models.consultations import refuse_conclusion_of, refuse_draft_of
from ...responses import go, respond, wants_fragment
from ...services import clock, pdf
from ...services.codes import content_hash
from ...web import ingest
from ...web.audit import log_of_consultation
from ...web.file_forms import max_body_size
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .record_forms import TEMPLATES, TEXTS, ConclusionForm, DraftForm, is_untouched, template_of
from .views import bp


@bp.get("/<int:id>/conclusion/new")
@login_required
def conclude(id: int) -> ResponseReturnValue:
    """Begins with the draft, else with the version to be corrected, else with the template one chooses."""
    consultation = _led(id)
    refuse_conclusion_of(consultation)
    draft, versions = ConclusionDraft.of(consultation), Conclusion.all_of(consultation)
    written = draft or (versions[-1] if versions else None)
    text, template = (written.text, written.template) if written else ("", None)
    wished = template_of(request.args.get("template"))
    is_refused = wished is not None and not is_untouched(text)
    if wished is not None and not is_refused:
        text, template = TEXTS[wished], wished
    form = ConclusionForm(formdata=None, text=text, template=template, seen=len(versions), client_id=new_client_id())
    form.pen.data, form.expected.data = new_client_id(), content_hash(written.text if written else "")
    return _form(consultation, form, draft=draft, template_is_refused=is_refused)


@bp.post("/<int:id>/conclusion/new")
@login_required
@ingest.accepts_files(max_body_size)
def give_conclusion(id: int) -> ResponseReturnValue:
    form = ConclusionForm()
    is_valid = form.validate_on_submit()
    form.ingest_files(_led(id).chat)
    consultation = _led(id)
    if not is_valid or form.files.errors:
        return _refuse(consultation, form, 422)
    if form.needs_confirmation():
        return _refuse(consultation, form, 200)
    with submission(form.text) as sent:
        consultation.lock()
        form.refuse_unseen(consultation)
        attachments = form.attachments(consultation.chat)
        conclusion = form.give(consultation, attachments)
        versions = conclusion.version, conclusion.version
        log_of_consultation(AuditAction.CONCLUSION_GIVEN, consultation, *versions)
    if sent.refusal is not None:
        return _refuse_and_keep(_led(id), form, sent.refusal)
    ingest.discard_duplicates(attachments)
    flash("Заключение отправлено пациенту.")
    return go(url_for(".conclusion", id=id))


@bp.post("/<int:id>/conclusion/draft")
@login_required
def save_draft(id: int) -> ResponseReturnValue:
    """By itself while one types, in the call already; without scripts by a button."""
    consultation, form = _led(id), DraftForm()
    refuse_draft_of(consultation)
    if not form.validate_on_submit():
        return _draft_refused(consultation, form, 422)
    with submission(form.text) as sent:
        form.keep_draft(consultation, seen=form.seen.data)
    if sent.refusal is not None:
        theirs = _show_theirs(consultation, form, sent.refusal)
        return _draft_refused(consultation, form, sent.status, theirs)
    form_page = ".show" if consultation.state_now is ConsultationState.IN_PROGRESS else ".conclude"
    return respond(
        "consultations/conclusion_draft.html", to=url_for(form_page, id=id), saved_at=clock.now(), viewer=current_user
    )


@bp.get("/<int:id>/conclusion")
@login_required
def conclusion(id: int) -> ResponseReturnValue:
    """A page that prints well; old versions stay readable."""
    consultation, versions, shown = _read(id)
    document = conclusion_document(consultation, shown)
    return render_template(
        "pages/consultations/conclusion.html",
        consultation=consultation,
        versions=versions,
        conclusion=shown,
        document=document,
    )


@bp.get("/<int:id>/conclusion.pdf")
@login_required
def conclusion_pdf(id: int) -> ResponseReturnValue:
    """Made anew each time, and kept nowhere on the way."""
    consultation, _, shown = _read(id)
    document = conclusion_document(consultation, shown)
    release()  # nothing of the database is held while it is made
    answer = Response(pdf.render(document), mimetype="application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="ibolit-{id}-v{shown.version}.pdf"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _led(id: int) -> Consultation:
    return Consultation.find_led_by(current_user, id) or abort(404)


def _form(
    consultation: Consultation,
    form: ConclusionForm,
    *,
    draft: ConclusionDraft | None = None,
    template_is_refused: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    return respond(
        "consultations/conclusion_form.html",
        page="consultations/conclusion_new.html",
        status=status,
        consultation=consultation,
        form=form,
        draft=draft,
        templates=TEMPLATES,
        template_is_refused=template_is_refused,
        viewer=current_user,
    )


def _refuse(consultation: Consultation, form: ConclusionForm, status: int) -> ResponseReturnValue:
    form.keep(consultation.chat)
    return _form(consultation, form, status=status)


def _refuse_and_keep(
    consultation: Consultation, form: ConclusionForm, refusal: errors.RuleViolation
) -> ResponseReturnValue:
    """What was typed is the draft of the next version, and the form knows of the last one."""
    if isinstance(refusal, errors.ConclusionHasChanged):
        form.seen.data, form.client_id.data = Conclusion.newest_version(consultation), new_client_id()
        form.keep_draft(consultation, seen=form.seen.data)
        db.session.commit()
    if isinstance(refusal, errors.ChildHasNotAgreed):
        form.text.errors, form.child_agreed.errors = [], [refusal.sentence]
    _show_theirs(consultation, form, refusal)
    return _refuse(consultation, form, refusal.status)


def _show_theirs(consultation: Consultation, form: DraftForm, refusal: errors.RuleViolation) -> str | None:
    """What another page wrote, beside what was typed here; the next press has seen it."""
    draft = ConclusionDraft.of(consultation) if isinstance(refusal, errors.DraftHasChanged) else None
    if draft is None:
        return None
    form.text.theirs, form.expected.data = draft.text, content_hash(draft.text)
    return draft.text


def _draft_refused(
    consultation: Consultation, form: DraftForm, status: int, theirs: str | None = None
) -> ResponseReturnValue:
    if wants_fragment():
        over = {"name": "expected", "value": form.expected.data} if theirs is not None else None
        told = {"refusal": form.text.errors, "theirs": theirs, "over": over, "viewer": current_user}
        return respond("consultations/conclusion_draft.html", status=status, **told)
    whole = ConclusionForm(formdata=None, text=form.text.data, template=form.template.data, client_id=new_client_id())
    whole.pen.data, whole.expected.data = form.pen.data, form.expected.data
    if theirs is not None:
        whole.text.theirs = theirs
    whole.seen.data, whole.text.errors = Conclusion.newest_version(consultation), form.text.errors
    return _form(consultation, whole, status=status)


def _read(id: int) -> tuple[Consultation, list[Conclusion], Conclusion]:
    """The version that is asked for, or the newest; the audit log learns who but its author read it."""
    consultation = Consultation.find_for(current_user, id) or abort(404)
    versions = Conclusion.all_of(consultation)
    wanted = request.args.get("version", type=int, default=len(versions))
    shown = next((one for one in versions if one.version == wanted), None) or abort(404)
    if shown.author_id != current_user.id:
        with write_transaction(db.session):
            log_of_consultation(AuditAction.CONCLUSION_READ, consultation, shown.version, shown.version)
    return consultation, versions, shown
