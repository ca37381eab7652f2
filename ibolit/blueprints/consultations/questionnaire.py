"""The patient's questionnaire before a consultation: what the doctor should know."""

from __future__ import annotations

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import Consultation, IntakeQuestionnaire
from ...models.consultations import refuse_questionnaire_of
from ...responses import go, respond
from ...web import ingest
from ...web.file_forms import max_body_size
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .record_forms import IntakeForm
from .views import bp


@bp.get("/<int:id>/complaint")
@login_required
def questionnaire(id: int) -> ResponseReturnValue:
    """As it was sent last, to be changed."""
    consultation = _own(id)
    refuse_questionnaire_of(consultation)
    return _form(consultation, _form_of(IntakeQuestionnaire.of(consultation)))


@bp.post("/<int:id>/complaint")
@login_required
@ingest.accepts_files(max_body_size)
def send_questionnaire(id: int) -> ResponseReturnValue:
    form = IntakeForm()
    is_valid = form.validate_on_submit()
    form.ingest_files(_own(id).chat)
    consultation = _own(id)
    if not is_valid or form.files.errors:
        return _refuse(consultation, form, 422)
    consultation.lock()
    if not form.meets(_form_of(IntakeQuestionnaire.of(consultation))):
        return _refuse(consultation, form, 409)
    with submission(form.chief_complaint) as sent:
        attachments = form.attachments(consultation.chat)
        IntakeQuestionnaire.tell(consultation, form.answers, form.client_id.data, attachments)
    if sent.is_refused:
        return _refuse(_own(id), form, sent.status)
    ingest.discard_duplicates(attachments)
    flash("Анкета отправлена врачу.")
    return go(url_for(".show", id=id))


def _form_of(sent: IntakeQuestionnaire | None) -> IntakeForm:
    form = IntakeForm(formdata=None, obj=sent, client_id=new_client_id())
    form.severity.data = form.severity.data or ""  # «Не указывать»
    return form


def _form(consultation: Consultation, form: IntakeForm, *, status: int = 200) -> ResponseReturnValue:
    return respond(
        "consultations/questionnaire_form.html",
        page="consultations/questionnaire.html",
        status=status,
        consultation=consultation,
        form=form,
        sent=IntakeQuestionnaire.of(consultation),
        viewer=current_user,
    )


def _refuse(consultation: Consultation, form: IntakeForm, status: int) -> ResponseReturnValue:
    form.keep(consultation.chat)
    return _form(consultation, form, status=status)


def _own(id: int) -> Consultation:
    """A patient's; the doctor reads it on the consultation's card."""
    if not current_user.is_patient:
        abort(404)
    return Consultation.find_for(current_user, id) or abort(404)
