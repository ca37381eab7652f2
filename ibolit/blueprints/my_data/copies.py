"""«Копия данных»: asked for, watched while it is made, fetched, taken away."""

from __future__ import annotations

from flask import Response, abort, flash, g, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import release, write_transaction
from ...extensions import db
from ...models import AuditAction, DataCopy, request_data_copy
from ...models.accounts import refuse_while_phone_is_new
from ...responses import go, respond
from ...services import current_services
from ...web.audit import log_own
from ...web.authentication import only_patients
from ...web.serving import disposition, fill
from ...web.submission import submission
from .views import bp


@bp.get("/copy")
@login_required
def copy() -> ResponseReturnValue:
    """How far it is; asked again every other second while it is made."""
    only_patients()
    return _page()


@bp.post("/copy")
@login_required
def ask_for_copy() -> ResponseReturnValue:
    only_patients()
    if not g.device.is_confirmed:
        return go(url_for("account.confirm", panel="copy"))
    with submission() as sent:
        refuse_while_phone_is_new(current_user)
        made = request_data_copy(current_user, g.device)
        log_own(AuditAction.COPY_REQUESTED, made.id)
    if sent.is_refused:
        return _page(sent.status, refusal=sent.sentence)
    return go(url_for(".copy"))


@bp.post("/copy/removal")
@login_required
def remove_copy() -> ResponseReturnValue:
    """Under way or kept: nobody gets it any more."""
    only_patients()
    DataCopy.withdraw_all_of(current_user)
    db.session.commit()
    flash("Копии больше нет.")
    return go(url_for(".copy"))


@bp.get("/copy/<int:id>/download")
@login_required
def download_copy(id: int) -> ResponseReturnValue:
    """To its owner, who has said anew who they are."""
    only_patients()
    kept = DataCopy.kept_of(current_user, id) or abort(404)
    if not kept.may_be_taken_to(g.device):
        return go(url_for(".copy"))  # which says why
    if not g.device.is_confirmed:
        return go(url_for("account.confirm", panel="copy"))
    name, file = f"ibolit-{kept.made_at:%Y-%m-%d}.zip", kept.key
    release()  # nothing of the database is held while a storage is asked
    try:
        size = current_services.storage.size(file)
    except FileNotFoundError:  # a restored clinic has the row; no backup has the file
        return _lost(id)
    answer = Response(
        mimetype="application/zip", headers={"Cache-Control": "private, no-store", "Accept-Ranges": "bytes"}
    )
    answer.set_etag(file)  # a stored file never changes
    answer.headers["Content-Disposition"] = disposition(name, "attachment")
    with write_transaction(db.session):
        log_own(AuditAction.COPY_TAKEN, id)
    return fill(answer, file, size)


def _lost(id: int) -> ResponseReturnValue:
    with write_transaction(db.session):
        DataCopy.note_lost(id)
    flash("Этой копии больше нет. Запросите новую.")
    return go(url_for(".copy"))


def _page(status: int = 200, refusal: str = "") -> ResponseReturnValue:
    newest = DataCopy.newest_of(current_user)
    return respond(
        "my_data/copy.html", page="my_data/copy.html", status=status, copy=newest, refusal=refusal,
        may_be_taken=newest is not None and newest.may_be_taken_to(g.device), is_confirmed=g.device.is_confirmed,
        is_young=DataCopy.is_young(g.device), viewer=current_user,
    )  # fmt: skip
