"""«Оплатить», for a tariff or a consultation: one call to the provider, outside any transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from flask import url_for
from flask.typing import ResponseReturnValue

from .. import errors
from ..extensions import db
from ..models import Payment, PaymentAlert, PaymentState
from ..rendering import link_to
from ..responses import go, wants_fragment
from ..services import clock, current_services
from ..services.payments import GatewayOutcomeUnknown, GatewayRefused, RefusalReason

log = logging.getLogger(__name__)

TRUSTED_FOR = timedelta(minutes=1)  # after its creation a payment's state is not asked again


def start_payment(begin: Callable[[], Payment]) -> Payment:
    """The payment that `begin` creates or finds unfinished. One that has ended at the provider meanwhile, or belongs to
    a former shop, is replaced by a new one. Commits. Raises PaymentNotMade, and what `begin` raises."""
    payment = begin()
    db.session.commit()
    if _has_ended_at_provider(payment):
        payment = begin()
        db.session.commit()
    create_at_provider(payment)
    return payment


def _has_ended_at_provider(payment: Payment) -> bool:
    if payment.state is not PaymentState.WAITING or clock.now() - payment.created_at < TRUSTED_FOR:
        return False
    try:
        found = payment.ask(current_services.payments, "")
        if found is not None:
            payment.settle(found)
    except GatewayOutcomeUnknown as error:
        log.info("payment №%d: %s", payment.id, error)
    except GatewayRefused as refusal:
        payment.record_refusal(refusal)
    except errors.WrongPayment:
        db.session.rollback()
    db.session.commit()
    return not payment.is_unfinished and not payment.paid


def create_at_provider(payment: Payment) -> None:
    """Commits. Raises PaymentNotMade after a refusal; an unknown outcome is left to the payment's job."""
    if payment.state is not PaymentState.CREATED or payment.lacks_email:
        return
    try:
        found = payment.ask(current_services.payments, link_to("payments.returned", token=payment.token))
    except GatewayOutcomeUnknown as error:
        log.info("payment №%d: %s", payment.id, error)
        PaymentAlert.open_for_unknown_outcome(payment, error)
        db.session.commit()
        return
    except GatewayRefused as refusal:
        log.warning("payment №%d refused: %s", payment.id, refusal.reason)
        payment.record_refusal(refusal)
        db.session.commit()
        raise (
            errors.ShopNotConfigured if refusal.reason == RefusalReason.SHOP_SETTINGS else errors.PaymentNotMade
        ) from None
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


def redirect_to_payment(payment: Payment) -> ResponseReturnValue:
    """A form may not lead to a foreign site (the policy's form-action): without htmx a page of ours has the link."""
    is_ready = wants_fragment() and payment.is_unfinished and payment.page
    return go(payment.page if is_ready else url_for("payments.show", id=payment.id))
