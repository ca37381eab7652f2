"""«Требует решения»: money that waits for the clinic's word. Whoever is no operator finds nothing here."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...database import writing
from ...extensions import db
from ...models import Act, Dispatch, Payment, Refund, RefundState, books
from ...rendering import respond, wants_fragment
from ..entrance import write_down
from .forms import ApprovalForm, RefundForm, RefusalForm

bp = Blueprint("operator", __name__, url_prefix="/operator")


@bp.before_request
@login_required
def _only_operators() -> None:
    if not current_user.is_operator:
        abort(404)


@dataclass
class Decision:
    """A refund and the two forms that answer it."""

    refund: Refund
    approval: ApprovalForm
    refusal: RefusalForm
    asked: int = 0  # kopecks: «Вернуть 1 500 ₽?»

    @classmethod
    def about(
        cls, refund: Refund, approval: ApprovalForm | None = None, refusal: RefusalForm | None = None, asked: int = 0
    ) -> Decision:
        thing = f"refund-{refund.id}"
        wanted = min(refund.amount, refund.payment.rest)
        return cls(
            refund,
            approval or ApprovalForm(thing, wanted, formdata=None),
            refusal or RefusalForm(f"{thing}-no", formdata=None),
            asked,
        )


@bp.get("")
def index() -> ResponseReturnValue:
    return _show_list()


@bp.post("/refunds/<int:id>/approval")
def approve(id: int) -> ResponseReturnValue:
    refund = _refund(id)
    form = ApprovalForm(f"refund-{id}")
    if not form.validate_on_submit():
        return _refuse(Decision.about(refund, approval=form))
    if refund.state is RefundState.WISHED and form.asks_back(refund.payment.rest):
        return _refuse(Decision.about(refund, approval=form, asked=form.amount.kopecks), 200)
    try:
        is_decided = refund.approve(form.amount.kopecks, form.note.data or "", current_user)
    except errors.TooMuchBack as refusal:
        db.session.rollback()
        form.amount.errors = [refusal.sentence]
        return _refuse(Decision.about(_refund(id), approval=form))
    return _done(refund, Act.REFUND_APPROVED if is_decided else None, "Деньги возвращаются.")


@bp.post("/refunds/<int:id>/refusal")
def decline(id: int) -> ResponseReturnValue:
    refund = _refund(id)
    form = RefusalForm(f"refund-{id}-no")
    if not form.validate_on_submit():
        return _refuse(Decision.about(refund, refusal=form))
    is_decided = refund.decline(form.note.data, current_user)
    return _done(refund, Act.REFUND_DECLINED if is_decided else None, "В возврате отказано.")


@bp.post("/refunds/<int:id>/repeat")
def repeat(id: int) -> ResponseReturnValue:
    refund = _refund(id)
    is_repeated = refund.repeat(current_user)
    return _done(refund, Act.REFUND_REPEATED if is_repeated else None, "Пробуем вернуть ещё раз.")


@bp.get("/payments")
def find() -> ResponseReturnValue:
    """A payment by its number, as the patient's letter and the bank's papers tell it."""
    number = request.args.get("number", "").strip().lstrip("№ ")
    found = number.isdecimal() and len(number) < 18 and db.session.get(Payment, int(number)) is not None
    if found:
        return redirect(url_for(".show", id=int(number)), 303)
    refusal = "Такого платежа нет. Проверьте номер."
    return _show_list(number=number, refusal=refusal), 404


@bp.get("/payments/<int:id>")
def show(id: int) -> ResponseReturnValue:
    payment = _payment(id)
    with writing(db.session):
        write_down(Act.PAYMENT_READ, payment.id)
    form = RefundForm("payment", payment.rest, formdata=None)
    return render_template("pages/operator/payment.html", payment=payment, form=form)


@bp.post("/payments/<int:id>/refunds")
def give_back(id: int) -> ResponseReturnValue:
    payment = _payment(id)
    form = RefundForm("payment")
    if form.validate_on_submit():
        if form.asks_back(payment.rest):
            return _show_payment(payment, form, asked=form.amount.kopecks)
        try:
            payment.give_back_seeing(form.rest.data, form.amount.kopecks, form.note.data, current_user)
        except (errors.TooMuchBack, errors.RestHasChanged) as refusal:
            db.session.rollback()
            payment = _payment(id)
            form.amount.errors = [refusal.sentence]
    if form.errors:
        return _show_payment(payment, form, 422)
    write_down(Act.REFUND_MADE, payment.id)
    db.session.commit()
    fresh = RefundForm("payment", payment.rest, formdata=None)
    return respond("operator/payment.html", to=url_for(".show", id=id), payment=payment, form=fresh)


def _show_payment(payment: Payment, form: RefundForm, status: int = 200, asked: int = 0) -> ResponseReturnValue:
    """`asked`: the sum, in kopecks, that is said back before it is given."""
    name = "operator/payment.html"
    return respond(name, page=name, status=status, payment=payment, form=form, asked=asked)


def _show_list(**more: str) -> str:
    decisions = _decisions()
    if decisions:
        numbers = [decision.refund.payment_id for decision in decisions]
        with writing(db.session):
            write_down(Act.REFUNDS_LISTED, None, first=min(numbers), last=max(numbers))
    return render_template("pages/operator/index.html", decisions=decisions, sms_today=Dispatch.sms_today(), **more)


def _decisions() -> list[Decision]:
    return [Decision.about(refund) for refund in db.session.scalars(books.to_decide())]


def _refund(id: int) -> Refund:
    return db.session.get(Refund, id) or abort(404)


def _payment(id: int) -> Payment:
    payment: Payment = db.first_or_404(Payment.numbered(id))
    return payment


def _done(refund: Refund, act: Act | None, sentence: str) -> ResponseReturnValue:
    """Nothing is written of what somebody else had decided before; the row says how it stands."""
    if act is not None:
        write_down(act, refund.id)
    db.session.commit()
    if not wants_fragment():
        flash(sentence if act else "Это уже решено.")
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
        decisions=decisions,
        sms_today=Dispatch.sms_today(),
    )
