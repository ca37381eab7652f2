"""«Врачи»: the directory and a doctor's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import release
from ...extensions import db
from ...models import Chat, Doctor, Review
from ...responses import respond
from ...services import current_services
from ...web.pagination import is_id, split_page

bp = Blueprint("doctors", __name__, url_prefix="/doctors")

PAGE = 20


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    words, specialty = request.args.get("q", "").strip()[:80], request.args.get("specialty", "")[:80]
    after = _position(request.args.get("after", ""))
    found = db.session.scalars(Doctor.directory(words, specialty, after).limit(PAGE + 1)).unique().all()
    doctors, last = split_page(found, PAGE)
    mark = f"{last.id}~{last.name_key}" if last else ""
    next_page = url_for(".index", q=words, specialty=specialty, after=mark) if last else None
    whole: dict[str, Any] = {
        "doctors": doctors,
        "next_page": next_page,
        "words": words,
        "specialty": specialty,
        "after": after,
    }
    fragment = "doctors/cards.html" if after else "doctors/results.html"
    return respond(fragment, page="doctors/index.html", specialties=Doctor.specialties, **whole)


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
