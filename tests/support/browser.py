"""A person's browser in the tests. In a module of its own: the journeys have a conftest too, and the later one wins."""

from __future__ import annotations

import re
import secrets
from contextvars import Context
from typing import Any

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import Device, User


class Browser:
    """A person's browser: keeps cookies, sends the CSRF token as the pages do."""

    def __init__(self, app: Flask, user: User | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        self.device: Device | None = None
        if user is not None:
            self._sign_in(user)

    def _sign_in(self, user: User) -> None:
        self.device, token = Device.register(user, "Тест")
        db.session.commit()
        with self.client.session_transaction() as session:
            session["device"], session["_user_id"], session["_fresh"] = token, str(user.id), True
            session["csrf_token"] = secrets.token_hex(20)
            session.permanent = True

    def get(self, url: str, *, htmx: bool = False, **more: Any) -> TestResponse:
        return self._visit("GET", url, htmx, **more)

    def post(self, url: str, data: dict[str, object] | None = None, *, htmx: bool = False, **more: Any) -> TestResponse:
        headers = {"X-CSRFToken": self.token()} | more.pop("headers", {})
        return self._visit("POST", url, htmx, data=data or {}, headers=headers, **more)

    def open(self, url: str, **more: Any) -> TestResponse:
        """Without a token. Outside the test's own app context: flask.g would carry one visitor to the next."""
        return Context().run(self.client.open, url, buffered=True, **more)

    def token(self) -> str:
        """Of its session, signed as pages sign it. Who has none yet asks for a page, as in life."""
        if kept := self._session().get("csrf_token"):
            return str(URLSafeTimedSerializer(self.app.secret_key or "", salt="wtf-csrf-token").dumps(kept))
        page = self.open("/login/phone").text
        found = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
        assert found is not None
        return found.group(1)

    def _session(self) -> dict[str, Any]:
        """What its cookie says. Pages are not asked: thousands of forms are sent here."""
        cookie = self.client.get_cookie(self.app.config["SESSION_COOKIE_NAME"])
        reader = SecureCookieSessionInterface().get_signing_serializer(self.app)
        try:
            return reader.loads(cookie.value) if cookie and reader else {}
        except BadSignature:
            return {}

    def _visit(self, method: str, url: str, htmx: bool, **more: Any) -> TestResponse:
        headers = more.pop("headers", {}) | ({"HX-Request": "true"} if htmx else {})
        db.session.remove()  # a request begins with nothing loaded, as in life
        answer = self.open(url, method=method, headers=headers, **more)
        db.session.remove()
        return answer
