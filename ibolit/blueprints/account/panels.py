"""The short pages of «Профиль», and what the list says of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import g, session
from flask_login import current_user

from ...extensions import db
from ...models import (
    Consent,
    Device,
    EmailProof,
    Invitation,
    LoginCode,
    PushSubscription,
    ReplyTemplate,
    User,
    erasure,
)
from ...services import clock, current_services
from ...web.panels import Panels
from ...web.time_zones import title_of, town_of
from .forms import (
    BirthDateForm,
    BothCodesForm,
    EmailForm,
    ErasureForm,
    NameForm,
    NewPhoneForm,
    NotificationsForm,
    PasswordForm,
    SexForm,
    ZoneForm,
)


def states() -> dict[str, Any]:
    """What stands in the list beside the name of each page."""
    doctor = current_user.doctor
    return {
        "pending": _pending_email(),
        "suggested": _suggested_birth_date(),
        "push": PushSubscription.of_device(g.device),
        "town": town_of(current_user.zone, clock.now()),
        "other_devices": Device.count_of(current_user) - 1,
        "documents_from": Consent.coming_for(current_user),
        "template_count": ReplyTemplate.count_of(doctor) if doctor else 0,
    }


def name_form(user: User) -> NameForm:
    return NameForm(formdata=None, name=user.name)


def zone_form_of(user: User) -> ZoneForm:
    return zone_form(formdata=None, zone=user.timezone if user.timezone_is_chosen else "")


def zone_form(**kwargs: Any) -> ZoneForm:
    return ZoneForm(followed=title_of(current_user.zone.key), **kwargs)


def _context(panel: str) -> dict[str, Any]:
    """All that the page shows; a form with errors takes the place of its fresh one."""
    of_panel = CONTEXTS.get(panel)
    return {"panel": panel, "saved": ""} | (of_panel() if of_panel else {})


def _birth_date() -> dict[str, Any]:
    return {"birth_date_form": BirthDateForm.of(current_user), "suggested": _suggested_birth_date()}


def codes_of_new_phone() -> tuple[LoginCode | None, LoginCode | None]:
    """Those that were asked for here, to the new number and to the present one; none when one of them is too old."""
    codes = [db.session.get(LoginCode, id) for id in session.get("new_phone", [])]
    usable = [code for code in codes if code is not None and (code.is_redeemable() or code.proves_phone())]
    wanted = 1 if current_user.phone is None else 2
    is_of_them = len(usable) == wanted and all(code.phone == current_user.phone for code in usable[1:])
    return (usable[0], usable[1] if wanted == 2 else None) if is_of_them else (None, None)


def _phone() -> dict[str, Any]:
    new, old = codes_of_new_phone()
    return {
        "new_code": new,
        "old_code": old,
        "phone_form": NewPhoneForm(current_user.phone, formdata=None),
        "codes_form": BothCodesForm(asks_old=old is not None, formdata=None),
    }


def _erase() -> dict[str, Any]:
    at_stake = erasure.at_stake(current_user)
    return {"erasure_form": ErasureForm.of(at_stake), "at_stake": at_stake, "erasure_refusal": ""}


def _email() -> dict[str, Any]:
    form = EmailForm(formdata=None, email=session.get("wanted_email", ""))
    return {"email_form": form, "pending": _pending_email()}


def _notifications() -> dict[str, Any]:
    return {
        "push": PushSubscription.of_device(g.device),
        "push_key": current_services.push.public_key,
        "push_refusal": "",
        "notifications_form": NotificationsForm.of(current_user),
    }


def _devices() -> dict[str, Any]:
    """This one first."""
    devices = db.session.scalars(Device.of(current_user))
    return {"devices": sorted(devices, key=lambda one: one.id != g.device.id), "this_device": g.device}


def _pending_email() -> EmailProof | None:
    proof = EmailProof.newest_of(current_user.id)
    return proof if proof and proof.is_alive() else None


def _suggested_birth_date() -> Any:
    return Invitation.birth_date_suggested_to(current_user) if current_user.is_patient else None


CONTEXTS: dict[str, Callable[[], dict[str, Any]]] = {
    "name": lambda: {"name_form": name_form(current_user)},
    "birth_date": _birth_date,
    "sex": lambda: {"sex_form": SexForm.of(current_user)},
    "email": _email,
    "notifications": _notifications,
    "zone": lambda: {"zone_form": zone_form_of(current_user)},
    "password": lambda: {"password_form": PasswordForm(current_user, formdata=None)},
    "devices": _devices,
    "erase": _erase,
    "phone": _phone,
}

_panels = Panels("account", _context)
show, saved, refuse = _panels.show, _panels.done, _panels.refuse
