"""From the chat: a doctor proposes a consultation, a patient asks for one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import Chat, Consultation, ConsultationKind, ConsultationRequest, LimitKind, ProposalTerms, RateLimitHit
from ...responses import go, respond
from ...services import clock
from ...web.fields import read_day, read_time
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .forms import NoSuchTime, ProposalForm, RequestForm, local_moment

bp = Blueprint("proposals", __name__, url_prefix="/chats")

YEAR = timedelta(days=366)


@bp.get("/<int:id>/consultations/new")
@login_required
def new(id: int) -> ResponseReturnValue:
    """The doctor's form with everything filled in, or the patient's."""
    chat = _chat(id)
    if chat.is_stood_in_by(current_user):
        abort(404)  # who stands in agrees on nothing
    if current_user.is_patient:
        return _ask(chat, RequestForm(formdata=None, client_id=new_client_id()), 200)
    wanted = ConsultationRequest.in_chat(chat, request.args.get("request", 0, type=int))
    known: dict[str, Any] = {"kind": wanted.kind, "request_id": wanted.id} if wanted else {}
    known["minutes"] = chat.doctor.default_minutes
    suggested = Consultation.next_free_time(chat.doctor_id, current_user.zone)
    form = ProposalForm(
        current_user.zone,
        chat.doctor.default_price,
        suggested=suggested,
        formdata=None,
        client_id=new_client_id(),
        **known,
    )
    return _propose(chat, form, 200, wanted=wanted, patient_time=suggested)


@bp.get("/<int:id>/consultations/hint")
@login_required
def hint(id: int) -> ResponseReturnValue:
    """What the patient's clock says at the time that is being chosen. Nothing personal is in the question."""
    chat = _chat(id)
    if chat.is_stood_in_by(current_user):
        abort(404)
    moment = _moment_of(request.args.get("day", ""), request.args.get("time", ""))
    return respond("consultations/hint.html", chat=chat, patient_time=moment, viewer=current_user)


@bp.post("/<int:id>/consultations")
@login_required
def create(id: int) -> ResponseReturnValue:
    """«Предложить»: a card in the chat at once, on both sides."""
    chat = _chat(id)
    if not chat.is_led_by(current_user):
        abort(404)
    form = ProposalForm(current_user.zone)
    wanted = ConsultationRequest.in_chat(chat, form.request_id.data)
    if not form.validate_on_submit():
        return _propose(chat, form, 422, wanted=wanted)
    terms = ProposalTerms(
        ConsultationKind(form.kind.data), form.moment, form.minutes.data, form.price.kopecks, form.note.data or ""
    )
    with submission(form.at) as sent:
        Consultation.propose(chat, current_user.doctor, terms, form.client_id.data, wanted)
    if sent.is_refused:
        return _propose(_chat(id), form, sent.status, wanted=wanted)
    return go(url_for("chat.show", id=id, _anchor="end"))


@bp.post("/<int:id>/consultation-requests")
@login_required
def send_request(id: int) -> ResponseReturnValue:
    """«Попросить консультацию»: works whatever the chat's time is."""
    chat = _chat(id)
    if not current_user.is_patient:
        abort(404)
    form = RequestForm()
    if not form.validate_on_submit():
        return _ask(chat, form, 422)
    with submission(form.wishes) as sent:
        RateLimitHit.count(LimitKind.ASKING_FOR_TIME, str(current_user.id))
        ConsultationRequest.ask(
            chat, current_user, ConsultationKind(form.kind.data), form.wishes.data, form.client_id.data
        )
    if sent.is_refused:
        return _ask(_chat(id), form, sent.status)
    return go(url_for("chat.show", id=id, _anchor="end"))


def _chat(id: int) -> Chat:
    return Chat.find_for(current_user, id) or abort(404)


def _moment_of(day: str, at: str) -> datetime | None:
    """None for what is no time, or too far for any calendar."""
    try:
        moment = local_moment(read_day(day), read_time(at), current_user.zone)
    except (ValueError, OverflowError, NoSuchTime):
        return None
    return moment if abs(moment - clock.now()) < 2 * YEAR else None


def _propose(
    chat: Chat,
    form: ProposalForm,
    status: int,
    wanted: ConsultationRequest | None = None,
    patient_time: datetime | None = None,
) -> ResponseReturnValue:
    moment = patient_time or _moment_of(form.day.data or "", form.at.data or "")
    offered = Consultation.offered_times(chat.doctor_id, current_user.zone)
    context: dict[str, Any] = {"chat": chat, "form": form, "wanted": wanted, "patient_time": moment, "offered": offered}
    fragment = "consultations/proposal.html" if request.method == "POST" else "consultations/proposal_sheet.html"
    return respond(fragment, page="consultations/new.html", status=status, viewer=current_user, **context)


def _ask(chat: Chat, form: RequestForm, status: int) -> ResponseReturnValue:
    context = {"chat": chat, "form": form, "viewer": current_user}
    fragment = "consultations/asking.html" if request.method == "POST" else "consultations/asking_sheet.html"
    return respond(fragment, page="consultations/ask.html", status=status, **context)
