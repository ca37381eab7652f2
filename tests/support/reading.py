"""What a page says and offers, as a person without scripts has it: its words in their order, and its forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

BLOCKS = {"p", "li", "button", "summary", "h1", "h2", "h3", "dt", "dd", "section", "div", "form", "a", "label"}
UNSEEN = {"script", "style", "svg", "title", "option"}
VOID = {"input", "img", "br", "hr", "meta", "link", "use", "path", "circle", "source"}


def one_line(html: str) -> str:
    """As a browser reads it, to which it is all one where a line of a template was broken."""
    return re.sub(r"[ \t\n]+", " ", html)


class NotOffered(Exception):
    """The page has no such form."""


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


@dataclass
class Said:
    """One piece of text, and the classes of all it stands in."""

    words: str
    classes: set[str]
    is_button: bool
    is_dead: bool


class Page(HTMLParser):
    """`part` is the id of the element that counts; without it all of the page does."""

    def __init__(self, html: str, part: str = "") -> None:
        super().__init__()
        self.said: list[Said] = []
        self.forms: list[Form] = []
        self._part = part
        self._open: list[dict[str, str]] = []
        self._is_new = True
        self._name = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs} | {"tag": tag}
        self._is_new = self._is_new or tag in BLOCKS
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "input" and given.get("name") and self._sends(given) and self.forms:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag in ("select", "textarea"):
            if tag == "textarea" and self.forms:
                self.forms[-1].fields[given.get("name", "")] = ""
            self._name = given.get("name", "")
        elif tag == "option" and self.forms and ("selected" in given or self._name not in self.forms[-1].fields):
            self.forms[-1].fields[self._name] = given.get("value", "")
        if tag not in VOID:
            self._open.append(given)

    def handle_endtag(self, tag: str) -> None:
        self._is_new = self._is_new or tag in BLOCKS
        if any(one["tag"] == tag for one in self._open):
            while self._open.pop()["tag"] != tag:
                pass

    def handle_data(self, data: str) -> None:
        inside = self._open
        if not data.strip() and not self._is_new and self.said:
            self.said[-1].words += data
        if not data.strip() or any("hidden" in one or one["tag"] in UNSEEN for one in inside):
            return
        button = next((one for one in inside if one["tag"] == "button"), None)
        if button is not None and self.forms and any(one["tag"] == "form" for one in inside):
            self._label(data)
        if self._part and not any(one.get("id") == self._part for one in inside):
            return
        if not self._is_new and self.said:
            self.said[-1].words += data
        else:
            classes = {name for one in inside for name in one.get("class", "").split()}
            self.said.append(Said(data, classes, button is not None, button is not None and "disabled" in button))
        self._is_new = False

    def form_of(self, button: str) -> Form:
        """By the words on its button."""
        for form in self.forms:
            if button in form.buttons:
                return form
        raise NotOffered(f"no «{button}»")

    def form_to(self, ending: str) -> Form:
        """By the end of its address."""
        for form in self.forms:
            if form.action.endswith(ending):
                return form
        raise NotOffered(f"no form to {ending}")

    def words(self, *, without: frozenset[str] = frozenset(), only: frozenset[str] = frozenset()) -> str:
        """In one line; what can be pressed stands in brackets, what cannot be yet in round ones."""
        told = [one for one in self.said if not one.classes & without and (not only or one.classes & only)]
        return " · ".join(_bracketed(one) for one in told if plain(one.words))

    def _label(self, data: str) -> None:
        if self._is_new or not self.forms[-1].buttons:
            self.forms[-1].buttons.append(plain(data))
        else:
            self.forms[-1].buttons[-1] = plain(f"{self.forms[-1].buttons[-1]} {data}")

    def _sends(self, given: dict[str, str]) -> bool:
        return given.get("type") not in ("submit", "checkbox", "radio", "file") or "checked" in given


def plain(words: str) -> str:
    """Spaces that do not break are spaces to the reader."""
    return " ".join(words.replace("\u00a0", " ").split())


def words(html: str) -> str:
    """What stands between its tags, in one line."""
    return plain(re.sub(r"<[^>]+>", " ", html))


def _bracketed(one: Said) -> str:
    words = plain(one.words)
    return f"({words})" if one.is_dead else f"[{words}]" if one.is_button else words
