"""Consultations: the card, what is pressed on it, and the list of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...database import write_transaction
from ...extensions import db
from ...models import (
    AuditAction,
    CancellationReason,
    CancellationTerms,
    Consultation,
    ConsultationState,
    LimitKind,
    RateLimitHit,
    RefundRule,
    booking,
)
from ...models.consultations import lists
from ...responses import go, respond, wants_fragment
from ...web.audit import log_of_consultation
from ...web.checkout import redirect_to_payment, start_payment
from ...web.fields import moment_of
from ...web.pagination import decode_cursor, encode_cursor, split_page
from ...web.submission import Submission, submission
from .clashes import tell_clash
from .forms import ActionForm, CancelForm, RescheduleForm
from .schedule import group_by_day

bp = Blueprint("consultations", __name__, url_prefix="/consultations")

PAGE = 20


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """Coming and past; `before` asks for more of the past, by (starts_at, id) of the last one seen."""
    before = decode_cursor(request.args.get("before", ""))
    shown = lists.shown_in_list(current_user, past=PAGE + 1, before=before)
    groups, past = group_by_day(shown, current_user)
    shown_past, last = split_page(past, PAGE)
    next_page = url_for(".index", before=encode_cursor(last.starts_at, last.id)) if last else None
    fragment, page = "consultations/rows.html" if before else "consultations/list.html", "consultations/index.html"
    return respond(fragment, page=page, groups=groups, past=shown_past, next_page=next_page)


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    """The card alone to an open page, which turns with the clock. A page without scripts is a sign of life."""
    consultation = _own(id)
    is_ready = consultation.is_side_ready(current_user)
    if not wants_fragment():
        with write_transaction(db.session):
            if is_ready:
                Consultation.record_presence([current_user.id])
            log_of_consultation(AuditAction.CONSULTATION_READ, consultation)
            if consultation.questionnaire is not None and consultation.patient_id != current_user.id:
                log_of_consultation(AuditAction.QUESTIONNAIRE_READ, consultation)
    return _show(consultation, is_ready=is_ready)


@bp.post("/<int:id>/confirmation")
@login_required
def confirm(id: int) -> ResponseReturnValue:
    return _submit(_held(id), lambda consultation, expected: consultation.confirm(current_user, expected))


@bp.post("/<int:id>/payments")
@login_required
def pay(id: int) -> ResponseReturnValue:
    """«Оплатить»: leads to where one pays; what the provider left open, the payment's job goes on with."""
    consultation, expected = _own(id), _expected()
    if not current_user.is_patient:
        abort(404)
    with submission() as sent:
        payment = start_payment(lambda: consultation.start_payment(current_user, expected))
    return _refuse(id, sent) if sent.is_refused else redirect_to_payment(payment)


@bp.get("/<int:id>/time")
@login_required
def reschedule(id: int) -> ResponseReturnValue:
    consultation = _own(id)
    form = RescheduleForm(current_user.zone, consultation.starts_at, formdata=None)
    return _reschedule_form(consultation, form, 200)


@bp.post("/<int:id>/time")
@login_required
def request_reschedule(id: int) -> ResponseReturnValue:
    consultation, form = _own(id), RescheduleForm(current_user.zone)
    if not form.validate_on_submit():
        return _reschedule_form(consultation, form, 422)
    with submission(form.at) as sent:
        RateLimitHit.count(LimitKind.ASKING_FOR_TIME, str(current_user.id))
        expected, expected_request = moment_of(form.expected.data), form.request_on_screen
        consultation.request_reschedule(current_user, form.moment, expected, expected_request)
    if sent.is_refused:
        consultation = _own(id)
        near = tell_clash(sent, form, current_user, consultation.doctor, consultation.minutes)
        return _reschedule_form(consultation, form, sent.status, near)
    return go(url_for(".show", id=id))


@bp.post("/<int:id>/choice")
@login_required
def choose(id: int) -> ResponseReturnValue:
    """One tap on one of the times a proposal offers; the doctor's calendar is locked first, so it is not held yet."""
    return _submit(_own(id), lambda consultation, expected: consultation.choose_time(current_user, expected))


@bp.post("/<int:id>/time/acceptance")
@login_required
def accept_reschedule(id: int) -> ResponseReturnValue:
    """The doctor's calendar is locked before the consultation, so it is not held yet."""
    return _submit(_own(id), lambda consultation, expected: consultation.accept_reschedule(current_user, expected))


