"""The subscription of this device. Scripts knock here; «Больше не сообщать» works without them."""

from __future__ import annotations

from flask import abort, g, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import csrf, db
from ...models import PushSubscription
from ...services import current_services
from .forms import RenewalForm, SubscriptionForm
from .notifications import panel_page, show_panel
from .views import bp


@bp.post("/push")
@login_required
def begin_push() -> ResponseReturnValue:
    form = SubscriptionForm()
    if not form.validate_on_submit():
        return panel_page(422, push_refusal=form.WRONG)
    current_user.note_push_offer()
    PushSubscription.begin(g.device, form.endpoint.data, form.p256dh.data, form.auth.data)
    db.session.commit()
    return show_panel("Готово: мы сообщим о новом.")


@bp.post("/push/check")
@login_required
def check_push() -> ResponseReturnValue:
    """A start of the app. `unknown`: this device is to be pushed to, but not at the address it has now."""
    mine = PushSubscription.of_device(g.device)
    key = current_services.push.public_key
    if mine is None:
        return {"state": "off", "key": key}
    if mine.endpoint != request.form.get("endpoint"):
        return {"state": "unknown", "key": key}
    return {"state": "dead" if mine.is_dead else "on", "key": key}


@bp.post("/push/renewal")
@csrf.exempt
@login_required
def renew_push() -> ResponseReturnValue:
    form = RenewalForm()
    mine = PushSubscription.of_device(g.device)
    if mine is None or mine.endpoint != form.old.data:
        abort(404)
    if not form.validate_on_submit():
        abort(422)
    PushSubscription.begin(g.device, form.endpoint.data, form.p256dh.data, form.auth.data)
    db.session.commit()
    return "", 204


@bp.post("/push/end")
@login_required
def end_push() -> ResponseReturnValue:
    mine = PushSubscription.of_device(g.device)
    if mine is not None:
        mine.end()
        db.session.commit()
    return show_panel("На этом устройстве уведомлений больше не будет.")


@bp.post("/push/offer")
@login_required
def note_push_offer() -> ResponseReturnValue:
    """It was shown, and is not shown again whatever the answer is."""
    current_user.note_push_offer()
    db.session.commit()
    return "", 204
