"""What a request tells of the browser it comes from: its address, its name, and the cookie that tells it from another.

The cookie is there signed in or not. It opens nothing; models count by it.
"""

from __future__ import annotations

import re
import secrets
from datetime import timedelta

from flask import Response, after_this_request, current_app, g, request

from ..cookies import brought, give

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
LIVES = timedelta(days=400)  # browsers keep no cookie longer

# By what stands in a browser's name of itself; the first that fits, for most claim to be Chrome and Safari, too.
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}
BROWSERS = {
    "YaBrowser": "Яндекс Браузер",
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "SamsungBrowser": "Samsung",
    "Chrome": "Chrome",
    "Safari": "Safari",
}


def client_address() -> str:
    """Where the request comes from, after ProxyFix."""
    return request.remote_addr or "unknown"


def known_browser_token() -> str:
    """The token of the cookie, or the one made in this request; empty when there is none."""
    told = brought(_name())
    given: str = g.get("browser_token", "")
    return given or (told if TOKEN.fullmatch(told) else "")


def browser_token() -> str:
    """This browser's token, made now if it has none. For POST only: a GET sets no cookie."""
    value = known_browser_token() or secrets.token_urlsafe(32)
    if "browser_token" not in g and request.cookies.get(_name()) != value:
        g.browser_token = value
        after_this_request(_give)
    return value


def _give(response: Response) -> Response:
    give(response, _name(), g.browser_token, LIVES)
    return response


def _name() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}_browser"


def device_name() -> str:
    """«Chrome, Android»: as the list of devices names it."""
    agent = request.user_agent.string
    system = next((name for mark, name in SYSTEMS.items() if mark in agent), "")
    browser = next((name for mark, name in BROWSERS.items() if mark in agent), "Браузер")
    return f"{browser}, {system}" if system else browser
