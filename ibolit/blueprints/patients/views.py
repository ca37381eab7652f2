"""«Пациенты»: the doctor's own, with the last contact."""

from __future__ import annotations

from flask import Blueprint, abort
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...rendering import respond
from ..inbox import inbox_page, position

bp = Blueprint("patients", __name__, url_prefix="/patients")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    if not current_user.is_doctor:
        abort(404)
    before = position()
    fragment = "patients/rows.html" if before else "patients/list.html"
    return respond(fragment, page="patients/index.html", before=before, **inbox_page(before, ".index"))
