"""«Врачи»: the directory and a doctor's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import release
from ...extensions import db
from ...models import Chat, Doctor, Review
from ...responses import go, respond, wants_fragment
from ...services import current_services
from ...web.pagination import is_id, split_page

bp = Blueprint("doctors", __name__, url_prefix="/doctors")

PAGE = 20
MOST_FOUND = 60  # by words; one more word is sooner typed than they are read


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """Of a search only the specialty stands in an address."""
    specialty = request.args.get("specialty", "")[:80]
    after = _position(request.args.get("after", ""))
    doctors, last = split_page(Doctor.directory(specialty, after, most=PAGE + 1), PAGE)
    mark = f"{last.id}~{last.name_key}" if last else ""
    next_page = url_for(".index", specialty=specialty or None, after=mark) if last else None
    fragment = "doctors/cards.html" if after else "doctors/results.html"
    return _list(fragment, doctors=doctors, next_page=next_page, specialty=specialty)


@bp.post("/search")
@login_required
def search() -> ResponseReturnValue:
    """A POST, because what hurts belongs into no log and no history. A chip sends its specialty with the words."""
    words = request.form.get("q", "").strip()[:80]
    specialty = request.form.get("chip", request.form.get("specialty", ""))[:80]
    if not words and not wants_fragment():
        return go(url_for(".index", specialty=specialty or None))
    found, meant = Doctor.search(words, specialty, MOST_FOUND + 1)
    doctors, last = split_page(found, MOST_FOUND)
    return _list(
        "doctors/results.html", doctors=doctors, is_cut=last is not None, specialty=specialty, words=words, meant=meant
    )


def _list(fragment: str, **shown: Any) -> ResponseReturnValue:
    whole = {"words": "", "meant": "", "next_page": None, "is_cut": False, "specialties": Doctor.specialties} | shown
    return respond(fragment, page="doctors/index.html", **whole)


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    doctor = Doctor.opened_by(current_user, id) or abort(404)
    chat = Chat.between(current_user, doctor) if current_user.is_patient else None
    rating = Review.rating_of(doctor.id)
    return respond("doctors/profile.html", page="doctors/show.html", doctor=doctor, chat=chat, rating=rating)


@bp.get("/<int:id>/photo/<version>")
@login_required
def photo(id: int, version: str) -> ResponseReturnValue:
    """Another photo has another address, so that this one is kept for ever by whoever may see it."""
    key = db.session.scalar(Doctor.photos_shown_to(current_user).where(Doctor.id == id)) or ""
    if "/" in key or len(version) < 12 or not key.startswith(version):
        abort(404)
    release()  # nothing of the database is held while a storage is asked
    try:
        answer = Response(current_services.storage.read(key), mimetype="image/jpeg")
    except FileNotFoundError:
        abort(404)
    answer.headers["Cache-Control"] = "private, max-age=31536000, immutable"
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


def _position(text: str) -> tuple[str, int] | None:
    """«17~иванова мария»: the last doctor of the page before."""
    id, _, name_key = text.partition("~")
    return (name_key, int(id)) if is_id(id) else None
