"""The demo bank's page: where the payer of a demo clinic decides. It looks like a bank's, and takes nothing."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from ...faults import told
from ...services import current_services
from ...services.payments import GatewayRefused
from ...services.payments.demo import Bill, DemoBank
from .views import bp

log = logging.getLogger(__name__)


@bp.get("/bank/<payment_id>")
def bank(payment_id: str) -> ResponseReturnValue:
    bill = _bill_or_404(payment_id)
    return render_template("pages/demo/bank.html", bill=bill, back=_way_back(bill))


@bp.post("/bank/<payment_id>/decision")
def decide(payment_id: str) -> ResponseReturnValue:
    bill = _bill_or_404(payment_id)
    verb = {"pay": _bank().pay, "decline": _bank().decline}.get(request.form.get("decision", ""))
    if verb is None:
        abort(400)
    verb(payment_id)
    _announce_decision(payment_id)
    return redirect(_way_back(bill), 303)


def _bank() -> DemoBank:
    """A demo clinic that tries a real provider has no bank of its own."""
    gateway = current_services.payments
    return gateway if isinstance(gateway, DemoBank) else abort(404)


def _bill_or_404(payment_id: str) -> Bill:
    try:
        return _bank().bill(payment_id)
    except GatewayRefused:
        abort(404)


def _way_back(bill: Bill) -> str:
    """The shop is this very site, under whatever name the payer came: 127.0.0.1 or localhost."""
    address = urlsplit(bill.return_url)
    path = "/" + address.path.lstrip("/")  # «//host» would lead away
    return f"{path}?{address.query}" if address.query else path


def _announce_decision(payment_id: str) -> None:
    """As a bank's notification: it may be lost, and a shop that stumbles over it stops no payer."""
    try:
        _bank().on_webhook(payment_id)
    except Exception as error:
        log.error("the demo bank's notification was not heard: %s", told(error))
