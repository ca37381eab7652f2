"""«Согласия»: what was accepted, in which version and when, and how each is taken back."""

from __future__ import annotations

from flask import abort, flash, g, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, Consent, DocumentKind, erasure
from ...responses import go
from ...web.audit import log_own
from ...web.authentication import lock_current_user, only_patients
from .views import bp

# Taken back here, each with a page of its own that says what follows.
WITHDRAWABLE = (DocumentKind.OFFER, DocumentKind.PERSONAL_DATA)


@bp.get("/consents")
@login_required
def consents() -> ResponseReturnValue:
    only_patients()
    given: dict[DocumentKind, list[Consent]] = {}
    for one in Consent.of(current_user):
        given.setdefault(one.document, []).append(one)
    live = {kind for kind, of_kind in given.items() if any(one.withdrawn_at is None for one in of_kind)}
    return render_template(
        "pages/my_data/consents.html", by_kind=sorted(given.items()), withdrawable=live & set(WITHDRAWABLE)
    )


@bp.get("/consents/<kind>/withdrawal")
@login_required
def consent_withdrawal(kind: str) -> ResponseReturnValue:
    """What follows from it, before it is done."""
    only_patients()
    document = _withdrawable(kind)
    return render_template("pages/my_data/consent_withdrawal.html", kind=document)


@bp.post("/consents/<kind>/withdrawal")
@login_required
def withdraw_consent(kind: str) -> ResponseReturnValue:
    """That to the processing ends what there is, and erases the account in 30 days without a new yes."""
    only_patients()
    document = _withdrawable(kind)
    if not g.device.is_confirmed:
        return go(url_for("account.confirm", panel="consents"))
    user = lock_current_user()
    if document is DocumentKind.PERSONAL_DATA:
        erasure.withdraw_processing(user, g.device)
    if Consent.withdraw(user, document):
        log_own(AuditAction.CONSENT_WITHDRAWN)
    db.session.commit()
    flash("Согласие отозвано.")
    return go(url_for(".consents"))


def _withdrawable(kind: str) -> DocumentKind:
    found = next((one for one in WITHDRAWABLE if one.in_address == kind), None)
    return found or abort(404)
