"""HTML in lines that can be compared: one tag or text a line, white space folded, what chance has made left out.

Two folders of such texts are compared under a list of names that have changed between them, a line each:

    .talk__* .consultation__*        a class, in class= and wherever an attribute names it as a selector
    #old #new                        an id, wherever an attribute names it
    data-turns-at data-changes-at    an attribute
    data-behaviour=turn card-refresh a word of an attribute's value
    /pattern/ replacement            a regular expression over whole lines, for what none of these says
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

CHANCE = (
    (re.compile(r"\.[0-9a-f]{12}\.(css|js|png|svg)"), r".~.\1"),  # an asset's content
    (re.compile(r'(?<=data-version=")[0-9a-f]{12}'), "~"),  # that of all of them
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "~"),
    (re.compile(r"(?<![\w/.-])[\w-]{16,}\.[\w-]{5,8}\.[\w-]{20,}"), "~"),  # signed by itsdangerous
    (re.compile(r"\b[0-9a-f]{24,64}\b"), "~"),
    (re.compile(r"\b(?=[a-z2-7]*[2-7])[a-z2-7]{24}\b"), "~"),
    (re.compile(r"(token=)[\w.-]{20,}"), r"\1~"),
    (re.compile(r"(?<=nonce-)[\w+/=-]{16,}"), "~"),
    (re.compile(r"\b(код |Код |@[\w.]+ #)\d{6}\b"), r"\1~"),
    (re.compile(r'(?<=class="qrline" d=")[^"]+'), "~"),
    (re.compile(r'(?<=data-behaviour="push" data-key=")[^"]+'), "~"),  # the clinic's own
    (re.compile(r"(Код ошибки \d{3}[^\w]+)\w{6,}"), r"\1~"),
)
CLASS_GIVEN = re.compile(r'(?<= class=")[^"]*')
ID_GIVEN = re.compile(r'(?:(?<= id=")|(?<= for=")|(?<=-controls=")|(?<=-labelledby=")|(?<=-describedby="))[^"]*')
VOID = {"input", "img", "br", "hr", "meta", "link", "source", "path", "use", "circle", "rect"}


class _Lines(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = [_attribute(name, value) for name, value in sorted(attrs, key=lambda one: one[0])]
        self.lines.append(f"<{' '.join([tag, *told])}>")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.lines.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if words := " ".join(data.split()):
            self.lines.append(words)


def _attribute(name: str, value: str | None) -> str:
    if value is None:
        return name
    words = sorted(set(value.split())) if name == "class" else value.split()
    return f'{name}="{" ".join(words)}"'


def lines_of(html: str) -> list[str]:
    reader = _Lines()
    reader.feed(html)
    reader.close()
    return [without_chance(line) for line in reader.lines]


def without_chance(line: str) -> str:
    for pattern, instead in CHANCE:
        line = pattern.sub(instead, line)
    return line


def words_of(body: str, mimetype: str) -> list[str]:
    """Of an answer of any kind that can be read."""
    if mimetype == "application/json":
        return [without_chance(json.dumps(json.loads(body or "null"), ensure_ascii=False, sort_keys=True))]
    if mimetype == "text/html":
        return lines_of(body)
    return [without_chance(" ".join(line.split())) for line in body.splitlines() if line.strip()]


Rule = Callable[[str], str]


@dataclass
class Renamed:
    """What is called otherwise in the newer folder."""

    rules: list[Rule] = field(default_factory=list)

    @classmethod
    def read(cls, *paths: Path) -> Renamed:
        lines = [line.strip() for path in paths for line in path.read_text().splitlines()]
        return cls([_rule(line) for line in lines if line and not line.startswith(("# ", "//"))])

    def apply(self, line: str) -> str:
        for rule in self.rules:
            line = rule(line)
        return _sorted_classes(line)


def _rule(line: str) -> Rule:
    if line.startswith("/"):
        pattern, _, instead = line[1:].partition("/ ")
        return partial(re.compile(pattern.removesuffix("/")).sub, instead)
    old, new = line.split()
    if "=" in old:
        name, _, old = old.partition("=")
        return partial(_within, re.compile(rf'(?<=[ ]{re.escape(name)}=")[^"]*'), *_word(old, new.rpartition("=")[2]))
    if old[0] == "#":
        return _named(ID_GIVEN, *_word(old[1:], new.lstrip("#")), "#")
    if old[0] == ".":
        return _named(CLASS_GIVEN, *_word(old[1:], new.lstrip(".")), ".")
    return partial(re.compile(rf"(?<=\s){re.escape(old)}(?=[=\s>])").sub, new)


def _named(given: re.Pattern[str], word: re.Pattern[str], new: str, sign: str) -> Rule:
    """As a word of such an attribute, and as a selector behind its sign."""
    selector = re.compile(rf"(?<={re.escape(sign)}){word.pattern}")
    return lambda line: selector.sub(new, _within(given, word, new, line))


def _within(given: re.Pattern[str], word: re.Pattern[str], new: str, line: str) -> str:
    return given.sub(lambda value: word.sub(new, value[0]), line)


def _word(old: str, new: str) -> tuple[re.Pattern[str], str]:
    """A `*` at the end of both stands for what follows."""
    if old.endswith("*"):
        return re.compile(rf"(?<![\w-]){re.escape(old[:-1])}([\w-]*)"), rf"{new[:-1]}\1"
    return re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])"), new


def _sorted_classes(line: str) -> str:
    return CLASS_GIVEN.sub(lambda found: " ".join(sorted(set(found[0].split()))), line)


@dataclass(frozen=True)
class Difference:
    before: tuple[str, ...]
    after: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join([*(f"  - {line}" for line in self.before), *(f"  + {line}" for line in self.after)])


def compare(before: Path, after: Path, renamed: Renamed) -> dict[Difference, list[str]]:
    """What differs, and in which files; the same difference of many files stands once."""
    found: defaultdict[Difference, list[str]] = defaultdict(list)
    names = {path.relative_to(folder).as_posix() for folder in (before, after) for path in folder.rglob("*.txt")}
    for name in sorted(names):
        for difference in _differences(before / name, after / name, renamed):
            found[difference].append(name)
    return dict(found)


def _differences(before: Path, after: Path, renamed: Renamed) -> list[Difference]:
    if not (before.exists() and after.exists()):
        return [Difference(("the file",), ()) if before.exists() else Difference((), ("the file",))]
    old = [renamed.apply(without_chance(line)) for line in before.read_text().splitlines()]
    new = [_sorted_classes(without_chance(line)) for line in after.read_text().splitlines()]
    if old == new:
        return []
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [Difference(tuple(old[a:b]), tuple(new[c:d])) for kind, a, b, c, d in steps if kind != "equal"]
