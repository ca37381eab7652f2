"""The texts people accept, readable by everybody."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ...models import Consent, DocumentDay
from ...models.people import consent
from ...services import clock

bp = Blueprint("documents", __name__, url_prefix="/documents")


@bp.get("/<kind>")
def show(kind: str) -> ResponseReturnValue:
    edition = request.args.get("edition")
    readable = [
        one for one in (*consent.CURRENT, consent.REPRESENTATION, *consent.PAST) if edition in (None, one.version)
    ]
    document = next((document for document in readable if document.kind.in_address == kind), None)
    if document is None:
        abort(404)
    accepted = current_user.is_authenticated and current_user.accepted_versions
    is_new = accepted and document in consent.CURRENT and document in Consent.not_accepted_by(current_user)
    day = DocumentDay.of(document) if is_new else None
    is_ahead = day is not None and day.asked_from > clock.now()
    return render_template(
        "pages/documents/show.html",
        document=document,
        is_asked=day is not None,
        asked_until=day.asked_from if day is not None and is_ahead else None,
    )
