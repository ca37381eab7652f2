"""Asked by proxies, monitors and `flask doctor`."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ...config import current_settings
from ...extensions import db
from ...services import proxy_check

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 when the database answers."""
    db.session.execute(select(1))
    return {"status": "ok"}


@bp.get(proxy_check.PATH)
def whence_asked() -> ResponseReturnValue:
    """For `flask doctor` alone: which address the proxies' words come to."""
    if not proxy_check.is_doctor(current_settings, request.headers.get(proxy_check.PASS, "")):
        abort(404)
    return asdict(
        proxy_check.Heard(
            believed=request.remote_addr or "",
            told=",".join(request.headers.getlist("X-Forwarded-For")),
            scheme=request.scheme,
            trusted=current_settings.trusted_proxies,
        )
    )
