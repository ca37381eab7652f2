"""Where an entry leads, and where one that was broken off goes on.

In this browser the address carries it (`next`). It lies with the code as well: who was led here inside a messenger and
finishes in another browser lands there all the same.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from ..models import Consent, Invitation, LoginCode, User
from ..models.invitations import LONGEST_NEXT_URL
from .authentication import home_of, local_path
from .gate import OPEN_TO_ALL


def requested_page() -> str | None:
    """What this very address asks for."""
    return local_path(request.args.get("next"))


def remember_with(asked: LoginCode) -> None:
    """Commit later."""
    asked.next_url = _without_secrets(requested_page()) or asked.next_url


def after_sign_in(user: User) -> str:
    """For who has just signed in. What was broken off is gone on with once, after the consent.

    Commit later.
    """
    target = requested_page() or LoginCode.interrupted_next_url_of(user.phone or "") or home_of(user)
    if Consent.is_given_by(user):
        LoginCode.forget_next_url(user.phone or "")
    return by_way_of_suggestion(user, target)


def by_way_of_suggestion(user: User, target: str) -> str:
    """A list's birth date is asked about once, before the chat that its invitation has opened; a child's first."""
    here = urlsplit(target).path
    if here in (url_for("account.suggested_birth_date"), url_for("suggested_child.show")):
        return target
    if user.is_patient and Invitation.child_suggested_to(user) is not None:
        return url_for("suggested_child.show", next=target)
    if Invitation.birth_date_suggested_to(user) is None:
        return target
    return url_for("account.suggested_birth_date", next=target)


def _without_secrets(target: str | None) -> str | None:
    """The page alone, if it lies behind the entrance: tokens and words that were looked for are never kept."""
    address = urlsplit(target or "")
    try:
        endpoint, values = current_app.url_map.bind("").match(address.path, "GET")
    except (HTTPException, RequestRedirect):
        return None
    is_plain = all(isinstance(value, int) for value in values.values()) and "token=" not in address.query
    is_behind = endpoint.partition(".")[0] not in OPEN_TO_ALL
    return address.path if is_plain and is_behind and len(address.path) <= LONGEST_NEXT_URL else None
