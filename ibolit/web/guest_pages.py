"""What a device sees that was let in for one consultation: no link, form or card that leads where it may not go.

One place for every page and live fragment, and closed like the doors themselves: a new way is not shown there until
somebody opens its door (guest_device.py). The words of a link that stands in a sentence stay; a button or an item of a
menu goes whole, and so does the line that held nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from . import gate, guest_device

LINES = {"li", "p"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
WAYS = {"href": "GET", "action": "POST", "formaction": "POST", "hx-get": "GET", "hx-post": "POST", "data-card": "GET"}
STAYS = {"", "consultation__link"}  # classes of links whose words are more than a way
VISIBLE = re.compile(r"[^\s]")

Opens = Callable[[str, str], bool]  # an address and a method


def init_guest_pages(app: Flask) -> None:
    app.after_request(hide_closed_links)


def hide_closed_links(answer: Response) -> Response:
    """Of pages that anybody may open nothing is taken: the ways from there are asked at their own doors. Nobody is
    looked up for it, and no page that tells of a broken clinic needs its database."""
    consultation_id: int | None = g.get("only_consultation_id")
    is_page = answer.mimetype == "text/html" and not answer.is_streamed and not answer.direct_passthrough
    if (
        consultation_id is not None
        and is_page
        and answer.status_code < 500
        and request.blueprint not in gate.OPEN_TO_ALL
    ):
        answer.set_data(filter_for_guest_of(consultation_id)(answer.get_data(as_text=True)))
    return answer


def filter_for_guest_of(consultation_id: int) -> Callable[[str], str]:
    """Outlives the request: a socket shows what it carries through it."""
    doors, chat_id = current_app.url_map.bind(""), guest_device.chat_of(consultation_id)

    def opens(address: str, method: str) -> bool:
        if not address.startswith("/") or address.startswith("//"):
            return True  # a place on this page, a telephone, another house
        try:
            endpoint, wanted = doors.match(re.split("[?#]", address)[0], method)
        except (HTTPException, RequestRedirect):
            return False
        if endpoint.partition(".")[0] in gate.OPEN_TO_ALL:
            return True
        return guest_device.is_shown(endpoint, wanted, consultation_id, chat_id)

    return lambda html: _LinkFilter(opens).kept(html)


def _only_told(card: str) -> str:
    """The head of a card that says how another consultation stands; it asks and offers nothing (consultations.css)."""
    return re.sub(r' data-(?:card|behaviour)="[^"]*"', "", card).replace(' class="', ' class="told ', 1)


class _LinkFilter(HTMLParser):
    """Writes down again what it reads, as it stands, but for the ways that are shut."""

    def __init__(self, opens: Opens) -> None:
        super().__init__(convert_charrefs=False)
        self.opens = opens
        self.written: list[str] = []
        self.lines: list[tuple[int, str]] = []  # where an open line begins, and its name
        self.has_lost = False  # since the innermost line began
        self.dropping: list[str] = []  # the elements open within one that goes
        self.links: list[str] = []  # what ends a link: itself, or a span

    def kept(self, html: str) -> str:
        self.feed(html)
        self.close()
        return "".join(self.written)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.dropping:
            self.dropping += [] if tag in VOID else [tag]
            return
        shut = {name for name, value in attrs if name in WAYS and not self._leads_on(tag, name, value or "", attrs)}
        if shut - {"data-card"}:
            self._shut(tag, attrs)
            return
        if tag in LINES:
            self.lines.append((len(self.written), tag))
            self.has_lost = False
        if tag == "a":
            self.links.append("a")
        here = self.get_starttag_text() or ""
        self.written.append(_only_told(here) if shut else here)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._write(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self.dropping:
            if tag in self.dropping:
                del self.dropping[len(self.dropping) - 1 - self.dropping[::-1].index(tag) :]
            return
        if tag == "a" and self.links:
            tag = self.links.pop()
        self.written.append(f"</{tag}>")
        if self.lines and self.lines[-1][1] == tag:
            self._end_line(self.lines.pop()[0])

    def handle_data(self, data: str) -> None:
        self._write(data)

    def handle_entityref(self, name: str) -> None:
        self._write(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._write(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        self._write(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._write(f"<!{decl}>")

    def _write(self, what: str) -> None:
        if not self.dropping:
            self.written.append(what)

    def _leads_on(self, tag: str, name: str, address: str, attrs: list[tuple[str, str | None]]) -> bool:
        is_plain = tag == "form" and name == "action" and dict(attrs).get("method", "get") != "post"
        return self.opens(address, "GET" if is_plain else WAYS[name])

    def _shut(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        look = dict(attrs).get("class") or ""
        if tag == "a" and look in STAYS:
            self.links.append("span")
            self.written.append(f'<span class="{look}">' if look else "<span>")
            return
        self.has_lost = True
        if tag not in VOID:
            self.dropping = [tag]

    def _end_line(self, begins: int) -> None:
        """A line whose only word was a way goes with it."""
        words = re.sub(r"<[^>]*>", "", "".join(self.written[begins:]))
        if self.has_lost and not VISIBLE.search(words):
            del self.written[begins:]
        self.has_lost = False
