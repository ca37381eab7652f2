"""The patient's questionnaire before a consultation: what the doctor should know."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import AuditAction, Consultation, Dependant, FactKind, IntakeQuestionnaire, Invitation, PatientFact
from ...models.consultations import refuse_questionnaire_of
from ...responses import go, respond
from ...web import ingest
from ...web.audit import log_of_dependant, log_own
from ...web.authentication import lock_current_user
from ...web.file_forms import max_body_size
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .record_forms import BIRTH_DATE, SEX, IntakeForm
from .views import bp


@bp.get("/<int:id>/complaint")
@login_required
def questionnaire(id: int) -> ResponseReturnValue:
    """As it was sent last, to be changed."""
    consultation = _own(id)
    refuse_questionnaire_of(consultation)
    return _form(consultation, _form_of(consultation))


@bp.post("/<int:id>/complaint")
@login_required
@ingest.accepts_files(max_body_size)
def send_questionnaire(id: int) -> ResponseReturnValue:
    consultation = _own(id)
    form = IntakeForm.before(consultation, IntakeQuestionnaire.of(consultation))
    is_valid = form.validate_on_submit()
    form.ingest_files(consultation.chat)
    consultation = _own(id)
    if not is_valid or form.files.errors:
        return _refuse(consultation, form, 422)
    consultation.lock()
    PatientFact.lock_of(consultation.chat.subject_key)
    if not form.meets(_form_of(consultation, form.asks_of_oneself)):
        return _refuse(consultation, form, 409)
    with submission(form.chief_complaint) as sent:
        attachments = form.attachments(consultation.chat)
        IntakeQuestionnaire.tell(consultation, form.answers, form.client_id.data, attachments)
        _keep_of_person(consultation, form)
    if sent.is_refused:
        return _refuse(_own(id), form, sent.status)
    ingest.discard_duplicates(attachments)
    flash("Анкета отправлена врачу.")
    return go(url_for(".show", id=id))


def _keep_of_person(consultation: Consultation, form: IntakeForm) -> None:
    if consultation.chat.dependant is not None:
        _keep_of_dependant(consultation.chat.dependant, form)
    else:
        _keep_of_oneself(form)


def _keep_of_dependant(dependant: Dependant, form: IntakeForm) -> None:
    sex = form.told_of_oneself.get(SEX, dependant.sex)
    if sex != dependant.sex:
        dependant.sex = sex
        log_of_dependant(AuditAction.FAMILY_CHANGED, dependant)


def _keep_of_oneself(form: IntakeForm) -> None:
    user, told = lock_current_user(), form.told_of_oneself
    born, sex = told.get(BIRTH_DATE, user.birth_date), told.get(SEX, user.sex)
    if (born, sex) == (user.birth_date, user.sex):
        return
    if born != user.birth_date:
        Invitation.note_birth_date(user, born)
    user.sex = sex
    log_own(AuditAction.FACTS_CHANGED)


def _form_of(consultation: Consultation, keeps: Sequence[str] = ()) -> IntakeForm:
    """As it was sent last; before the first time it begins with what is known of the patient."""
    sent = IntakeQuestionnaire.of(consultation)
    known = {} if sent else _known(consultation)
    form = IntakeForm.before(consultation, sent, keeps, formdata=None, obj=sent, client_id=new_client_id(), **known)
    form.severity.data = form.severity.data or ""  # «Не указывать»
    return form


def _known(consultation: Consultation) -> dict[str, str]:
    facts = IntakeQuestionnaire.known_facts(consultation)
    names = {"allergies": FactKind.ALLERGY, "medications": FactKind.MEDICINE, "illnesses": FactKind.ILLNESS}
    return {name: facts[kind] for name, kind in names.items()}


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
