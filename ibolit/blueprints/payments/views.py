"""The way to the provider's page and the way back from it. Nothing here asks the provider: a job does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...extensions import db
from ...models import Job, JobKind, LimitKind, Payment, PaymentState, RateLimitHit
from ...models.consultations import lists
from ...responses import go, respond, wants_fragment
from ...web.checkout import create_at_provider, redirect_to_payment
from .forms import ReceiptForm

bp = Blueprint("payments", __name__, url_prefix="/payments")

_WAY: dict[str, Any] = {"mine": True, "look": 0}


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    """«Создаём оплату…» until the provider has named its page, to which the payer is then redirected."""
    payment = _own(id)
    waits_no_more = payment.state is PaymentState.WAITING and payment.page
    if wants_fragment() and waits_no_more:
        return go(payment.page)
    form = ReceiptForm(formdata=None) if payment.lacks_email else None
    return respond("payments/way.html", page="payments/show.html", payment=payment, form=form, **_WAY)


@bp.post("/<int:id>/email")
@login_required
def send_receipt(id: int) -> ResponseReturnValue:
    """Where the receipt goes; then the way to the bank is open."""
    payment, form = _own(id), ReceiptForm()
    if not payment.lacks_email:
        return redirect_to_payment(payment)
    if not form.validate_on_submit():
        return respond("payments/way.html", page="payments/show.html", status=422, payment=payment, form=form, **_WAY)
    payment.send_receipt_to(form.email.data or "")
    db.session.commit()
    with suppress(errors.PaymentNotMade):  # its page says so
        create_at_provider(payment)
    return redirect_to_payment(payment)


@bp.get("/return/<token>")
def returned(token: str) -> ResponseReturnValue:
    """Where the provider sends the payer, who may be in another browser and signed out there."""
    look = min(max(request.args.get("look", 0, type=int), 0), 99)
    payment = _payment_of(token)
    is_mine = bool(current_user.is_authenticated and current_user.id == payment.payer_id)
    # Only the payer's own page says who is signed in, and hears news.
    layout = "layouts/base.html" if is_mine else "layouts/bare.html"
    fragment, page = "payments/state.html", "payments/returned.html"
    return respond(fragment, page=page, payment=payment, mine=is_mine, look=look, layout=layout)


@bp.post("/return/<token>/check")
def check(token: str) -> ResponseReturnValue:
    """The payer is back: the job asks the provider now. Beyond the rate limit it changes nothing."""
    payment = _payment_of(token)
    try:
        RateLimitHit.count(LimitKind.PAYMENT_CHECK, token)
        if payment.is_unfinished:
            Job.expedite(JobKind.PAYMENT, payment.id)
        db.session.commit()
    except errors.TooManyAttempts:
        db.session.rollback()
    return ("", 204) if wants_fragment() else redirect(url_for(".returned", token=token), 303)


def _own(id: int) -> Payment:
    payment: Payment = db.first_or_404(lists.payments_made_by(current_user).where(Payment.id == id))
    return payment


def _payment_of(token: str) -> Payment:
    payment: Payment = db.first_or_404(Payment.by_token(token))
    return payment
