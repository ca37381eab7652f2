"""Variables every layout needs."""

from __future__ import annotations

from flask import Flask, current_app, has_request_context, request
from flask_login import current_user

from ..config import current_settings
from ..models import ChatMember, Consent, User
from ..models.chats import urgent_words
from ..urgent_words import words_of_program
from . import file_kinds, gate, guest_device


def init_page_context(app: Flask) -> None:
    app.context_processor(_frame)
    app.jinja_env.globals.update(
        kinds_for_page=file_kinds.kinds_for_page,
        accepted_pictures=file_kinds.accepted_pictures,
        urgent_words_of_clinic=_urgent_words_of_clinic,
    )


def _frame() -> dict[str, object]:
    """Variables every layout needs."""
    if not has_request_context():  # a letter or a live fragment rendered by the worker
        return {"settings": current_settings}
    signed_in = current_user.is_authenticated and Consent.is_given_by(current_user)
    return {
        "settings": current_settings,
        "is_live": False,  # a form of a page has its token; of a live fragment htmx sends it
        "section": request.blueprint,
        "signed_in": signed_in,
        "listens": current_user.is_authenticated and gate.may_listen(),
        "viewer": current_user._get_current_object() if current_user.is_authenticated else None,
        "unread_chats": LazyCount(current_user) if signed_in and not guest_device.is_current() else 0,
        "is_guest_device": guest_device.is_current(),
        "is_demo": current_settings.is_demo and "demo" in current_app.blueprints,
    }


def _urgent_words_of_clinic() -> str:
    """What the clinic has added to the words of emergencies, for the script; empty for almost every clinic."""
    words, own = urgent_words(), words_of_program()
    return "" if words is own else words.packed_beyond(own)


class LazyCount:
    """The badge's number, queried only by a page that shows it."""

    def __init__(self, user: User) -> None:
        self.user = user

    def __int__(self) -> int:
        return ChatMember.unread_of(self.user)
