"""Forms as a page shows them: what a browser would send, and what a person may change."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

UNSEEN = {"hidden", "submit", "button", "file", "password", "search"}


@dataclass
class Seen:
    """A field somebody can change; `options` of a select, or of radio buttons, which are one field."""

    name: str
    kind: str
    value: str = ""
    is_on: bool = True
    numeric: bool = False
    options: list[str] = field(default_factory=list)


@dataclass
class FormOnPage:
    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)

    def sent(self, **changed: str | None) -> dict[str, object]:
        """What the browser sends; a box that is changed to None is not sent."""
        typed: dict[str, object] = dict(self.hidden)
        typed |= {one.name: one.value for one in self.seen if one.is_on}
        typed |= {name: value for name, value in changed.items() if value is not None}
        return {name: value for name, value in typed.items() if changed.get(name, "") is not None}

    def value_of(self, name: str) -> str | None:
        """None of a box that is off."""
        return next((one.value if one.is_on else None for one in self.seen if one.name == name), None)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[FormOnPage] = []
        self.inside: FormOnPage | None = None
        self.area: Seen | None = None
        self.select: Seen | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = FormOnPage(known.get("action", ""), known.get("method", "get"))
            self.forms.append(self.inside)
        elif self.inside is None:
            return
        elif tag == "option" and self.select is not None:
            self.select.options.append(known.get("value", ""))
            if "selected" in known or len(self.select.options) == 1:
                self.select.value = known.get("value", "")
        elif tag in ("input", "textarea", "select") and known.get("name"):
            self._take(tag, known)

    def _take(self, tag: str, known: dict[str, str]) -> None:
        assert self.inside is not None
        kind = known.get("type", "text") if tag == "input" else tag
        if kind == "hidden":
            self.inside.hidden[known["name"]] = known.get("value", "")
        if kind in UNSEEN:
            return
        one = Seen(known["name"], kind, known.get("value", ""), numeric="inputmode" in known)
        if kind in ("checkbox", "radio"):
            one.value, one.is_on = known.get("value", "on"), "checked" in known
        if kind == "radio":
            one = self._joined(one)
        if not any(one is other for other in self.inside.seen):
            self.inside.seen.append(one)
        self.area = one if tag == "textarea" else None
        self.select = one if tag == "select" else None

    def _joined(self, button: Seen) -> Seen:
        assert self.inside is not None
        known = (one for one in self.inside.seen if (one.name, one.kind) == (button.name, "radio"))
        field = next(known, button)
        field.options.append(button.value)
        if button.is_on:
            field.value, field.is_on = button.value, True
        return field

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.area.value += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self.area is not None:
            self.area.value = self.area.value.removeprefix("\r\n").removeprefix("\n")  # as browsers drop the first one
            self.area = None
        elif tag == "select":
            self.select = None
        elif tag == "form":
            self.inside = None


def forms_on(page: str) -> list[FormOnPage]:
    reader = _Reader()
    reader.feed(page)
    return reader.forms
