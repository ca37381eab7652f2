"""The texts people accept, readable by everybody."""

from __future__ import annotations

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from ...models.consent import CURRENT

bp = Blueprint("documents", __name__, url_prefix="/documents")


@bp.get("/<kind>")
def show(kind: str) -> ResponseReturnValue:
    document = next((document for document in CURRENT if document.kind.replace("_", "-") == kind), None)
    if document is None:
        abort(404)
    return render_template("pages/documents/show.html", document=document)
