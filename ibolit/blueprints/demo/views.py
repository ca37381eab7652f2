"""What only the demo clinic has: the page where a newcomer reads the codes and links that were "sent" to them."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from ...services import current_services

bp = Blueprint("demo", __name__, url_prefix="/demo")


@bp.get("/outbox")
def outbox() -> ResponseReturnValue:
    letters = [(letter, datetime.fromisoformat(letter.sent_at)) for letter in current_services.outbox.latest()]
    return render_template("pages/demo/outbox.html", letters=letters)
