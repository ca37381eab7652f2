"""«Консультации»: what is agreed; until consultations can be agreed, an honest empty room."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_login import login_required

bp = Blueprint("consultations", __name__, url_prefix="/consultations")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return render_template("pages/consultations/index.html")
