"""What a letter or an SMS leads to: even the address of its link names nothing medical."""

from __future__ import annotations

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

bp = Blueprint("short_links", __name__, url_prefix="/v")


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    """Whoever has no business there finds it out at the card itself."""
    return redirect(url_for("consultations.show", id=id), 303)
