"""From the chat: a doctor proposes a consultation, a patient asks for one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from .clashes import tell_clash
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
    return _propose(chat, form, 200, wanted=wanted, patient_times=[suggested])


@bp.get("/<int:id>/consultations/hint")
@login_required
def hint(id: int) -> ResponseReturnValue:
    """What the patient's clock says at the times that are being chosen. Nothing personal is in the question."""
    chat = _chat(id)
    if chat.is_stood_in_by(current_user):
        abort(404)
    typed = [(request.args.get(f"day{which}", ""), request.args.get(f"time{which}", "")) for which in ("", "_2", "_3")]
    return respond("consultations/hint.html", chat=chat, patient_times=_moments_of(typed), viewer=current_user)


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
    kind, price = ConsultationKind(form.kind.data), form.price.kopecks
    terms = ProposalTerms(kind, form.moment, form.minutes.data, price, form.note.data or "", form.more)
    with submission(form.at) as sent:
        Consultation.propose(chat, current_user.doctor, terms, form.client_id.data, wanted)
    if sent.is_refused:
        near = tell_clash(sent, form, current_user, chat.doctor, form.minutes.data)
        return _propose(_chat(id), form, sent.status, wanted=wanted, near=near)
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


def _moments_of(typed: Iterable[tuple[str, str]]) -> list[datetime]:
    moments = (_moment_of(day, at) for day, at in typed)
    return [moment for moment in moments if moment is not None]


def _propose(
    chat: Chat,
    form: ProposalForm,
    status: int,
    wanted: ConsultationRequest | None = None,
    patient_times: Sequence[datetime] = (),
    near: Sequence[datetime] = (),
) -> ResponseReturnValue:
    """`near`: free times beside one that is taken; else a few of the next days are offered."""
    typed = [(day.data or "", at.data or "") for day, at in ((form.day, form.at), *form.pairs)]
    moments = patient_times or _moments_of(typed)
    offered = near or Consultation.offered_times(chat.doctor_id, current_user.zone)
    context: dict[str, Any] = {"chat": chat, "form": form, "wanted": wanted, "offered": offered}
    context["patient_times"] = moments
    fragment = "consultations/proposal.html" if request.method == "POST" else "consultations/proposal_sheet.html"
    return respond(fragment, page="consultations/new.html", status=status, viewer=current_user, **context)


def _ask(chat: Chat, form: RequestForm, status: int) -> ResponseReturnValue:
    context = {"chat": chat, "form": form, "viewer": current_user}
    fragment = "consultations/asking.html" if request.method == "POST" else "consultations/asking_sheet.html"
    return respond(fragment, page="consultations/ask.html", status=status, **context)
