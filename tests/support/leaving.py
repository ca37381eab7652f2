"""How a patient of the tests asks to be erased, and what is then known of them."""

from __future__ import annotations

import re

from browser import Browser
from factories import PASSWORD
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import User

ERASURE = "/profile/erasure"


def me(user: User) -> User:
    """As the database has them by now."""
    db.session.expire_all()
    return db.session.get_one(User, user.id)


def prove(browser: Browser) -> None:
    """They have shown a moment ago who they are."""
    browser.post("/profile/confirmation/erase", {"current": PASSWORD})


def mark_on(browser: Browser) -> str:
    """What the page has shown of what would be lost."""
    found = re.search(r'name="expected"[^>]*value="([^"]*)"', browser.get(ERASURE).text)
    assert found is not None
    return found.group(1)


def press_erase(browser: Browser, *, htmx: bool = False) -> TestResponse:
    return browser.post(ERASURE, {"expected": mark_on(browser)}, htmx=htmx)
