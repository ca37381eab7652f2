"""Asked by proxies, monitors and `flask doctor`."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ... import readiness
from ...config import current_settings
from ...extensions import db
from ...services import proxy_check

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 when the database answers."""
    db.session.execute(select(1))
    return {"status": "ok"}


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """200 when all is well, else 503: each part by its word. For monitors; a balancer asks `/healthz`."""
    told = {part.name: part.answer() for part in readiness.parts()}
    is_ready = all(well for well, _ in told.values())
    parts = {name: {"well": well, "words": words} for name, (well, words) in told.items()}
    return {"status": "ready" if is_ready else "not ready", "parts": parts}, 200 if is_ready else 503


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
