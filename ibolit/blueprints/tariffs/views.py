"""«Продлить»: the doctor's tariffs for this chat."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import Chat, Tariff
from ...rendering import respond

bp = Blueprint("tariffs", __name__)


@bp.get("/chats/<int:id>/tariffs")
@login_required
def index(id: int) -> ResponseReturnValue:
    chat = db.first_or_404(Chat.visible_to(current_user).where(Chat.id == id))
    on_sale = db.session.scalars(Tariff.on_sale_by(chat.doctor_id)).all()
    return respond("tariffs/list.html", page="tariffs/index.html", chat=chat, on_sale=on_sale)
