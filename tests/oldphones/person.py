#!/usr/bin/python3
"""A second person of the demo clinic, over plain HTTP without scripts.

    person.py PHONE URL                          looks at a page
    person.py PHONE URL FORM [NAME=VALUE ...]    fills in the form there whose address ends with FORM, and sends it;
                                                 NAME=@PATH attaches a file
                                                 TIMES=N in the environment: so often, with {n} the number
    person.py near DATA URL                      nobody: brings the consultation at URL so near that its button opens,
                                                 in the database of the clinic whose folder is DATA

For a walk's `run` step: while the engine shows a chat, the other side answers, proposes, is ready. Where the page has
no such form, FORM is an address beneath the page's that its script would post to. Who has signed in stays so: cookies
are kept in $SCRATCH. Stdlib only.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import uuid
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import LWPCookieJar
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, Request, build_opener

PASSWORD = "ibolit-demo"
FILE = 'form-data; name="{}"; filename="{}"\r\nContent-Type: application/octet-stream'


class Forms(HTMLParser):
    """The forms of a page: where each goes and what it would send, by the names of its fields."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.fields: dict[str, str] = {}  # of the form that is open
        self.name = ""  # of the select or textarea that is open
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.fields = {}
            self.found.append((given.get("action", ""), self.fields))
        elif tag == "input" and given.get("name") and sends(given):
            self.fields[given["name"]] = given.get("value", "")
        elif tag in ("textarea", "select"):
            self.name = given.get("name", "")
        elif tag == "option" and self.name and ("selected" in given or self.name not in self.fields):
            self.fields[self.name] = given.get("value", "")

    def handle_data(self, words: str) -> None:
        if self.lasttag == "textarea" and self.name:
            self.fields[self.name] = words

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.fields = {}  # a field outside belongs to none
        elif tag in ("textarea", "select"):
            self.name = ""

    def to(self, ending: str) -> tuple[str, dict[str, str]] | None:
        return next((form for form in self.found if form[0].split("?")[0].endswith("/" + ending)), None)


def sends(field: dict[str, str]) -> bool:
    return field.get("type") not in ("submit", "checkbox", "radio", "file") or "checked" in field


class Person:
    def __init__(self, phone: str, keeps: Path) -> None:
        self.phone = phone
        self.cookies = LWPCookieJar(keeps / f"person{phone}.cookies")
        if Path(self.cookies.filename or "").exists():
            self.cookies.load(ignore_discard=True)
        self.browser = build_opener(HTTPCookieProcessor(self.cookies))

    def visit(self, url: str) -> tuple[str, str]:
        """The page, after signing in if it asks for that."""
        landed, html = self.ask(Request(url))
        if urlsplit(landed).path != "/login":
            return landed, html
        _, fields = Forms(html).found[0]
        self.post(landed, fields | {"login": self.phone, "password": PASSWORD})
        self.cookies.save(ignore_discard=True)
        landed, html = self.ask(Request(url))
        if urlsplit(landed).path.startswith(("/login", "/consent")):
            raise SystemExit(f"{self.phone} was not let in: {landed}")
        return landed, html

    def send(self, url: str, ending: str, typed: dict[str, str], times: int = 1) -> None:
        landed, html = self.visit(url)
        forms = Forms(html)
        token = {name: value for _, form in forms.found for name, value in form.items() if name == "csrf_token"}
        action, fields = forms.to(ending) or (f"{landed}/{ending}", token)
        for n in range(1, times + 1):
            if "client_id" in fields:
                fields["client_id"] = str(uuid.uuid4())
            self.post(
                urljoin(landed, action), fields | {name: text.replace("{n}", f"{n}") for name, text in typed.items()}
            )

    def post(self, url: str, fields: dict[str, str]) -> tuple[str, str]:
        """As multipart/form-data, which every form of ours takes."""
        line = uuid.uuid4().hex
        body = b"".join(b"--%s\r\n%s\r\n" % (line.encode(), part(*field)) for field in fields.items())
        where = urlsplit(url)
        headers = {
            "Origin": f"{where.scheme}://{where.netloc}",
            "Referer": url,
            "Content-Type": f"multipart/form-data; boundary={line}",
        }
        return self.ask(Request(url, data=b"%s--%s--\r\n" % (body, line.encode()), headers=headers))

    def ask(self, request: Request) -> tuple[str, str]:
        """Where one lands after redirects, and the page there."""
        request.add_header("Accept-Language", "ru")
        try:
            answer: HTTPResponse = self.browser.open(request, timeout=10)
        except HTTPError as error:
            raise SystemExit(f"{request.get_method()} {request.full_url}: {error.code} {error.reason}") from error
        with answer:
            return answer.url, answer.read().decode()


def part(name: str, value: str) -> bytes:
    if not value.startswith("@"):
        return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
    path = Path(value[1:])
    return f"Content-Disposition: {FILE.format(name, path.name)}\r\n\r\n".encode() + path.read_bytes()


def bring_near(data: str, url: str) -> None:
    start = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=10)
    with sqlite3.connect(Path(data, "ibolit.db"), timeout=10) as db:
        db.execute(
            "UPDATE consultation SET starts_at = ?, ends_at = ? WHERE id = ?",
            (f"{start}", f"{start + timedelta(minutes=30)}", urlsplit(url).path.rsplit("/", 1)[-1]),
        )


def main() -> None:
    phone, url, *form = sys.argv[1:]
    if phone == "near":
        bring_near(url, form[0])
        return
    person = Person(phone, Path(os.environ["SCRATCH"]))
    if form:
        typed = dict(field.split("=", 1) for field in form[1:])
        person.send(urldefrag(url).url, form[0], typed, int(os.environ.get("TIMES", 1)))
    else:
        person.visit(urldefrag(url).url)


if __name__ == "__main__":
    main()
