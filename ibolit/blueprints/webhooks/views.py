"""A provider's webhook is only a hint: it expedites the job that asks the provider. No provider is called from here."""

from __future__ import annotations

import logging

from flask import Blueprint, Flask, abort, request
from flask.typing import ResponseReturnValue

from ...config import current_settings
from ...extensions import csrf, db
from ...models import Job, JobKind, Payment, PaymentState, RefundState
from ...services import Services, current_services
from ...services.payments.demo import DemoBank
from ...services.payments.webhooks import is_from_networks

log = logging.getLogger(__name__)

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")
csrf.exempt(bp)

LONGEST = 64 * 1024


@bp.post("/yookassa")
def yookassa() -> ResponseReturnValue:
    """Unsigned: the source address is checked, and of the body only the payment's id is used, to ask about it."""
    if not is_from_networks(request.remote_addr or "", current_settings.yookassa_networks):
        abort(403)
    request.max_content_length = LONGEST
    try:
        notice = current_services.payments.parse_webhook(request.get_data())
    except ValueError:
        abort(400)
    if notice is not None:
        expedite_payment(notice.payment_id)
    return "", 200


def expedite_payment(provider_id: str) -> None:
    """Also called by the demo bank. An unknown payment is logged and ignored."""
    payment = db.session.scalar(Payment.by_provider_id(provider_id))
    if payment is None:
        log.warning("a notification of payment %s, which nobody here knows", provider_id)
        return
    for refund in payment.refunds:
        if refund.state is RefundState.SENDING:
            Job.expedite(JobKind.REFUND, refund.id)
    is_paid = payment.state is PaymentState.SUCCEEDED
    Job.expedite(JobKind.RECONCILIATION if is_paid else JobKind.PAYMENT, payment.id)
    db.session.commit()


def receive_demo_webhooks(app: Flask) -> None:
    services: Services = app.extensions["ibolit_services"]
    if isinstance(services.payments, DemoBank):
        services.payments.on_webhook = expedite_payment
