"""The press on «Оплатить», whatever is bought: one call to the provider, outside any transaction."""

from __future__ import annotations

import logging

from flask import url_for
from flask.typing import ResponseReturnValue

from .. import errors
from ..extensions import db
from ..models import Payment, PaymentAlert, PaymentState
from ..rendering import go, link_to, wants_fragment
from ..services import current_services
from ..services.payments import GatewayRefused, GatewayUnsure, Refusal

log = logging.getLogger(__name__)


def make(payment: Payment) -> None:
    """Commits. Raises PaymentNotMade after a plain no; of a doubt the payment's job knows no less."""
    if payment.state is not PaymentState.CREATED or payment.lacks_email:
        return
    try:
        found = payment.ask(current_services.payments, link_to("payments.returned", token=payment.token))
    except GatewayUnsure as doubt:
        log.info("payment №%d: %s", payment.id, doubt)
        PaymentAlert.note_doubt(payment, doubt)
        db.session.commit()
        return
    except GatewayRefused as refusal:
        log.warning("payment №%d refused: %s", payment.id, refusal.reason)
        payment.take_refusal(refusal)
        db.session.commit()
        raise errors.ShopIsNotReady if refusal.reason == Refusal.SETTINGS else errors.PaymentNotMade from None
    if found is None:
        payment.end("not_created")
        db.session.commit()
        raise errors.PaymentNotMade
    try:
        payment.settle(found)
    except errors.WrongPayment:
        db.session.rollback()
        log.error("payment №%d: the provider spoke of another one", payment.id)
        return
    db.session.commit()


def lead_to(payment: Payment) -> ResponseReturnValue:
    """A form may not lead to a foreign site (the policy's form-action): without htmx a page of ours has the link."""
    is_ready = wants_fragment() and payment.page
    return go(payment.page if is_ready else url_for("payments.show", id=payment.id))
