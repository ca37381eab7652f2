"""What htmx is told of one element holds for that one: nothing but the CSRF header reaches those inside it.

htmx hands most of its attributes down. A form's `hx-disabled-elt="find button"` then holds for the field in it that
asks by itself, finds no button there, and no request leaves. The templates are read as they are put together, with
what they include and the macros they call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser

import pytest
from test_templates import COMMENT, PAGES, PRINTED, STATEMENT, TEMPLATES, VALUE

ASKS = {"hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete"}
STAYS = ASKS | {"hx-trigger", "hx-disinherit", "hx-preserve", "hx-swap-oob", "hx-validate", "hx-history-elt"}
MERGED = {"hx-headers", "hx-vals", "hx-ext"}  # handed down whatever is said against it
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
INCLUDED = re.compile(r"{%-?\s*include\s+\"([^\"]+)\"(.*?)%}")
MACRO = re.compile(r"{%-?\s*macro\s+(\w+)\(.*?%}(.*?){%-?\s*endmacro\s*-?%}", re.DOTALL)
CALLED = re.compile(r"{(?:{|%-?\s*call\b)\s*(?:\w+\.)?(\w+)\(.*?[%}]}", re.DOTALL)

Element = tuple[str, dict[str, str]]


class Asking(HTMLParser):
    """Every element that asks the server, with those around it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.around: list[Element] = []
        self.found: list[tuple[Element, list[Element]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = tag, {name.removeprefix("data-"): value or "" for name, value in attrs}
        if ASKS & element[1].keys():
            self.found.append((element, list(self.around)))
        if tag not in VOID:
            self.around.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """What only one branch of a condition opened is closed with what stands around it."""
        names = [name for name, _ in self.around]
        if tag in names:
            del self.around[len(names) - 1 - names[::-1].index(tag) :]


def complaints(source: str) -> Iterator[str]:
    html = PRINTED.sub(VALUE, STATEMENT.sub(" ", put_together(source)))
    for (tag, own), around in Asking(html).found:
        for outer, attributes in around:
            for name in sorted(handed_down(attributes) - (own.keys() - MERGED)):
                yield f"<{tag} {' '.join(ASKS & own.keys())}> inherits {name} of the <{outer}> around it"


def handed_down(attributes: dict[str, str]) -> set[str]:
    kept = set(attributes.get("hx-disinherit", "").split()) - MERGED
    return {name for name in attributes if name.startswith("hx-")} - STAYS - kept


def put_together(source: str, depth: int = 0) -> str:
    assert depth < 20, "templates include each other"
    source = MACRO.sub("", COMMENT.sub("", source))
    source = CALLED.sub(lambda found: put_together(macros().get(found[1], VALUE), depth + 1), source)
    return INCLUDED.sub(lambda found: put_together(included(found[1], found[2]), depth + 1), source)


def included(name: str, rest: str) -> str:
    """Of a name that is put together when the page is drawn, all that it may be."""
    if "~" not in rest:
        return (TEMPLATES / name).read_text()
    return "".join(page.read_text() for page in sorted((TEMPLATES / name).glob("*.html")))


@cache
def macros() -> dict[str, str]:
    return {name: body for page in PAGES for name, body in MACRO.findall(COMMENT.sub("", page.read_text()))}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TEMPLATES)))
def test_nothing_is_handed_down(page):
    assert list(complaints(page.read_text())) == []


def test_the_page_itself_hands_down_the_csrf_header_alone():
    layouts = "".join(page.read_text() for page in PAGES if page.parent.name == "layouts")
    blocks = re.findall(r"body_attributes %}(.*?){% endblock %}", layouts, re.DOTALL)
    blocks += [
        found for page in PAGES for found in re.findall(r"block body_attributes %}(.*?){%", page.read_text(), re.DOTALL)
    ]
    assert set(re.findall(r"[\s\"'}](hx-[\w-]+)=", " ".join(blocks))) == {"hx-headers"}


@pytest.mark.parametrize(
    "source",
    [
        '<form hx-post="/a" hx-disabled-elt="find button"><div><input><p hx-get="/b"></p></div></form>',
        '<div hx-target="#a">{% if b %}<a hx-get="/a">{% endif %}</a></div>',
        '<ul data-hx-swap="outerHTML"><li hx-get="/a" hx-target="#b"></li></ul>',
        '<section hx-vals="{}"><a hx-get="/a" hx-vals="{}"></a></section>',
        '<section hx-ext="ws" hx-disinherit="hx-ext"><a hx-get="/a"></a></section>',
        '<section hx-confirm="?">{% include "fragments/account/zone.html" %}</section>',
        """<section hx-confirm="?">{{ action_button("a", 1, "b", 2, "c", "#d", "e") }}</section>""",
    ],
)
def test_what_is_handed_down_is_found(source):
    assert len(list(complaints(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        '<form hx-post="/a" hx-disabled-elt="find button"><input></form><a hx-get="/a"></a>',
        '<form hx-post="/a" hx-target="#a"><a hx-get="/b" hx-target="#b"></a></form>',
        '<form hx-post="/a" hx-disinherit="hx-swap" hx-swap="none" hx-trigger="load"><a hx-get="/b"></a></form>',
    ],
)
def test_what_stays_is_let_pass(source):
    assert list(complaints(source)) == []
