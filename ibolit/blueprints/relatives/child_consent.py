"""A child of 15 and older says yes to a consultation: by a code to their own phone, or as the doctor notes."""

from __future__ import annotations

from typing import Any

from flask import abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import AuditAction, CodePurpose, Consultation, ConsultationState, Dependant, FamilyCode
from ...responses import go, respond
from ...web.audit import log_of_consultation
from ...web.submission import submission
from .forms import CodeForm, PhoneForm
from .views import bp


@bp.post("/consultations/<int:id>/child-consent")
@login_required
def note_spoken(id: int) -> ResponseReturnValue:
    """«Согласие получено устно»; where both are ready, the call opens for both."""
    consultation = Consultation.find_led_by(current_user, id) or abort(404)
    if not consultation.asks_child:
        abort(404)
    with submission() as sent:
        consultation.note_spoken_consent(current_user)
        log_of_consultation(AuditAction.CHILD_AGREED, consultation)
    consultation = Consultation.find_led_by(current_user, id) or abort(404)
    if consultation.state is ConsultationState.IN_PROGRESS:
        return go(url_for("calls.show", id=id))
    shown = {"consultation": consultation, "viewer": current_user, "is_ready": False}
    if sent.is_refused:
        card = "consultations/card.html"
        return respond(card, page="consultations/show.html", status=sent.status, refusal=sent.sentence, **shown)
    return respond("consultations/pressed.html", to=url_for("consultations.show", id=id), **shown)


@bp.get("/consultations/<int:id>/child-code")
@login_required
def child_code(id: int) -> ResponseReturnValue:
    return _page(*_of_parent(id))


@bp.post("/consultations/<int:id>/child-code")
@login_required
def send_child_code(id: int) -> ResponseReturnValue:
    """To the child's own phone, which is typed each time."""
    consultation, child = _of_parent(id)
    form = _phone_form()
    if not form.validate_on_submit():
        return _page(consultation, child, 422, phone_form=form)
    with submission(form.phone) as sent:
        FamilyCode.ask(CodePurpose.CONSULTATION, current_user, child, form.e164, consultation)
    if sent.is_refused:
        return _page(*_of_parent(id), sent.status, phone_form=form)
    return redirect(url_for(".child_code", id=id), 303)


@bp.post("/consultations/<int:id>/child-code/check")
@login_required
def check_child_code(id: int) -> ResponseReturnValue:
    consultation, child = _of_parent(id)
    form = CodeForm()
    asked = FamilyCode.newest_of(CodePurpose.CONSULTATION, current_user, child, consultation) or abort(404)
    if not form.validate_on_submit():
        return _page(consultation, child, 422, form=form)
    with submission(form.code, refused_counts=True) as sent:
        asked.guess(form.code.data or "")
        consultation.note_proved_consent(current_user)
        log_of_consultation(AuditAction.CHILD_AGREED, consultation)
    if sent.is_refused:
        return _page(*_of_parent(id), sent.status, form=form)
    return redirect(url_for("consultations.show", id=id), 303)


def _of_parent(id: int) -> tuple[Consultation, Dependant]:
    """Of who writes for the child, while there is something to agree to."""
    consultation = Consultation.find_for(current_user, id) or abort(404)
    child = consultation.chat.dependant
    if child is None or consultation.patient_id != current_user.id or not consultation.asks_child:
        abort(404)
    return consultation, child


def _phone_form(**kwargs: Any) -> PhoneForm:
    form = PhoneForm(**kwargs)
    form.phone.label.text = "Телефон ребёнка"
    return form


def _page(consultation: Consultation, child: Dependant, status: int = 200, **forms: Any) -> ResponseReturnValue:
    asked = FamilyCode.newest_of(CodePurpose.CONSULTATION, current_user, child, consultation)
    shown = {"form": CodeForm(formdata=None), "phone_form": _phone_form(formdata=None)} | forms
    living = asked if asked is not None and asked.is_redeemable() else None
    page = render_template(
        "pages/relatives/child_code.html", consultation=consultation, child=child, asked=living, **shown
    )
    return page, status
