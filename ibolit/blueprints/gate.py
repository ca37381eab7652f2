"""The consent, asked before every door; and what stands open although a document's current version is not accepted.

A payment under way is seen to its end, and so is what was agreed under the old version: a consultation, its call, chat
and conclusion, until a day after its end. A call is never interrupted by a question.
"""

from __future__ import annotations

from flask import g, request
from flask_login import current_user

from ..models import Consent, consultation_lists
from . import confined

OPEN_TO_ALL = {"static", "assets", "auth", "documents", "pwa", "demo", "welcome", "not_me"}  # whoever comes
PAYMENTS = {"account.payments", "account.wish", "account.send_wish", "consultations.pay", "tariffs.buy"}
OF_THE_TALK = {"consultations.conclusion", "consultations.paper", "consultations.calendar", "short.show"}


def is_shut() -> bool:
    """For this very request of who is signed in."""
    return not Consent.is_given_by(current_user) and not _is_open_behind()


def may_listen() -> bool:
    """To news of the clinic, or at least of what is still open."""
    return Consent.is_given_by(current_user) or bool(_kept())


def only_chat() -> int | None:
    """Whose news alone come to who has not accepted: of the consultation that is still open."""
    kept = _kept() if not Consent.is_given_by(current_user) else []
    return confined.chat_of(kept[0]) if kept else None


def _is_open_behind() -> bool:
    if request.blueprint == "payments":
        return True
    if request.endpoint in PAYMENTS:
        return bool(current_user.agreed_to)  # who has accepted nothing yet buys nothing
    if request.endpoint in OF_THE_TALK:
        return (request.view_args or {}).get("id") in _kept()
    return any(confined.may_open(talk_id) for talk_id in _kept())


def _kept() -> list[int]:
    """Agreed under the version that was accepted then. Asked once a request."""
    if "kept_talks" not in g:
        g.kept_talks = consultation_lists.kept_open_for(current_user) if current_user.agreed_to else []
    kept: list[int] = g.kept_talks
    return kept
