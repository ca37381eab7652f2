"""What every template keeps: nothing inline that the policy forbids, and a visit that works without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import UndefinedError, meta, nodes

TEMPLATES = Path(__file__).resolve().parents[1] / "ibolit" / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))

LONGEST_LINE = 160  # characters

VALUE = "\N{LEFT BLACK LENTICULAR BRACKET}"  # stands for whatever {{ … }} would print
EVALUATED = re.compile(r"\s*(js|javascript):", re.IGNORECASE)
COMMENT = re.compile(r"{#.*?#}", re.DOTALL)
STATEMENT = re.compile(r"{%.*?%}", re.DOTALL)
PRINTED = re.compile(r"{{.*?}}", re.DOTALL)


class Tags(HTMLParser):
    """The tags of a template, with all branches of its conditions at once."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.found: list[tuple[int, str, dict[str, str]]] = []
        self.headings_in_spans: list[int] = []
        self._spans = 0
        html = COMMENT.sub(newlines_of, source)
        html = STATEMENT.sub(newlines_of, html)
        self.html = PRINTED.sub(lambda match: VALUE + newlines_of(match), html)
        self.feed(self.html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((self.getpos()[0], tag, {name: value or "" for name, value in attrs}))
        self._spans += tag == "span"
        if self._spans and re.fullmatch("h[1-6]", tag):
            self.headings_in_spans.append(self.getpos()[0])

    def handle_endtag(self, tag: str) -> None:
        self._spans -= tag == "span"


def newlines_of(match: re.Match[str]) -> str:
    """So that line numbers stay true."""
    return "\n" * match.group().count("\n") or " "


def complaints(source: str) -> Iterator[str]:
    tags = Tags(source)
    for line, tag, attributes in tags.found:
        for why in [*forbidden_inline(tag, attributes), *useless_without_scripts(tag, attributes)]:
            yield f"{line}: <{tag}> {why}"
    yield from unguarded_values(source, tags.html)
    yield from invalid(source, tags)
    for line, form in forms_of(source):
        posts = re.search(r"method=[\"']?post", form, re.IGNORECASE)
        if posts and not re.search(r"csrf|forms\.edits|hidden_tag", form):
            yield f"{line}: <form> posts without a CSRF token"


def forbidden_inline(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    if tag == "link" and attributes.get("rel") == "prefetch":
        yield "is refused by Firefox, which holds it against default-src"
    if tag == "style" or (tag == "script" and not attributes.get("src")):
        yield "stands inline"
    for name, value in attributes.items():
        name = name.removeprefix("data-")
        if name.startswith(("on", "hx-on")) or name in ("style", "hx-vars"):
            yield f"has {name}="
        if name in ("href", "action", "src", "hx-vals", "hx-headers", "hx-request") and EVALUATED.match(value):
            yield f"has code in {name}="
        if name == "hx-trigger" and re.search(r"\[|\bintersect\b", value):
            yield "has a filter in hx-trigger= (evaluated), or intersect (missing in old phones)"


def useless_without_scripts(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    if tag == "form" and not attributes.get("action"):
        yield "has no action="
    if tag == "form" and attributes.get("method", "").lower() not in ("get", "post"):
        yield "has no method=get or post"
    if tag == "a" and not attributes.get("href"):
        yield "has no href="
    if tag == "button" and attributes.get("type") not in ("submit", "button", "reset"):
        yield "has no type="


def unguarded_values(source: str, html: str) -> Iterator[str]:
    for number, line in enumerate(html.splitlines(), 1):
        if re.search(rf"<[^>]*\s[\w-]+={VALUE}", line):
            yield f"{number}: a printed value stands in an attribute without quotes"
    lines = source.splitlines()
    for number, line in enumerate(lines, 1):
        explained = "{#" in line or (number > 1 and "{#" in lines[number - 2])
        if re.search(r"\|\s*safe\b|\bautoescape\s+false\b", COMMENT.sub("", line)) and not explained:
            yield f"{number}: |safe without a comment that says why it is"


def invalid(source: str, tags: Tags) -> Iterator[str]:
    """What W3C's checker has found once (tests/test_valid_html.py asks it, where Java is)."""
    for number, line in enumerate(source.splitlines(), 1):
        if re.search(r"""datetime="{{[^}]*isoformat\(\)""", line):
            yield f"{number}: a moment with microseconds"
        if re.search(
            r"""type="(date|time|datetime-local)"[^}]*placeholder=|placeholder=[^}]*type="(date|time)""", line
        ):
            yield f"{number}: a placeholder on a field that draws its own"
        if re.search(r"""content="[^"]*;url=""", line):
            yield f"{number}: no space before the address"
    yield from (f"{line}: a heading within <span>" for line in tags.headings_in_spans)


def forms_of(source: str) -> Iterator[tuple[int, str]]:
    for match in re.finditer(r"<form\b.*?(</form>|\Z)", source, re.DOTALL):
        yield source.count("\n", 0, match.start()) + 1, match.group()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(TEMPLATES)))
def test_template_keeps_the_rules(page):
    assert list(complaints(page.read_text())) == []


def test_there_are_templates():
    assert len(PAGES) > 20


@pytest.mark.parametrize(
    "source",
    [
        '<link rel="prefetch" href="/a.css">',
        "<script>go()</script>",
        "<style>a { color: red }</style>",
        '<p onclick="go()">',
        '<p style="color: red">',
        '<p hx-on:click="go()">',
        '<p data-hx-on="click: go()">',
        '<p hx-vals="js:{a: go()}">',
        '<p hx-trigger="click[ctrlKey]">',
        '<p hx-trigger="intersect once">',
        '<form method="post">{{ csrf() }}</form>',
        '<form action="{{ here }}">',
        '<form method="post" action="/here"></form>',
        "<a>{{ name }}</a>",
        '<a href="javascript:go()">',
        "<button>Дальше</button>",
        "<p title={{ name }}>",
        "{{ name|safe }}",
        '<time datetime="{{ sent_at.isoformat() }}">',
        '{{ forms.field(form.day, type="date", placeholder="25.11.2026") }}',
        "<span class='names'>{% if a %}<b>{{ a }}</b>{% endif %}<h1>{{ name }}</h1></span>",
        '<meta http-equiv="refresh" content="0;url={{ there }}">',
    ],
)
def test_what_is_refused(source):
    assert len(list(complaints(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        '<script src="{{ assets.js }}" defer></script>',
        '<p class="a{{ " b" if c }}"{% if d %} title="{{ e|e }}"{% endif %}{{ " hidden" if f }}>',
        """<p hx-vals='{"a": "{{ b }}"}' hx-trigger="revealed, every 60s, input changed delay:250ms from:#q">""",
        '<form method="post" action="{{ here }}">{{ forms.csrf() }}<button type="submit">Дальше</button></form>',
        '<form method="get" action="/doctors"></form>',
        "{# ours, escaped by the filter #}\n{{ text|linked|safe }}",
    ],
)
def test_what_is_let_pass(source):
    assert list(complaints(source)) == []


ICON = re.compile(r"""\bicon\(['"]([\w-]+)['"]|\bdraw\(\w+, ['"]([\w-]+)['"]""")


def test_every_icon_is_drawn() -> None:
    sources = [*PAGES, *(TEMPLATES.parent / "static" / "js").rglob("*.js")]
    named = {one or other for path in sources for one, other in ICON.findall(path.read_text())}
    drawn = set(re.findall(r'<symbol id="i-([\w-]+)"', (TEMPLATES.parent / "static/icons/sprite.svg").read_text()))
    assert len(named) > 30
    assert named <= drawn, named - drawn


@pytest.mark.parametrize("suffix", ["html", "txt"])
def test_no_line_is_longer_than_a_screen(suffix: str) -> None:
    sources = sorted(TEMPLATES.rglob(f"*.{suffix}"))
    lines = [(path, number, line) for path in sources for number, line in enumerate(path.read_text().splitlines(), 1)]
    assert len(lines) > 50
    assert [f"{path.name}:{number} has {len(line)}" for path, number, line in lines if len(line) > LONGEST_LINE] == []


SOURCES = sorted(path for path in TEMPLATES.rglob("*") if path.suffix in (".html", ".txt"))
# How long a list is, and how it is cut: no rule of the clinic's.
COUNTED = {
    "fragments/account/devices.html": 1,
    "fragments/badge.html": 1,
    "fragments/invitations/import.html": 3,
    "fragments/messages/row.html": 1,
    "fragments/operator/sms.html": 2,
    "fragments/patients/gift.html": 1,
}
OF_THE_REQUEST = {"config", "current_user", "g", "request", "session"}


WRITTEN = re.compile(r"[А-Яа-яЁё«»№,:;–— -]+")  # a run of words, whatever markup ends it
LETTERS_AND_PUSHES = ("mail", "sms", "push")  # a letter is written twice, as HTML and as text


def phrases(source: str) -> set[str]:
    """Four words and more that stand together."""
    words = re.sub(r"\s+", " ", re.sub(r"{#.*?#}", "", source, flags=re.DOTALL))
    runs = (run.strip(" ,:;–—-") for run in WRITTEN.findall(words))
    return {run for run in runs if len(run.split()) >= 4}


def test_phrase_stands_once() -> None:
    """What two screens say in the same words is named in macros/phrases.html: it changes there alone."""
    places: dict[str, list[str]] = {}
    for path in sorted(TEMPLATES.rglob("*.html")):
        is_past = path.parent.name == "documents" and re.search(r"-\d{4}-\d\d$", path.stem)  # it says what it said
        if path.relative_to(TEMPLATES).parts[0] not in LETTERS_AND_PUSHES and not is_past:
            for phrase in phrases(path.read_text()):
                places.setdefault(phrase, []).append(str(path.relative_to(TEMPLATES)))
    assert {phrase: where for phrase, where in places.items() if len(where) > 1} == {}


def test_what_a_phrase_is() -> None:
    assert phrases("<p>Врач сейчас\n  не принимает сообщения</p>{# Врач сейчас не принимает ничего #}") == {
        "Врач сейчас не принимает сообщения"
    }
    assert phrases("{{ 'Выберите тариф, чтобы написать' }}. Не сейчас") == {"Выберите тариф, чтобы написать"}


def outer_names(app: Flask, source: str) -> Iterator[str]:
    """What the macros of a template use beside their arguments, each other, and what the template imports or sets."""
    tree = app.jinja_env.parse(source)
    known = {macro.name for macro in tree.find_all(nodes.Macro)} | {one.target for one in tree.find_all(nodes.Import)}
    for imported in tree.find_all(nodes.FromImport):
        known |= {name if isinstance(name, str) else name[1] for name in imported.names}
    known |= {target.name for one in tree.body if isinstance(one, nodes.Assign) for target in one.find_all(nodes.Name)}
    for macro in tree.find_all(nodes.Macro):
        used = meta.find_undeclared_variables(nodes.Template([macro]).set_environment(app.jinja_env))
        yield from (f"{macro.name}: {name}" for name in sorted(used - known - set(app.jinja_env.globals)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_macro_is_given_what_it_needs(app: Flask, path: Path) -> None:
    assert list(outer_names(app, path.read_text())) == []
    assert not re.search(r"\bwith context\b", COMMENT.sub("", path.read_text()))


def test_what_a_macro_may_not_reach(app: Flask) -> None:
    source = "{% from 'a.html' import b %}{% macro one(c) %}{{ b(c, url_for('d'), viewer.zone) }}{% endmacro %}{{ e }}"
    assert list(outer_names(app, source)) == ["one: viewer"]


@pytest.mark.parametrize(
    "path",
    [path for path in SOURCES if path.relative_to(TEMPLATES).parts[0] not in ("layouts", "pages")],
    ids=lambda path: str(path.relative_to(TEMPLATES)),
)
def test_only_pages_know_the_request(app: Flask, path: Path) -> None:
    """A socket and the worker draw fragments as well, for a `viewer` whom they name."""
    names = {name.name for name in app.jinja_env.parse(path.read_text()).find_all(nodes.Name)}
    assert names & OF_THE_REQUEST == set()


def decided_here(app: Flask, source: str) -> Iterator[int]:
    """Lines that compare by size or age, or put a rule together of a word and something else: a model is asked."""
    tree = app.jinja_env.parse(source)
    for compared in tree.find_all(nodes.Compare):
        if any(operand.op in ("lt", "gt", "lteq", "gteq") for operand in compared.ops):
            yield compared.lineno
    for joined in tree.find_all((nodes.And, nodes.Or)):
        if any(_is_word(one.node if isinstance(one, nodes.Not) else one) for one in (joined.left, joined.right)):
            yield joined.lineno
    for call in tree.find_all(nodes.Filter):
        if call.name in ("selectattr", "sum"):
            yield call.lineno


def _is_word(node: nodes.Node) -> bool:
    """A comparison with words that stand in the template."""
    told = [operand.expr for operand in node.ops] if isinstance(node, nodes.Compare) else []
    return any(
        isinstance(expr, nodes.Tuple) or (isinstance(expr, nodes.Const) and isinstance(expr.value, str))
        for expr in told
    )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_template_words_what_models_decide(app: Flask, path: Path) -> None:
    found = list(decided_here(app, path.read_text()))
    assert len(found) <= COUNTED.get(str(path.relative_to(TEMPLATES)), 0), found


@pytest.mark.parametrize(
    "source",
    [
        "{% if one.ends_at < now() %}{% endif %}",
        "{% if one.state == 'paid' and one.page %}{% endif %}",
        "{% if one.page or one.state not in ('paid', 'late') %}{% endif %}",
        "{{ all|selectattr('paid')|list }}",
        "{{ all|sum(attribute='amount') }}",
    ],
)
def test_what_a_template_may_not_decide(app: Flask, source: str) -> None:
    assert len(list(decided_here(app, source))) == 1


@pytest.mark.parametrize("source", ["{{ no_such }}", "{% if no_such %}{% endif %}", "{{ [1].no_such }}"])
def test_unknown_name_is_an_error(app: Flask, source: str) -> None:
    with pytest.raises(UndefinedError):
        app.jinja_env.from_string(source).render()
