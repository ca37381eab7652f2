"""«Требует решения»: refunds to decide, alerts, and the search for payments. 404 for anybody but operators."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import write_transaction
from ...extensions import db
from ...models import AuditAction, Chat, Delivery, Payment, PaymentAlert, Refund, RefundState
from ...models.consultations import lists
from ...models.payments import payment_reports
from ...responses import go, respond, wants_fragment
from ...sums import kopecks
from ...web.audit import FEW, log_audit
from ...web.pagination import split_page
from ...web.submission import submission
from .forms import AmountForm, ApprovalForm, DeclineForm, OutOfBandForm, RefundForm, RetryForm

bp = Blueprint("operator", __name__, url_prefix="/operator")

PAGE, FOUND = 20, 50


@bp.before_request
@login_required
def _only_operators() -> None:
    if not current_user.is_operator:
        abort(404)


@dataclass
class Decision:
    """A refund and its forms: two for a requested one, two for a failed one."""

    refund: Refund
    approval: ApprovalForm
    decline: DeclineForm
    retry: RetryForm
    out_of_band: OutOfBandForm
    replies: int  # how many messages the doctor has sent since the payment
    asked: int = 0  # kopecks: «Вернуть 1 500 ₽?»

    @classmethod
    def about(cls, refund: Refund, asked: int = 0, replies: int | None = None, **answered: AmountForm) -> Decision:
        """`answered`: the form that came back, by the name of its field here. `replies` are asked for if not given."""
        thing = f"refund-{refund.id}"
        fresh: dict[str, Any] = {
            "approval": ApprovalForm(thing, min(refund.amount, refund.payment.refundable), formdata=None),
            "decline": DeclineForm(f"{thing}-no", formdata=None),
            "retry": RetryForm(thing, refund.amount, confirmed=refund.amount, formdata=None),
            "out_of_band": OutOfBandForm(f"{thing}-otherwise", formdata=None),
        }
        known = _replies(refund.payment) if replies is None else replies
        return cls(refund, replies=known, asked=asked, **(fresh | answered))


@bp.get("")
def index() -> ResponseReturnValue:
    return _show_list()


@bp.post("/refunds/<int:id>/approval")
def approve(id: int) -> ResponseReturnValue:
    refund = _refund(id)
    form = ApprovalForm(f"refund-{id}")
    if not form.validate_on_submit():
        return _refuse(Decision.about(refund, approval=form))
    if refund.state is RefundState.REQUESTED and form.needs_confirmation(refund.payment.refundable):
        return _refuse(Decision.about(refund, approval=form, asked=form.amount.kopecks), 200)
    with submission(form.amount) as sent:
        is_decided = refund.approve(form.amount.kopecks, form.note.data or "", current_user)
        _log(refund, AuditAction.REFUND_APPROVED, is_decided)
    if sent.is_refused:
        return _refuse(Decision.about(_refund(id), approval=form), sent.status)
    return _done(refund, is_decided, "Деньги возвращаются.")


@bp.post("/refunds/<int:id>/refusal")
def decline(id: int) -> ResponseReturnValue:
    refund = _refund(id)
    form = DeclineForm(f"refund-{id}-no")
    if not form.validate_on_submit():
        return _refuse(Decision.about(refund, decline=form))
    is_decided = refund.decline(form.note.data, current_user)
    _log(refund, AuditAction.REFUND_DECLINED, is_decided)
    db.session.commit()
    return _done(refund, is_decided, "В возврате отказано.")


@bp.post("/refunds/<int:id>/repeat")
def retry(id: int) -> ResponseReturnValue:
    """«Вернуть ещё раз», maybe with a smaller amount: the remainder stays in the list."""
    refund, form = _refund(id), RetryForm(f"refund-{id}")
    owed = refund.amount
    if not form.validate_on_submit():
        return _refuse(Decision.about(refund, retry=form))
    if refund.state is RefundState.FAILED and form.needs_confirmation(refund.amount):
        return _refuse(Decision.about(refund, retry=form, asked=form.amount.kopecks), 200)
    with submission(form.amount) as sent:
        is_repeated = refund.retry(current_user, form.amount.kopecks)
        _log(refund, AuditAction.REFUND_REPEATED, is_repeated)
    if sent.is_refused:
        return _refuse(Decision.about(_refund(id), retry=form), sent.status)
    if is_repeated and form.amount.kopecks < owed:
        flash("Пробуем вернуть часть. Остальное осталось в списке.")
        return go(url_for(".index"))
    return _done(refund, is_repeated, "Пробуем вернуть ещё раз.")


@bp.post("/refunds/<int:id>/otherwise")
def refund_out_of_band(id: int) -> ResponseReturnValue:
    refund, form = _refund(id), OutOfBandForm(f"refund-{id}-otherwise")
    if not form.validate_on_submit():
        return _refuse(Decision.about(refund, out_of_band=form))
    is_given = refund.mark_out_of_band(form.note.data, form.receipt.data, current_user)
    _log(refund, AuditAction.REFUND_OTHERWISE, is_given)
    db.session.commit()
    return _done(refund, is_given, "Записали: деньги возвращены.")


@bp.post("/alerts/<int:id>/closing")
def close_alert(id: int) -> ResponseReturnValue:
    """«Разобрались»."""
    alert = db.session.get(PaymentAlert, id) or abort(404)
    if alert.close(current_user):
        log_audit(AuditAction.ALERT_CLOSED, id, patient=alert.payment.payer_id if alert.payment else None)
    db.session.commit()
    return respond("operator/alert.html", to=url_for(".index"), alert=alert)


@bp.post("/payments/search")
def find() -> ResponseReturnValue:
    """A payment by its number, by who has paid, or by its sum. A POST, so that names stay out of logs."""
    words = request.form.get("q", "").strip().lstrip("№ ")[:80]
    if words.isdecimal() and len(words) < 18 and db.session.get(Payment, int(words)) is not None:
        return redirect(url_for(".show", id=int(words)), 303)
    found = _found(words) if words else []
    if not found:
        return _show_list(words=words, refusal="Ничего не нашли. Проверьте номер, имя, телефон или сумму."), 404
    with write_transaction(db.session):
        _log_found(found)
    return render_template("pages/operator/found.html", words=words, payments=found, most=FOUND)


def _log_found(payments: Sequence[Payment]) -> None:
    """A row each where three have paid at most; more payers are a list."""
    numbers: dict[int, list[int]] = {}
    for payment in payments:
        numbers.setdefault(payment.payer_id, []).append(payment.id)
    if len(numbers) > FEW:
        numbers = {0: [payment.id for payment in payments]}
    for payer_id, paid in numbers.items():
        log_audit(AuditAction.PAYMENTS_FOUND, None, min(paid), max(paid), patient=payer_id or None)


def _found(words: str) -> Sequence[Payment]:
    with suppress(ValueError):
        return db.session.scalars(payment_reports.search(words, kopecks(words)).limit(FOUND)).all()
    return db.session.scalars(payment_reports.search(words, 0).limit(FOUND)).all()


@bp.get("/payments/<int:id>")
def show(id: int) -> ResponseReturnValue:
    payment = _payment(id)
    with write_transaction(db.session):
        log_audit(AuditAction.PAYMENT_READ, payment.id, patient=payment.payer_id)
    form = RefundForm("payment", payment.refundable, formdata=None)
    return render_template("pages/operator/payment.html", **_shown(payment, form))


@bp.post("/payments/<int:id>/refunds")
def refund(id: int) -> ResponseReturnValue:
    payment = _payment(id)
    form = RefundForm("payment")
    if not form.validate_on_submit():
        return _show_payment(payment, form, 422)
    if form.needs_confirmation(payment.refundable):
        return _show_payment(payment, form, asked=form.amount.kopecks)
    with submission(form.amount) as sent:
        payment.refund_expecting(form.expected.data, form.amount.kopecks, form.note.data, current_user)
        log_audit(AuditAction.REFUND_MADE, payment.id, patient=payment.payer_id)
    if sent.is_refused:
        return _show_payment(_payment(id), form, sent.status)
    fresh = RefundForm("payment", payment.refundable, formdata=None)
    return respond("operator/payment.html", to=url_for(".show", id=id), **_shown(payment, fresh))


def _show_payment(payment: Payment, form: RefundForm, status: int = 200, asked: int = 0) -> ResponseReturnValue:
    """`asked`: the sum, in kopecks, that is said back before it is given."""
    name = "operator/payment.html"
    return respond(name, page=name, status=status, asked=asked, **_shown(payment, form))


def _shown(payment: Payment, form: RefundForm) -> dict[str, Any]:
    return {"payment": payment, "form": form, "replies": _replies(payment)}


def _show_list(**more: str) -> str:
    after = request.args.get("after", 0, type=int)
    decisions = _decisions(after if 0 < after < 10**18 else 0)
    if decisions:
        numbers = [decision.refund.payment_id for decision in decisions]
        with write_transaction(db.session):
            log_audit(AuditAction.REFUNDS_LISTED, None, min(numbers), max(numbers), patient=None)
    return render_template("pages/operator/index.html", **_listed(decisions), **more)


def _listed(decisions: list[Decision]) -> dict[str, Any]:
    alerts = db.session.scalars(PaymentAlert.unresolved()).all()
    shown, last = split_page(decisions, PAGE)
    more = url_for(".index", after=last.refund.id) if last else None
    sms_today, count = Delivery.sms_today_and(payment_reports.count_pending_decisions())
    urgent = db.session.scalars(Chat.unopened_urgent()).all()
    listed = {"decisions": shown, "alerts": alerts, "urgent": urgent, "next_page": more}
    return listed | {"count": count, "sms_today": sms_today}


def _decisions(after: int = 0) -> list[Decision]:
    """With one more than a page shows."""
    refunds = lists.with_attendance(payment_reports.pending_decisions(after)).limit(PAGE + 1)
    rows = db.session.execute(refunds.join(Refund.payment).add_columns(payment_reports.replies())).unique()
    return [Decision.about(refund, replies=replies) for refund, replies in rows]


def _replies(payment: Payment) -> int:
    return db.session.scalar(db.select(payment_reports.replies()).where(Payment.id == payment.id)) or 0


def _refund(id: int) -> Refund:
    return db.session.get(Refund, id) or abort(404)


def _payment(id: int) -> Payment:
    payment: Payment = db.first_or_404(Payment.by_number(id))
    return payment


def _log(refund: Refund, action: AuditAction, is_decided: bool) -> None:
    """Nothing is written of what somebody else had decided before."""
    if is_decided:
        log_audit(action, refund.id, patient=refund.payment.payer_id)


def _done(refund: Refund, is_decided: bool, sentence: str) -> ResponseReturnValue:
    """The row says how it stands."""
    if not wants_fragment():
        flash(sentence if is_decided else "Это уже решено.")
    return respond("operator/refund.html", to=url_for(".index"), decision=Decision.about(refund))


def _refuse(decision: Decision, status: int = 422) -> ResponseReturnValue:
    """Without htmx the whole list comes back, with the form that was wrong, or asks something, in its place."""
    others = [one for one in _decisions() if one.refund.id != decision.refund.id]
    decisions = sorted([*others, decision], key=lambda one: one.refund.id)
    return respond(
        "operator/refund.html",
        page="operator/index.html",
        status=status,
        decision=decision,
        **_listed(decisions),
    )
