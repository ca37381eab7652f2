"""The page of a person's own data: panels, each a form of its own, answered alone or with the whole page around it."""

from __future__ import annotations

from typing import Any

from flask import flash, g, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf import FlaskForm

from ...extensions import db
from ...models import Consent, Device, EmailProof, Invitation, PushSubscription, User
from ...responses import respond, wants_fragment
from ...services import current_services
from .forms import BirthDateForm, EmailForm, NameForm, NotificationsForm, PasswordForm, ZoneForm


def panels(**forms: FlaskForm | str) -> dict[str, Any]:
    """Everything the page shows; a form with errors takes the place of its fresh one."""
    proof = EmailProof.newest_of(current_user.id)
    return {
        "name_form": name_form(current_user),
        "birth_date_form": BirthDateForm.of(current_user),
        "suggested": Invitation.birth_date_suggested_to(current_user) if current_user.is_patient else None,
        "email_form": EmailForm(formdata=None, email=session.get("wanted_email", "")),
        "zone_form": zone_form_of(current_user),
        "password_form": PasswordForm(current_user, formdata=None),
        "pending": proof if proof and proof.is_alive() else None,
        "push": PushSubscription.of_device(g.device),
        "push_key": current_services.push.public_key,
        "push_refusal": "",
        "notifications_form": NotificationsForm.of(current_user),
        "devices": sorted(db.session.scalars(Device.of(current_user)), key=lambda one: one.id != g.device.id),
        "this_device": g.device,
        "documents_from": Consent.coming_for(current_user),
        "saved": "",
    } | forms


def name_form(user: User) -> NameForm:
    return NameForm(formdata=None, name=user.name)


def zone_form_of(user: User) -> ZoneForm:
    return zone_form(formdata=None, zone=user.timezone if user.timezone_is_chosen else "")


def zone_form(**kwargs: Any) -> ZoneForm:
    return ZoneForm(followed=str(current_user.zone), **kwargs)


def saved(panel: str, sentence: str) -> ResponseReturnValue:
    if not wants_fragment():
        flash(sentence)
    return respond(
        f"account/{panel}.html",
        to=url_for("account.index", _anchor=panel),
        viewer=current_user,
        **(panels() | {"saved": sentence}),
    )


def refuse(panel: str, status: int = 422, **forms: FlaskForm | str) -> ResponseReturnValue:
    return respond(
        f"account/{panel}.html", page="account/index.html", status=status, viewer=current_user, **panels(**forms)
    )
