"""The names of our cookies, and the sessions in one of them.

Behind https a name begins with `__Host-` (RFC 6265bis, 4.1.3.2): browsers take such a one from this very host alone,
over https, so neither another host of the clinic's domain nor a line without encryption can put a cookie of its own in
its place. What a browser has under the name without it is still read, and given anew under the safe one.
"""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from werkzeug.datastructures import ImmutableMultiDict

from .config import Settings, current_settings

SAFE = "__Host-"
FILES = ("static", "assets.show")


def session_cookie(settings: Settings) -> str:
    """Two clinics side by side on one machine must not sign each other out."""
    return safe_name("ibolit" if settings.is_production else f"ibolit_{settings.port}", settings)


def safe_name(name: str, settings: Settings) -> str:
    return SAFE + name if settings.is_https else name


def brought(name: str) -> str:
    """What the browser brought under a safe name, or under its former one; empty when neither."""
    return request.cookies.get(name) or request.cookies.get(former(name)) or ""


def former(name: str) -> str:
    return name.removeprefix(SAFE)


def give(response: Response, name: str, value: str, max_age: timedelta, *, httponly: bool = True) -> None:
    """Sets it and ends the former one. Not `httponly`: scripts of the page look whether it is there."""
    secure = current_settings.is_https
    response.set_cookie(name, value, max_age=max_age, secure=secure, httponly=httponly, samesite="Lax")
    end_former(response, name)


def end_former(response: Response, name: str) -> None:
    if former(name) != name and former(name) in request.cookies:
        response.delete_cookie(former(name), secure=True, samesite="Lax")


class Sessions(SecureCookieSessionInterface):
    """Nobody is signed out by the safe name: a session that came under the former one goes on under it."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        name = self.get_cookie_name(app)
        carried = name not in request.cookies and request.cookies.get(former(name))
        if carried:
            request.cookies = ImmutableMultiDict([*request.cookies.items(multi=True), (name, carried)])
        session = super().open_session(app, request)
        if carried and session:
            session.modified = True
        return session

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Files are the same for everybody: told to vary by cookie, browsers would fetch them anew after every
        sign-in."""
        if request.endpoint in FILES:
            return
        super().save_session(app, session, response)
        end_former(response, self.get_cookie_name(app))
