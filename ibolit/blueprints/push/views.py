"""The subscription of this device. Scripts knock here; «Больше не сообщать» works without them."""

from __future__ import annotations

from flask import Blueprint, abort, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import csrf, db
from ...models import PushSubscription
from ...services import current_services
from ..account.notifications import panel_page, show_panel
from .forms import WRONG, RenewalForm, SubscriptionForm

bp = Blueprint("push", __name__, url_prefix="/profile/push")


@bp.post("")
@login_required
def create() -> ResponseReturnValue:
    form = SubscriptionForm()
    if not form.validate_on_submit():
        return panel_page(422, push_refusal=WRONG)
    current_user.note_push_offer()
    PushSubscription.begin(g.device, form.endpoint.data, form.p256dh.data, form.auth.data)
    db.session.commit()
    return show_panel("Уведомления включены.")


@bp.post("/check")
@login_required
def check() -> ResponseReturnValue:
    """A start of the app. `unknown`: this device is to be pushed to, but not at the address it has now."""
    mine = PushSubscription.of_device(g.device)
    key = current_services.push.public_key
    if mine is None:
        return {"state": "off", "key": key}
    if mine.endpoint != request.form.get("endpoint"):
        return {"state": "unknown", "key": key}
    return {"state": "dead" if mine.is_dead else "on", "key": key}


@bp.post("/renewal")
@csrf.exempt
@login_required
def renew() -> ResponseReturnValue:
    form = RenewalForm()
    mine = PushSubscription.of_device(g.device)
    if mine is None or mine.endpoint != form.old.data:
        abort(404)
    if not form.validate_on_submit():
        abort(422)
    PushSubscription.begin(g.device, form.endpoint.data, form.p256dh.data, form.auth.data)
    db.session.commit()
    return "", 204


@bp.post("/end")
@login_required
def end() -> ResponseReturnValue:
    mine = PushSubscription.of_device(g.device)
    if mine is not None:
        mine.end()
        db.session.commit()
    return show_panel("На этом устройстве уведомлений больше не будет.")


@bp.post("/offer")
@login_required
def note_offer() -> ResponseReturnValue:
    """It was shown, and is not shown again whatever the answer is."""
    current_user.note_push_offer()
    db.session.commit()
    return "", 204
