"""«Продлить»: the doctor's tariffs for this chat, and the press on «Оплатить»."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...extensions import db
from ...models import Chat, Payment, Tariff
from ...responses import respond
from ...web.checkout import redirect_to_payment, start_payment
from ...web.submission import submission

bp = Blueprint("tariffs", __name__)


@bp.get("/chats/<int:id>/tariffs")
@login_required
def index(id: int) -> ResponseReturnValue:
    """A sheet over the chat, or a page of its own."""
    chat = Chat.find_for(current_user, id) or abort(404)
    if chat.is_stood_in_by(current_user):
        abort(404)
    on_sale = _on_sale(chat)
    return respond(
        "tariffs/sheet.html", page="tariffs/index.html", chat=chat, on_sale=on_sale, chosen=_recommended(on_sale)
    )


@bp.post("/chats/<int:id>/payments")
@login_required
def buy(id: int) -> ResponseReturnValue:
    """Leads to where one pays; what the provider left open, the payment's job goes on with."""
    chat = Chat.find_for(current_user, id) or abort(404)
    if not current_user.is_patient:
        abort(403)
    on_sale = _on_sale(chat)
    with submission() as sent:
        tariff = _chosen(on_sale)
        Payment.refuse_repeated(chat, current_user, request.form.get("again", type=int))
        payment = start_payment(lambda: Payment.start_for_tariff(chat, tariff, current_user))
    return _refuse(id, sent.refusal) if sent.refusal is not None else redirect_to_payment(payment)


def _on_sale(chat: Chat) -> Sequence[Tariff]:
    return db.session.scalars(Tariff.on_sale_by(chat.doctor_id)).all()


def _recommended(on_sale: Sequence[Tariff]) -> int | None:
    """The one that is chosen already when the page opens."""
    first = next((tariff for tariff in on_sale if tariff.is_recommended), None) or next(iter(on_sale), None)
    return first.id if first else None


def _chosen(on_sale: Sequence[Tariff]) -> Tariff:
    """Raises NothingChosen, or NothingToBuy for one that is no longer, or was never, sold here."""
    id = request.form.get("tariff_id", type=int)
    if id is None:
        raise errors.NothingChosen
    tariff = next((tariff for tariff in on_sale if tariff.id == id), None)
    if tariff is None:
        raise errors.NothingToBuy
    return tariff


def _refuse(id: int, refusal: errors.RuleViolation) -> ResponseReturnValue:
    """The same tariffs with the sentence beneath them; another may be chosen at once."""
    chat = Chat.find_for(current_user, id) or abort(404)
    on_sale = _on_sale(chat)
    chosen = request.form.get("tariff_id", type=int)
    return respond(
        "tariffs/list.html",
        page="tariffs/index.html",
        status=refusal.status,
        chat=chat,
        on_sale=on_sale,
        chosen=chosen or _recommended(on_sale),
        refusal=refusal.sentence,
        paid_already=getattr(refusal, "payment_id", None),
    )
