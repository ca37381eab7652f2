"""What makes the site an app: manifest, service worker, offline page; and the answer to "are you alive?"."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from ...extensions import db

bp = Blueprint("pwa", __name__)

STATIC = Path(__file__).parents[2] / "static"


@bp.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    path = Path(current_app.root_path).parent / "manifest.webmanifest"
    return send_file(path, mimetype="application/manifest+json", max_age=3600)


@bp.get("/sw.js")
def service_worker() -> ResponseReturnValue:
    """Its two files after one generated line: what to keep for the offline page, by names that change with the content."""
    assets = current_app.extensions["ibolit_assets"]
    names = [asset.name for asset in assets.shell]
    shell = [url_for("assets.show", name=name) for name in names] + [url_for(".offline")]
    parts = [(STATIC / name).read_text(encoding="utf-8") for name in ("sw-push.js", "sw.js")]
    body = "\n".join((f"var ASSETS = {json.dumps(shell)};", *parts))
    headers = {"Cache-Control": "no-cache", "Service-Worker-Allowed": "/"}
    return Response(body, content_type="text/javascript; charset=utf-8", headers=headers)


@bp.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """Old browsers ask for it whatever the page says."""
    return send_file(STATIC / "icons" / "favicon-32.png", max_age=7 * 86400)


@bp.get("/offline")
def offline() -> ResponseReturnValue:
    return render_template("pages/pwa/offline.html")


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 when the database answers."""
    db.session.execute(select(1))
    return {"status": "ok"}
