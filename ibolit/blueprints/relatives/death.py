"""A death, marked by who wrote for the person; undone within 30 days."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import AuditAction, Dependant
from ...models.family import death
from ...web.audit import log_of_dependant
from ...web.client import client_address
from ...web.submission import submission
from .forms import SureForm
from .views import bp


@bp.get("/family/<int:id>/death")
@login_required
def ask_of_death(id: int) -> ResponseReturnValue:
    return _page(_own(id))


@bp.post("/family/<int:id>/death")
@login_required
def mark_death(id: int) -> ResponseReturnValue:
    dependant, form = _own(id), SureForm()
    if not form.validate_on_submit():
        return _page(dependant, form, 422)
    with submission(form.sure) as sent:
        death.mark(dependant)
        log_of_dependant(AuditAction.DEATH_MARKED, dependant)
    if sent.is_refused:
        return _page(_own(id), form, sent.status)
    return redirect(url_for(".ask_of_death", id=id), 303)


@bp.post("/family/<int:id>/death/undoing")
@login_required
def unmark_death(id: int) -> ResponseReturnValue:
    """A mistake: they are written for as before."""
    dependant = _own(id)
    with submission() as sent:
        death.undo(dependant, client_address())
        log_of_dependant(AuditAction.DEATH_UNMARKED, dependant)
    if sent.is_refused:
        return _page(_own(id), status=sent.status, refusal=sent.sentence)
    flash("Отметка снята.")
    return redirect(url_for("relatives.index"), 303)


def _own(id: int) -> Dependant:
    """Also one who is marked, or was taken off before."""
    return death.find_for(current_user, id) or abort(404)


def _page(
    dependant: Dependant, form: SureForm | None = None, status: int = 200, refusal: str = ""
) -> ResponseReturnValue:
    page = render_template(
        "pages/relatives/death.html",
        dependant=dependant,
        form=form or SureForm(formdata=None),
        undone_until=death.undone_until(dependant),
        may_be_undone=death.may_be_undone(dependant),
        is_marked_by_clinic=death.is_marked_by_clinic(dependant),
        refusal=refusal,
    )
    return page, status
