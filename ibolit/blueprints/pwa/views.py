"""What makes the site an app: manifest, service worker, offline page."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from flask import Blueprint, Response, current_app, render_template, request, send_file
from flask.sansio.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf

from ...config import current_settings
from ...cookies import give, safe_name
from ...models import ChatMember
from .service_worker import ServiceWorker
from .splash import splash_screens

bp = Blueprint("pwa", __name__)
bp.add_app_template_global(splash_screens)

STATIC = Path(__file__).parents[2] / "static"
APPLE = re.compile("iPhone|iPad|iPod|Macintosh")
ASKED_ONCE = timedelta(days=400)


@bp.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    path = Path(current_app.root_path).parent / "manifest.webmanifest"
    card = current_app.extensions["ibolit_assets"].with_lasting_names(path.read_text(encoding="utf-8"))
    return Response(card, mimetype="application/manifest+json", headers={"Cache-Control": "public, max-age=3600"})


@bp.record_once
def _prepare_worker(state: BlueprintSetupState) -> None:
    worker = state.app.extensions["ibolit_service_worker"] = ServiceWorker(state.app)
    state.app.jinja_env.globals["version"] = worker.version


@bp.get("/sw.js")
def service_worker() -> ResponseReturnValue:
    worker: ServiceWorker = current_app.extensions["ibolit_service_worker"]
    return worker.answer()


@bp.get("/worker/pass")
def worker_pass() -> ResponseReturnValue:
    """Who is signed in, and the token for their forms: the worker sends letters with no page to read them from."""
    if not current_user.is_authenticated:
        return Response(status=401)
    return {"viewer": current_user.id, "token": generate_csrf()}


@bp.get("/worker/unread")
def worker_unread() -> ResponseReturnValue:
    """The chats whose notices may stay on the screen; asked for only where there are some."""
    if not current_user.is_authenticated:
        return Response(status=401)
    return {"chats": ChatMember.unread_chats_of(current_user)}


@bp.get("/home-screen")
def home_screen() -> ResponseReturnValue:
    """How to put the app there by hand, for browsers that do not offer it."""
    return render_template("pages/pwa/home_screen.html", is_apple=bool(APPLE.search(request.user_agent.string)))


@bp.post("/home-screen")
def answer_home_screen() -> ResponseReturnValue:
    """Asked once, not again: as long as browsers keep a cookie, whoever signs in or out."""
    answer = Response(status=204)
    give(answer, safe_name("home-screen", current_settings), "answered", ASKED_ONCE, httponly=False)
    return answer


@bp.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """Old browsers ask for it whatever the page says."""
    return send_file(STATIC / "icons" / "favicon-32.png", max_age=7 * 86400)


@bp.get("/offline")
def offline() -> ResponseReturnValue:
    return render_template("pages/pwa/offline.html")


@bp.get("/robots.txt")
def robots() -> ResponseReturnValue:
    """Everything here is somebody's own, or leads to it: search engines have nothing to look for."""
    words = "User-agent: *\nDisallow: /\n"
    return Response(words, mimetype="text/plain", headers={"Cache-Control": "public, max-age=3600"})
