"""The patient's rating after a consultation."""

from __future__ import annotations

from flask import abort, flash, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...models import Consultation, Review
from ...responses import go, respond
from ...web.submission import submission
from .record_forms import STARS, ReviewForm
from .views import bp


@bp.get("/<int:id>/review")
@login_required
def review(id: int) -> ResponseReturnValue:
    return _form(_own(id), ReviewForm(formdata=None), 200)


@bp.post("/<int:id>/review")
@login_required
def send_review(id: int) -> ResponseReturnValue:
    consultation, form = _own(id), ReviewForm()
    if not form.validate_on_submit():
        return _form(consultation, form, 422)
    with submission(form.stars) as sent:
        Review.give(consultation, form.stars.data, form.words.data or "")
    if sent.is_refused:
        return _form(_own(id), form, sent.status)
    flash("Спасибо за оценку.")
    return go(url_for(".show", id=id))


def _form(consultation: Consultation, form: ReviewForm, status: int) -> ResponseReturnValue:
    return respond(
        "consultations/review_form.html",
        page="consultations/review.html",
        status=status,
        consultation=consultation,
        review=Review.of(consultation),
        form=form,
        choices=STARS,
        viewer=current_user,
    )


def _own(id: int) -> Consultation:
    """A patient's consultation; 404 for doctors, who do not rate."""
    if not current_user.is_patient:
        abort(404)
    return Consultation.find_for(current_user, id) or abort(404)
