"""Everything in Russian that iBolit says: texts of templates, strings of Python and of scripts; comments left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

from jinja2 import Environment

ROOT = Path(__file__).parents[2]
CYRILLIC = re.compile("[А-Яа-яЁё]")
HERE = "\ufffc"  # stands where a template puts something in
TURN = "\ue000"  # stands where it goes one way or another: what follows is said in place of what went before
# What may have quotes in it: a comment, a string of any kind, a regular expression.
JS = re.compile(
    r"""//[^\n]* | /\*.*?\*/ | '(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*" | `(?:[^`\\]|\\.)*`
    | (?:(?<=[(,=:!&|?]\s)|(?<=[(!])) /(?![*/]) (?:[^/\\\n[]|\\.|\[[^\]]*\])+ /""",
    re.DOTALL | re.VERBOSE,
)


@dataclass(frozen=True)
class Said:
    path: str  # from the root of the repository
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words.strip()}"


def everything() -> Iterator[Said]:
    code = ROOT / "ibolit"
    for path in sorted(code.rglob("*.py")):
        yield from _of(path, _python(path.read_text()))
    for path in sorted((code / "templates").rglob("*.*")):
        yield from _of(path, _template(path.read_text(), is_html=path.suffix == ".html"))
    for path in sorted((code / "static").rglob("*.js")):
        if "vendor" not in path.parts:
            yield from _of(path, _script(path.read_text()))


def _of(path: Path, found: Iterator[tuple[int, str]]) -> Iterator[Said]:
    for line, words in found:
        if CYRILLIC.search(words):
            yield Said(str(path.relative_to(ROOT)), line, words)


def _python(source: str) -> Iterator[tuple[int, str]]:
    tree = ast.parse(source)
    left_out = {id(node) for node in _docstrings(tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(one) for one in node.values}
            yield (
                node.lineno,
                "".join(
                    str(getattr(one, "value", HERE)) if isinstance(one, ast.Constant) else HERE for one in node.values
                ),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.lineno, node.value


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _template(source: str, *, is_html: bool) -> Iterator[tuple[int, str]]:
    data = []
    for line, token, value in Environment(autoescape=True).lex(source):
        if token == "string":
            yield line, value[1:-1]
        if token == "data":
            data.append((line, value))
        elif token in ("variable_begin", "block_begin"):
            data.append((line, HERE if token == "variable_begin" else TURN))
    if is_html:
        yield from _Texts(data).found
    else:
        for part in "".join(value for _, value in data).split(TURN):
            yield from ((data[0][0], one) for one in part.split("\n"))


class _Texts(HTMLParser):
    """Texts between tags – what stands in one paragraph is one text – and attributes that are read."""

    INLINE = ("a", "b", "span", "i", "time", "wbr", "br")

    def __init__(self, data: list[tuple[int, str]]) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []
        self._at, self._text = 1, ""
        for self._line, value in data:
            self.feed(value)
        self._end()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.INLINE:
            self._end()
        self.found += [(self._line, part) for _, value in attrs for part in (value or "").split(TURN)]

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.INLINE:
            self._end()

    def handle_data(self, data: str) -> None:
        for number, part in enumerate(data.split(TURN)):
            if number:
                self._end()
            if not self._text:
                self._at = self._line
            self._text += re.sub(r"\s+", " ", part)

    def _end(self) -> None:
        if self._text.strip():
            self.found.append((self._at, self._text))
        self._text = ""


def _script(source: str) -> Iterator[tuple[int, str]]:
    for found in JS.finditer(source):
        text = found[0]
        if text[0] in "'\"`":
            yield source.count("\n", 0, found.start()) + 1, re.sub(r"\$\{[^}]*\}", HERE, text[1:-1])
