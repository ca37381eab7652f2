"""«Врачи»: the directory and a doctor's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import release
from ...extensions import db
from ...models import Doctor, Slot, booking
from ...responses import go, respond, wants_fragment
from ...services import current_services
from ...web.doctor_page import show_doctor
from ...web.pagination import is_id, split_page
from .free_within import FreeWithin

bp = Blueprint("doctors", __name__, url_prefix="/doctors")

PAGE = 20
MOST_FOUND = 60  # by words; one more word is sooner typed than they are read


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """Of a search only the specialty and the chosen days stand in an address."""
    specialty, free = request.args.get("specialty", "")[:80], FreeWithin.read(request.args.get("free", ""))
    after = _position(request.args.get("after", ""))
    if free is None:
        doctors, last = split_page(Doctor.directory(specialty, after, PAGE + 1), PAGE)
        times = booking.next_free_times(doctors)
    else:
        found, times = booking.directory_before(free.until(current_user.zone), specialty, after, PAGE + 1)
        doctors, last = split_page(found, PAGE)
    mark = f"{last.id}~{last.name_key}" if last else ""
    next_page = url_for(".index", specialty=specialty or None, free=free, after=mark) if last else None
    fragment = "doctors/cards.html" if after else "doctors/results.html"
    return _list(fragment, doctors=doctors, times=times, next_page=next_page, specialty=specialty, free=free)


@bp.post("/search")
@login_required
def search() -> ResponseReturnValue:
    """A POST, because what hurts belongs into no log and no history. A chip sends what it says with the words."""
    words = request.form.get("q", "").strip()[:80]
    specialty = request.form.get("chip", request.form.get("specialty", ""))[:80]
    free = FreeWithin.read(request.form.get("free_chip", request.form.get("free", "")))
    if not words and not wants_fragment():
        return go(url_for(".index", specialty=specialty or None, free=free))
    found, meant = Doctor.search(words, specialty, MOST_FOUND + 1)
    doctors, last = split_page(found, MOST_FOUND)
    times = booking.next_free_times(doctors, free.until(current_user.zone) if free else None)
    if free is not None:
        doctors = [doctor for doctor in doctors if doctor.id in times]
    shown: dict[str, Any] = {"doctors": doctors, "times": times, "is_cut": last is not None}
    return _list("doctors/results.html", specialty=specialty, free=free, words=words, meant=meant, **shown)


def _list(fragment: str, *, times: dict[int, Slot], free: FreeWithin | None, **shown: Any) -> ResponseReturnValue:
    """The chips of days stand where anybody can be booked."""
    whole = {"words": "", "meant": "", "next_page": None, "is_cut": False, "specialties": Doctor.specialties} | shown
    has_times = fragment == "doctors/results.html" and bool(free or times or booking.is_used())
    return respond(fragment, page="doctors/index.html", times=times, free=free, has_times=has_times, **whole)


@bp.get("/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    doctor = Doctor.opened_by(current_user, id) or abort(404)
    return show_doctor(doctor)


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
