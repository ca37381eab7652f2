"""The page of a doctor's settings: panels, each a form of its own, answered alone or with the whole page around it."""

from __future__ import annotations

from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from ...extensions import db
from ...models import AuditAction, Doctor, Tariff
from ...responses import respond, wants_fragment
from ...web.audit import log_audit
from ...web.authentication import current_doctor
from .forms import IntroductionForm, PhotoForm, ReachabilityForm, TariffForm, TermsForm, prefix_of


def panels(doctor: Doctor, *, sentence: str = "", refusal: str = "", **forms: FlaskForm) -> dict[str, Any]:
    """Everything the page shows; a form with errors takes the place of its fresh one."""
    tariffs = db.session.scalars(Tariff.kept_by(doctor)).all()
    tariff_forms: dict[int, FlaskForm] = {one.id: TariffForm.of(one) for one in tariffs}
    wrong = forms.pop("tariff_form", None)
    if wrong is not None:
        tariff_forms |= {one: wrong for one in tariff_forms if prefix_of(one) == wrong._prefix}
    return {
        "doctor": doctor,
        "photo_form": PhotoForm.of(doctor),
        "introduction_form": IntroductionForm.of(doctor),
        "terms_form": TermsForm.of(doctor),
        "reachability_form": ReachabilityForm.of(doctor),
        "new_tariff_form": TariffForm.new(),
        "tariff_forms": tariff_forms,
        "tariffs": tariffs,
        "saved": sentence,
        "refusal": refusal,
    } | forms


def saved(panel: str, sentence: str) -> ResponseReturnValue:
    """Commits, with a line in the audit log, what nothing could refuse."""
    log_audit(AuditAction.PROFILE_CHANGED, current_doctor().id)
    db.session.commit()
    return done(panel, sentence)


def done(panel: str, sentence: str) -> ResponseReturnValue:
    if not wants_fragment():
        flash(sentence)
    return respond(
        f"practice/{panel}.html",
        to=url_for("practice.index", _anchor=panel),
        viewer=current_user,
        **panels(current_doctor(), sentence=sentence),
    )


def refuse(panel: str, status: int = 422, refusal: str = "", **forms: FlaskForm) -> ResponseReturnValue:
    shown = panels(current_doctor(), refusal=refusal, **forms)
    return respond(f"practice/{panel}.html", page="practice/index.html", status=status, viewer=current_user, **shown)
