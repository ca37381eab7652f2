#!/usr/bin/python3
"""A second person at the clinic, over plain HTTP without scripts: signs in and writes into a chat.

    person.py LOGIN PASSWORD CHAT_URL TEXT
    person.py LOGIN PASSWORD invite SITE_URL CONTACT NAME

For a walk's `run` step: while the old engine shows the chat, the other side answers; or a doctor invites. Stdlib only.
"""

from __future__ import annotations

import sys
import uuid
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener


class Forms(HTMLParser):
    """The forms of a page: where each goes and what it would send, by the names of its fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = True
            self.found.append((given.get("action", ""), {}))
        elif tag in ("input", "textarea") and self.inside and given.get("name") and sends(given):
            self.found[-1][1][given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False

    def with_field(self, name: str) -> tuple[str, dict[str, str]]:
        for action, fields in self.found:
            if name in fields:
                return action, fields
        raise SystemExit(f"the page has no form with {name}")


def sends(field: dict[str, str]) -> bool:
    return field.get("type") not in ("submit", "checkbox", "radio", "file") or "checked" in field


class Person:
    def __init__(self, base: str) -> None:
        self.base = base
        self.browser = build_opener(HTTPCookieProcessor(CookieJar()))

    def sign_in(self, login: str, password: str) -> None:
        address, html = self.get("/login")
        action, fields = Forms(html).with_field("password")
        landed, _ = self.post(urljoin(address, action), fields | {"login": login, "password": password})
        if urlsplit(landed).path.startswith(("/login", "/consent")):
            raise SystemExit(f"{login} was not let in: {landed}")

    def write(self, chat_url: str, text: str) -> None:
        address, html = self.get(chat_url)
        action, fields = Forms(html).with_field("text")
        fields["client_id"] = fields.get("client_id") or str(uuid.uuid4())
        self.post(urljoin(address, action), fields | {"text": text})

    def invite(self, contact: str, name: str) -> None:
        address, html = self.get("/invitations/new")
        action, fields = Forms(html).with_field("contact")
        landed, _ = self.post(urljoin(address, action), fields | {"contact": contact, "name": name})
        if urlsplit(landed).path != "/invitations":
            raise SystemExit(f"{contact} was not invited: {landed}")

    def get(self, address: str) -> tuple[str, str]:
        return self.ask(Request(urljoin(self.base, address)))

    def post(self, url: str, fields: dict[str, str]) -> tuple[str, str]:
        headers = {"Origin": self.base.rstrip("/"), "Referer": url}
        return self.ask(Request(url, data=urlencode(fields).encode(), headers=headers))

    def ask(self, request: Request) -> tuple[str, str]:
        """Where one lands after redirects, and the page there."""
        request.add_header("Accept-Language", "ru")
        try:
            answer: HTTPResponse = self.browser.open(request, timeout=10)
        except HTTPError as error:
            raise SystemExit(f"{request.get_method()} {request.full_url}: {error.code} {error.reason}") from error
        with answer:
            return answer.url, answer.read().decode()


def main() -> None:
    login, password, *deed = sys.argv[1:]
    invites = deed[0] == "invite"
    where = urlsplit(deed[1 if invites else 0])
    person = Person(f"{where.scheme}://{where.netloc}/")
    person.sign_in(login, password)
    if invites:
        person.invite(*deed[2:])
    else:
        person.write(*deed)


if __name__ == "__main__":
    main()
