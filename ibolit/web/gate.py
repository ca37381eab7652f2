"""What is asked before every door: is the consent given, may a guest's device open it; and presence is written.

It also says what stands open although a document's current version is not accepted.

A payment under way is seen to its end, and so is what was agreed under the old version: a consultation, its call, chat
and conclusion, until a day after its end. A call is never interrupted by a question. One's own data, «Удалить аккаунт»
and its «Отменить» are open whatever was accepted.
"""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import ZoneInfo

from flask import Flask, current_app, flash, g, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..database import NO_TURN, may_write_soon, write_transaction
from ..extensions import db
from ..models import Consent, Device, User
from ..models.consultations import lists
from ..responses import go
from ..services import clock
from . import guest_device
from .authentication import accept_invitations, page_to_return_to
from .time_zones import is_zone, town_of

# Whoever comes.
OPEN_TO_ALL = {"static", "assets", "auth", "documents", "pwa", "health", "demo", "welcome", "not_me", "calendar_feeds"}
PAYMENTS = {"account.payments", "account.refund_request", "account.request_refund", "consultations.pay", "tariffs.buy"}
LEAVING = {"account.erase", "account.ask_erasure", "account.undo_erasure"}
# Whoever takes a copy of their data, or leaves, says anew who they are.
CONFIRMATION = {f"account.{door}" for door in ("confirm", "confirm_by_password", "send_code", "confirm_by_code")}
OF_THE_CONSULTATION = {
    "consultations.conclusion",
    "consultations.conclusion_pdf",
    "consultations.calendar",
    "short_links.show",
}


def init_gate(app: Flask) -> None:
    app.before_request(_answer_options)
    app.before_request(_gate)


def is_shut() -> bool:
    """For this very request of who is signed in."""
    return not Consent.is_given_by(current_user) and not _is_open_behind()


def may_listen() -> bool:
    """To news of the clinic, or at least of what is still open."""
    return Consent.is_given_by(current_user) or bool(_kept())


def only_chat() -> int | None:
    """Whose news alone come to who has not accepted: of the consultation that is still open."""
    kept = _kept() if not Consent.is_given_by(current_user) else []
    return guest_device.chat_of(kept[0]) if kept else None


def may_go_on(device: Device, only_chat_id: int | None) -> bool:
    """Whether a socket that was opened for all, or for the news of one chat, may stay as it is."""
    return Consent.is_given_by(device.user) or (only_chat_id is not None and only_chat_id in _kept_chats(device.user))


def opens_chat(device: Device, chat_id: int) -> bool:
    """What stands before the doors of a chat, for who comes by a socket; whose chat it is the door itself asks."""
    only = device.only_consultation_id
    if only is not None and guest_device.chat_of(only) != chat_id:
        return False
    return Consent.is_given_by(device.user) or chat_id in _kept_chats(device.user)


def _kept_chats(user: User) -> set[int | None]:
    """Of what was agreed under the version that was accepted then."""
    kept = lists.kept_open_for(user) if user.accepted_versions else []
    return {guest_device.chat_of(consultation_id) for consultation_id in kept}


def _is_open_behind() -> bool:
    if request.blueprint in ("payments", "my_data") or request.endpoint in CONFIRMATION | LEAVING:
        return True
    if request.endpoint in PAYMENTS:
        return bool(current_user.accepted_versions)  # who has accepted nothing yet buys nothing
    if request.endpoint in OF_THE_CONSULTATION:
        return (request.view_args or {}).get("id") in _kept()
    return any(guest_device.may_open(consultation_id) for consultation_id in _kept())


def _kept() -> list[int]:
    """Agreed under the version that was accepted then. Asked once a request."""
    if "still_open" not in g:
        g.still_open = lists.kept_open_for(current_user) if current_user.accepted_versions else []
    kept: list[int] = g.still_open
    return kept


def _answer_options() -> ResponseReturnValue | None:
    """OPTIONS is answered without a sign-in; login_required would let it through to the view."""
    is_automatic = getattr(request.url_rule, "provide_automatic_options", False)
    return current_app.make_default_options_response() if request.method == "OPTIONS" and is_automatic else None


def _gate() -> ResponseReturnValue | None:
    if request.blueprint in OPEN_TO_ALL or request.endpoint == "static" or not current_user.is_authenticated:
        return None
    _see()
    if request.endpoint != "live.listen" and is_shut():
        return go(url_for("auth.consent", next=page_to_return_to()))
    if g.device.only_consultation_id is not None and not guest_device.may_open(g.device.only_consultation_id):
        return go(url_for("consultations.show", id=g.device.only_consultation_id))
    return None


def _see() -> None:
    """Presence, the zone of the device, and what was sent to who is here already: written at most once a minute.

    On a slow disk, or while another program writes, by the next page: this one is shown.
    """
    zone = request.cookies.get("zone", "")
    moved = current_user.may_follow_zone(zone) and is_zone(zone)
    if not (g.device.is_due_to_be_seen() or moved) or not may_write_soon():
        return
    with suppress(*NO_TURN), write_transaction(db.session):
        g.device.mark_seen()
        if moved:
            _tell_of_zone(ZoneInfo(zone))
            current_user.follow_zone(zone)
        accept_invitations(current_user, None)
    session.modified = True  # the cookie rolls with the device


def _tell_of_zone(zone: ZoneInfo) -> None:
    """Once, and only where other hours are shown now; the page offers the way back."""
    now, before = clock.now(), current_user.zone
    if now.astimezone(zone).utcoffset() != now.astimezone(before).utcoffset():
        flash({"place": town_of(zone, now), "before": before.key}, "zone")  # type: ignore[arg-type]  # anything of JSON
