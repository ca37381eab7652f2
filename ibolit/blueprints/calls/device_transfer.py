"""The other end of a device transfer: the device where the link was opened, signed in for this one consultation."""

from __future__ import annotations

from flask import Blueprint, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ... import errors
from ...extensions import db
from ...models import ConsultationState, DeviceTransfer, LimitKind, RateLimitHit
from ...networks import household_of
from ...responses import go
from ...web.authentication import sign_in_device
from ...web.client import client_address, device_name
from ...web.submission import submission

bp = Blueprint("device_transfer", __name__)


@bp.get("/h/<int:id>")
def ask(id: int) -> ResponseReturnValue:
    """Scanners and previews open links, so nothing is consumed before the press.

    The token stands in the query, which no log line of ours repeats.
    """
    transfer = _wanted(id)
    if transfer is not None and _is_here_already(transfer):
        return go(_place_of(transfer))
    return _ask(transfer) if transfer is not None and transfer.is_live else _refuse(errors.DeviceTransferSpent())


@bp.post("/h/<int:id>")
def accept(id: int) -> ResponseReturnValue:
    transfer = _wanted(id)
    if transfer is not None and _is_here_already(transfer):
        return go(_place_of(transfer))
    with submission() as sent:
        _let_in(transfer)
    if sent.refusal is not None or transfer is None:
        return _refuse(sent.refusal or errors.DeviceTransferSpent())
    return go(_place_of(transfer))


def _wanted(id: int) -> DeviceTransfer | None:
    transfer = DeviceTransfer.find(request.args.get("token", ""))
    return transfer if transfer is not None and transfer.id == id else None


def _let_in(transfer: DeviceTransfer | None) -> None:
    """The attempt counts also when it fails. Raises TooManyAttempts and DeviceTransferSpent."""
    RateLimitHit.count(LimitKind.DEVICE_TRANSFER_FROM_ADDRESS, household_of(client_address()))
    db.session.commit()
    if transfer is None:
        raise errors.DeviceTransferSpent
    device, token = transfer.take(device_name())
    sign_in_device(device, token)


def _is_here_already(transfer: DeviceTransfer) -> bool:
    """The same person's own device needs no second session, and the link stays good for another one."""
    is_same = current_user.is_authenticated and current_user.id == transfer.user_id
    return is_same and g.device.only_consultation_id in (None, transfer.consultation_id)


def _place_of(transfer: DeviceTransfer) -> str:
    consultation = transfer.consultation
    is_begun = consultation.state_now is ConsultationState.IN_PROGRESS
    return url_for("calls.show" if is_begun else "consultations.show", id=consultation.id)


def _ask(transfer: DeviceTransfer) -> ResponseReturnValue:
    return render_template(
        "pages/calls/device_transfer_accept.html", transfer=transfer, token=request.args["token"], refusal=""
    )


def _refuse(refusal: errors.RuleViolation) -> ResponseReturnValue:
    status = 410 if isinstance(refusal, errors.DeviceTransferSpent) else refusal.status
    return make_response(
        render_template("pages/calls/device_transfer_accept.html", transfer=None, refusal=refusal.sentence), status
    )
