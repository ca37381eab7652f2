"""«Платежи» of a patient and «Доходы» of a doctor."""

from __future__ import annotations

from flask import abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import Payment, RefundReason
from ...models.consultations import lists
from ...models.payments import monthly_incomes
from ...responses import go, respond
from ...web.pagination import split_page
from ...web.submission import submission
from .forms import RefundRequestForm
from .views import bp

PAGE = 20


@bp.get("/payments")
@login_required
def payments() -> ResponseReturnValue:
    _only(current_user.is_patient)
    before = request.args.get("before", type=int)
    made = lists.payments_listed_for(current_user)
    made = made.where(Payment.id < before) if before else made
    shown, last = split_page(db.session.scalars(made.limit(PAGE + 1)).all(), PAGE)
    next_page = url_for(".payments", before=last.id) if last else None
    fragment = "payments/rows.html" if before else "payments/list.html"
    return respond(fragment, page="payments/index.html", payments=shown, next_page=next_page)


@bp.get("/payments/<int:id>/refunds")
@login_required
def refund_request(id: int) -> ResponseReturnValue:
    payment = _own(id)
    return render_template("pages/payments/refund_request.html", payment=payment, form=RefundRequestForm(formdata=None))


@bp.post("/payments/<int:id>/refunds")
@login_required
def request_refund(id: int) -> ResponseReturnValue:
    """«Вернуть деньги»: the operator decides, at most in three working days."""
    payment, form = _own(id), RefundRequestForm()
    if not form.validate_on_submit():
        return _refuse_request(payment, form, 422)
    with submission(form.note) as sent:
        payment.request_refund(RefundReason.REQUESTED_BY_PAYER, form.note.data or "")
    if sent.is_refused:
        return _refuse_request(payment, form, sent.status)
    flash("Заявка на возврат отправлена.")
    return go(url_for(".payments", _anchor=f"payment-{id}"))


@bp.get("/income")
@login_required
def income() -> ResponseReturnValue:
    """Totals only: who paid is not told here."""
    _only(current_user.is_doctor)
    months = monthly_incomes(current_user.doctor.id, current_user.zone)
    return render_template("pages/payments/income.html", months=months)


def _refuse_request(payment: Payment, form: RefundRequestForm, status: int) -> ResponseReturnValue:
    return respond(
        "payments/refund_request.html", page="payments/refund_request.html", status=status, payment=payment, form=form
    )


def _own(id: int) -> Payment:
    payment: Payment = db.first_or_404(lists.payments_made_by(current_user).where(Payment.id == id))
    return payment


def _only(is_theirs: bool) -> None:
    if not is_theirs:
        abort(404)
