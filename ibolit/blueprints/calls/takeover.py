"""The other end of a hand-over: the device where the link was opened, signed in there for this one consultation."""

from __future__ import annotations

from flask import Blueprint, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ... import errors
from ...extensions import db
from ...models import ConsultationState, Handover, LimitKind, RateLimitHit
from ...networks import household_of
from ...responses import go
from ...web.authentication import sign_in_device
from ...web.client import client_address, device_name

bp = Blueprint("takeover", __name__)


@bp.get("/h/<int:id>")
def ask(id: int) -> ResponseReturnValue:
    """Scanners and previews open links, so nothing is consumed before the press.

    The token stands in the query, which no log line of ours repeats.
    """
    handover = _wanted(id)
    if handover is not None and _is_here_already(handover):
        return go(_place_of(handover))
    return _ask(handover) if handover is not None and handover.is_live else _refuse(errors.HandoverIsSpent())


@bp.post("/h/<int:id>")
def take_over(id: int) -> ResponseReturnValue:
    handover = _wanted(id)
    if handover is not None and _is_here_already(handover):
        return go(_place_of(handover))
    try:
        _let_in(handover)
    except errors.RuleViolation as refusal:
        return _refuse(refusal)
    assert handover is not None
    return go(_place_of(handover))


def _wanted(id: int) -> Handover | None:
    handover = Handover.find(request.args.get("token", ""))
    return handover if handover is not None and handover.id == id else None


def _let_in(handover: Handover | None) -> None:
    """The attempt counts also when it fails. Raises TooManyAttempts and HandoverIsSpent."""
    RateLimitHit.count(LimitKind.HANDOVER_FROM_ADDRESS, household_of(client_address()))
    db.session.commit()
    if handover is None:
        raise errors.HandoverIsSpent
    device, token = handover.take(device_name())
    sign_in_device(device, token)
    db.session.commit()


def _is_here_already(handover: Handover) -> bool:
    """The same person's own device needs no second session, and the link stays good for another one."""
    is_same = current_user.is_authenticated and current_user.id == handover.user_id
    return is_same and g.device.only_consultation_id in (None, handover.consultation_id)


def _place_of(handover: Handover) -> str:
    consultation = handover.consultation
    is_begun = consultation.state_now is ConsultationState.IN_PROGRESS
    return url_for("calls.show" if is_begun else "consultations.show", id=consultation.id)


def _ask(handover: Handover) -> ResponseReturnValue:
    return render_template("pages/calls/taken.html", handover=handover, token=request.args["token"], refusal="")


def _refuse(refusal: errors.RuleViolation) -> ResponseReturnValue:
    db.session.rollback()
    status = 410 if isinstance(refusal, errors.HandoverIsSpent) else refusal.status
    return make_response(render_template("pages/calls/taken.html", handover=None, refusal=refusal.sentence), status)
