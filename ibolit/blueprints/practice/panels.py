"""The short pages of «Моя страница», each a panel, answered alone to htmx."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from ...extensions import db
from ...models import AuditAction, Doctor, Tariff
from ...responses import respond, wants_fragment
from ...web.audit import log_audit
from ...web.authentication import current_doctor
from .forms import IntroductionForm, PhotoForm, ReachabilityForm, TariffForm, TermsForm, prefix_of


def show(panel: str) -> ResponseReturnValue:
    return render_template("pages/practice/panel.html", **_context(panel))


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
        to=url_for(f"practice.{panel}"),
        viewer=current_user,
        **(_context(panel) | {"saved": sentence}),
    )


def refuse(panel: str, status: int = 422, refusal: str = "", **forms: FlaskForm) -> ResponseReturnValue:
    """A form with errors takes the place of its fresh one."""
    shown = _context(panel) | {"refusal": refusal}
    wrong = forms.pop("tariff_form", None)
    if wrong is not None:
        shown["tariff_forms"] |= {one: wrong for one in shown["tariff_forms"] if prefix_of(one) == wrong._prefix}
    return respond(
        f"practice/{panel}.html",
        page="practice/panel.html",
        status=status,
        viewer=current_user,
        **(shown | forms),
    )


def _context(panel: str) -> dict[str, Any]:
    doctor = current_doctor()
    return {"panel": panel, "doctor": doctor, "saved": "", "refusal": ""} | CONTEXTS[panel](doctor)


def _tariffs(doctor: Doctor) -> dict[str, Any]:
    tariffs = db.session.scalars(Tariff.kept_by(doctor)).all()
    tariff_forms = {one.id: TariffForm.of(one) for one in tariffs}
    return {"tariffs": tariffs, "tariff_forms": tariff_forms, "new_tariff_form": TariffForm.new()}


CONTEXTS: dict[str, Callable[[Doctor], dict[str, Any]]] = {
    "photo": lambda doctor: {"photo_form": PhotoForm.of(doctor)},
    "introduction": lambda doctor: {"introduction_form": IntroductionForm.of(doctor)},
    "terms": lambda doctor: {"terms_form": TermsForm.of(doctor)},
    "tariffs": _tariffs,
    "reachability": lambda doctor: {"reachability_form": ReachabilityForm.of(doctor)},
    "directory": lambda doctor: {"on_sale": doctor.tariffs},
}