@bp.post("/<int:id>/time/refusal")
@login_required
def decline_reschedule(id: int) -> ResponseReturnValue:
    return _submit(_held(id), lambda consultation, expected: consultation.decline_reschedule(current_user, expected))


@bp.get("/<int:id>/cancellation")
@login_required
def ask_to_cancel(id: int) -> ResponseReturnValue:
    """What becomes of the money is said here, before the press."""
    return _ask_to_cancel(_own(id), CancelForm(formdata=None), 200)


@bp.post("/<int:id>/cancellation")
@login_required
def cancel(id: int) -> ResponseReturnValue:
    consultation, form = _own(id), CancelForm()
    if not form.validate_on_submit():
        return _ask_to_cancel(consultation, form, 422)
    with submission(form.reason) as sent:
        if form.expected_terms is None:
            raise errors.PromiseHasChanged
        consultation.cancel(current_user, CancellationReason(form.reason.data), form.expected_terms)
    if sent.is_refused:
        return _ask_to_cancel(_own(id), form, sent.status)
    return go(url_for(".show", id=id))


@bp.post("/<int:id>/readiness")
@login_required
def mark_ready(id: int) -> ResponseReturnValue:
    """«Готов общаться»; when the other is ready too, the call opens for both."""
    return _submit(_held(id), lambda consultation, _: consultation.mark_ready(current_user))


@bp.post("/<int:id>/delay")
@login_required
def announce_delay(id: int) -> ResponseReturnValue:
    return _submit(_held(id), lambda consultation, _: consultation.announce_delay(current_user))


@bp.post("/<int:id>/end")
@login_required
def end(id: int) -> ResponseReturnValue:
    """The doctor says that it is over, and writes down what came of it."""
    consultation = Consultation.find_led_by(current_user, id) or abort(404)
    consultation.end(current_user, needs_visit=request.form.get("needs_visit") == "1")
    db.session.commit()
    return go(url_for(".conclude", id=id))


def _own(id: int) -> Consultation:
    return Consultation.find_for(current_user, id) or abort(404)


def _held(id: int) -> Consultation:
    return Consultation.locked_for(current_user, id) or abort(404)


def _expected() -> datetime:
    """The moment that stood on the card when it was pressed."""
    form = ActionForm()
    if not form.validate_on_submit():
        abort(400)
    return form.moment


def _submit(consultation: Consultation, action: Callable[[Consultation, datetime], None]) -> ResponseReturnValue:
    """The card as it is now; when a rule said no, with the rule's sentence."""
    expected = _expected()
    with submission() as sent:
        action(consultation, expected)
    if sent.is_refused:
        return _refuse(consultation.id, sent)
    if consultation.state is ConsultationState.IN_PROGRESS:
        return go(url_for("calls.show", id=consultation.id))
    to = url_for(".show", id=consultation.id)
    return respond("consultations/pressed.html", to=to, consultation=consultation)


def _refuse(id: int, sent: Submission) -> ResponseReturnValue:
    card, page = "consultations/card.html", "consultations/show.html"
    context = {"consultation": _own(id), "viewer": current_user, "refusal": sent.sentence, "is_ready": False}
    return respond(card, page=page, status=sent.status, **context)


def _show(consultation: Consultation, *, is_ready: bool) -> ResponseReturnValue:
    card, page = "consultations/card.html", "consultations/show.html"
    return respond(card, page=page, consultation=consultation, is_ready=is_ready)


def _reschedule_form(
    consultation: Consultation, form: RescheduleForm, status: int, near: Sequence[datetime] = ()
) -> ResponseReturnValue:
    """`near`: free times beside one that is taken; else a few of the next days are offered."""
    fragment, page = "consultations/reschedule.html", "consultations/reschedule.html"
    offered = near or booking.times_to_move_to(consultation, current_user.zone)
    offered = offered or Consultation.offered_times(consultation.doctor_id, consultation.doctor.user.zone)
    context = {"consultation": consultation, "form": form, "offered": offered, "viewer": current_user}
    return respond(fragment, page=page, status=status, **context)


def _ask_to_cancel(consultation: Consultation, form: CancelForm, status: int) -> ResponseReturnValue:
    fragment, page = "consultations/cancellation.html", "consultations/cancellation.html"
    terms, rule = CancellationTerms.of(current_user, consultation), RefundRule.of(consultation)
    context = {"consultation": consultation, "form": form, "terms": terms, "rule": rule, "viewer": current_user}
    return respond(fragment, page=page, status=status, **context)
