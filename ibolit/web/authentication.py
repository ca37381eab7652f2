"""Who is signed in, how one signs in and out, and where a visit goes on from there."""

from __future__ import annotations

import re
from contextlib import suppress
from urllib.parse import urlsplit

from flask import Flask, abort, flash, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from .. import errors
from ..config import current_settings
from ..extensions import db, login_manager
from ..models import (
    AuditAction,
    Chat,
    Device,
    Doctor,
    Invitation,
    KnownBrowser,
    PriorCredentials,
    SecurityEvent,
    SecurityEventKind,
    User,
)
from ..models.people import hash_of
from ..responses import go, wants_fragment
from . import client
from .audit import log_own

LOCAL = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f\\]*")


def init_authentication(app: Flask) -> None:
    login_manager.session_protection = None  # a phone's browser changes its name with every update
    login_manager.user_loader(_load_user)
    login_manager.unauthorized_handler(_redirect_to_sign_in)


def sign_in(user: User) -> None:
    """Sign this browser in as a new Device; commit afterwards. Raises AccountIsFrozen.

    A browser that is new to an account which knows another one is told to the rest.
    """
    refuse_frozen(user)
    device, token = Device.register(user, client.device_name())
    browser = client.browser_token()
    device.browser_hash = hash_of(browser)
    was_known = KnownBrowser.has_any(user.id)
    if KnownBrowser.remember(user.id, browser) and was_known:
        db.session.flush()
        SecurityEvent.announce(user, SecurityEventKind.DEVICE, device)
    sign_in_device(device, token)


def refuse_frozen(user: User) -> None:
    """Ask only after the password or the phone was proved. Raises AccountIsFrozen."""
    if user.is_frozen:
        raise errors.AccountIsFrozen(f"{errors.AccountIsFrozen.sentence} {current_settings.clinic_phone}".strip())


def sign_in_device(device: Device, token: str) -> None:
    """End the device that was signed in here before, and begin a new session. Commit later."""
    if current_user.is_authenticated:
        g.device.end()
    user = device.user
    held = invitation_in_session()
    device.mark_seen()
    db.session.flush()
    session.clear()  # a session someone prepared before the sign-in is worth nothing after it
    session["device"] = token
    session.permanent = True
    login_user(user)
    g.device = device
    log_own(AuditAction.SIGNED_IN, device.id)
    accept_invitations(user, held)


def note_acceptance(user: User, invitation: Invitation, email_before: str | None) -> None:
    """Log whose invitation it was and an address that is the person's now; the page says what became of it."""
    log_own(AuditAction.INVITATION_ACCEPTED, invitation.id)
    if user.email != email_before:
        log_own(AuditAction.EMAIL_PROVED)
        SecurityEvent.announce(
            user, SecurityEventKind.EMAIL, g.device, PriorCredentials(email_before, False, user.password_hash)
        )
        flash(f"Почта {user.email} теперь ваша: по ней можно входить.")
    elif invitation.email and invitation.email != user.email:
        flash(f"Почта {invitation.email} не добавлена: она занята, или у вас уже есть другая. Входите по телефону.")


def current_doctor() -> Doctor:
    """The signed-in doctor; 404 for everybody else."""
    doctor: Doctor = current_user.doctor or abort(404)
    return doctor


def only_patients() -> None:
    """404 for everybody else who is signed in."""
    if not current_user.is_patient:
        abort(404)


def lock_current_doctor() -> Doctor:
    """The same, read anew under a row lock until the commit."""
    doctor = current_doctor()
    db.session.refresh(doctor, with_for_update={"of": Doctor})
    return doctor


def lock_current_user() -> User:
    """The signed-in user, read anew under a row lock until the commit."""
    user: User = current_user._get_current_object()
    db.session.refresh(user, with_for_update={"of": User})
    return user


def sign_out() -> None:
    g.device.end()
    log_own(AuditAction.SIGNED_OUT, g.device.id)
    logout_user()
    session.clear()


def redirect_clearing_storage(address: str) -> ResponseReturnValue:
    """Redirect, and clear what the device keeps: drafts, stored chats, the service worker.

    Chrome 64 hangs when it is asked for that over stored chats. What tells no Sec-Fetch-Site is about as
    old, and the page's own scripts have wiped it. So they have where messages of somebody else wait to be sent.
    """
    answer = redirect(address, 303)
    if "Sec-Fetch-Site" in request.headers and "others" not in request.form:
        answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


def local_path(target: str | None) -> str | None:
    """`target` if it is a path on this site, else None. Browsers drop tabs: «/<tab>/host» would lead away."""
    return target if target and LOCAL.fullmatch(target) else None


def home_of(user: User) -> str:
    if g.get("invited_to"):
        return url_for("chat.show", id=g.invited_to)
    if user.is_operator:
        return url_for("operator.index")
    has_chats = user.is_doctor or db.session.scalar(Chat.last_activity_of(user)) is not None
    return url_for("messages.index" if has_chats else "doctors.index")


def invitation_in_session() -> Invitation | None:
    """The invitation whose link was pressed in this browser, if this sign-in leads to it."""
    held = db.session.get(Invitation, session.get("invitation", 0))
    target = local_path(request.args.get("next"))
    return held if held is not None and target == url_for("welcome.show", token=held.token) else None


def accept_invitations(user: User, held: Invitation | None) -> None:
    """What waits for the user's phone or address, and the mailed one whose link they hold."""
    email = user.email
    opened = Invitation.accept_all_of(user)
    if held is not None and held not in opened:
        with suppress(errors.RuleViolation):  # its page says what is wrong
            opened[held] = held.accept(user)
    for invitation, chat_id in opened.items():
        note_acceptance(user, invitation, email)
        g.invited_to, email = chat_id, user.email


def _load_user(user_id: str) -> User | None:
    device = Device.signed_in(session.get("device", ""))
    if device is None or str(device.user.id) != user_id:
        return None
    g.device, g.only_consultation_id = device, device.only_consultation_id
    return device.user


def _redirect_to_sign_in() -> ResponseReturnValue:
    return go(url_for("auth.login", next=page_to_return_to()))


def page_to_return_to() -> str | None:
    """The page to return to after signing in: for a fragment, the page that asked for it."""
    if wants_fragment():
        return local_path(_path_of(request.headers.get("HX-Current-URL", "")))
    return local_path(request.full_path.rstrip("?")) if request.method in ("GET", "HEAD") else None


def _path_of(address: str) -> str:
    try:
        return urlsplit(address)._replace(scheme="", netloc="", fragment="").geturl()
    except ValueError:
        return ""
