"""The call: its page, the check before it, and what helps when it does not come about here."""

from __future__ import annotations

import segno
from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from markupsafe import Markup

from ... import errors
from ...config import current_settings
from ...database import write_transaction
from ...extensions import db
from ...models import CallReport, Consultation, ConsultationState, DeviceTransfer, LimitKind, RateLimitHit
from ...responses import go, respond
from ...services import clock
from ...services.turn import ice_configuration
from .forms import ReportForm

bp = Blueprint("calls", __name__, url_prefix="/consultations")


@bp.get("/<int:id>/call")
@login_required
def show(id: int) -> ResponseReturnValue:
    """Where both meet; before and after that there is only the card."""
    consultation = _own(id)
    if consultation.state_now is not ConsultationState.IN_PROGRESS:
        return go(_card(id))
    with write_transaction(db.session):
        Consultation.record_presence([current_user.id])
    page = {
        "signal": f"{_card(id)}/signal",  # url_for() would name a whole address, and the page knows better which one
        "unread": consultation.chat.member(current_user.id).unread,
    }
    return render_template("pages/calls/show.html", consultation=consultation, viewer=current_user, **page)


@bp.get("/<int:id>/check")
@login_required
def check(id: int) -> ResponseReturnValue:
    """Camera, microphone, speaker and relay, at any time before the consultation is over."""
    consultation = _own(id)
    if not consultation.is_upcoming:
        return go(_card(id))
    ice = ice_configuration(current_settings, current_user.id, clock.now())
    return render_template("pages/calls/check.html", consultation=consultation, viewer=current_user, ice=ice)


@bp.post("/<int:id>/call/report")
@login_required
def report(id: int) -> ResponseReturnValue:
    """From the page's script, also while it is being left: one stretch at a time, summed per side."""
    consultation, form = _own(id), ReportForm()
    if consultation.started_at is None or not form.validate_on_submit():
        abort(400)
    CallReport.add(consultation, current_user, form.quality)
    db.session.commit()
    return "", 204


@bp.post("/<int:id>/call/phone")
@login_required
def request_callback(id: int) -> ResponseReturnValue:
    """«Попросить врача позвонить»."""
    consultation = _own(id)
    if consultation.patient_id != current_user.id:
        abort(404)
    consultation.request_callback(current_user)
    db.session.commit()
    return respond("calls/phone.html", to=url_for(".show", id=id), consultation=consultation, viewer=current_user)


@bp.post("/<int:id>/handover")
@login_required
def transfer(id: int) -> ResponseReturnValue:
    """«Открыть на другом устройстве»: the link is shown here and nowhere else."""
    consultation = _own(id)
    if not consultation.is_open:
        raise errors.ConsultationIsNotOpen
    RateLimitHit.count(LimitKind.DEVICE_TRANSFER, str(current_user.id))
    made, token = DeviceTransfer.make(consultation, current_user)
    db.session.commit()
    link = current_settings.public_url + url_for("device_transfer.accept", id=made.id, token=token)
    page = {"consultation": consultation, "viewer": current_user, "link": link, "qr": _code_of(link)}
    return render_template("pages/calls/device_transfer.html", minutes=DeviceTransfer.LIVES.seconds // 60, **page)


def _code_of(link: str) -> Markup:
    """Black on white whatever the theme: cameras expect it."""
    return Markup(segno.make_qr(link).svg_inline(scale=5, border=4, light="#fff", title="Код со ссылкой"))  # noqa: S704  ours


def _own(id: int) -> Consultation:
    return Consultation.find_for(current_user, id) or abort(404)


def _card(id: int) -> str:
    return url_for("consultations.show", id=id)
