"""Reads the list: classes of words, rules of each group, and what takes away their meaning (words.txt says how)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

GROUPS = (
    "chest_pain",
    "stroke",
    "bleeding",
    "anaphylaxis",
    "suicide",
    "child_seizures",
    "poisoning",
    "head_injury",
    "pregnancy_bleeding",
    "acute_abdomen",
    "infant_fever",
    "unconscious",
)
PATTERN = re.compile(r"[a-z\u0430-\u044f]+[*~]?|\d+-\d+|\d+")
NAME = re.compile(r"[a-z\u0430-\u044f]+")
SCOPE = re.compile(r"!(before|after) ([1-9])|!(inside|clause|sentence)|!(diagnosis) ([1-9])")
MOST_RULES = 200

Phrase = tuple[tuple[int, ...], bool]  # classes in their order, and whether it names a diagnosis


class WordsUnreadable(Exception):
    """A line of the list says nothing; `line` is its number."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


@dataclass
class ListOfWords:
    """Everything by numbers, as it is packed for the browser."""

    classes: list[str] = field(default_factory=list)  # patterns of each, separated by spaces
    phrases: list[Phrase] = field(default_factory=list)
    rules: list[tuple[int, list[list[int]]]] = field(default_factory=list)  # group, and phrases of each item
    scopes: list[tuple[str, int, list[int]]] = field(default_factory=list)  # where, how many words away, phrases
    _names: dict[str, int] = field(default_factory=dict)
    _known: dict[Phrase, int] = field(default_factory=dict)

    def add(self, text: str, *, only_rules: bool = False) -> int:
        """How many rules were added. Raises WordsUnreadable; `only_rules` takes no class and no scope."""
        group, before = -1, len(self.rules)
        for number, line in enumerate(_lines(text), 1):
            if not line:
                continue
            try:
                if line.startswith("["):
                    group = GROUPS.index(line.strip("[] "))
                elif "=" in line and not only_rules:
                    self._define(*(part.strip() for part in line.split("=", 1)))
                else:
                    self._add_rule(group, line)
            except ValueError:
                raise WordsUnreadable(number) from None
        return len(self.rules) - before

    def _define(self, name: str, said: str) -> None:
        if name.startswith("!"):
            found = SCOPE.fullmatch(name)
            if found is None:
                raise ValueError
            where = found[1] or found[3] or found[4]
            self.scopes.append((where, int(found[2] or found[5] or 0), self._item(said)))
        elif NAME.fullmatch(name):
            self._class(" ".join(said.split()), name)
        else:
            raise ValueError

    def _add_rule(self, group: int, line: str) -> None:
        if group < 0 or len(self.rules) >= MOST_RULES:
            raise ValueError
        self.rules.append((group, [self._item(item) for item in line.split(",")]))

    def _item(self, said: str) -> list[int]:
        return sorted({self._phrase(phrase.strip()) for phrase in said.split("|")})

    def _phrase(self, said: str) -> int:
        is_diagnosis = said.endswith("^")
        classes = tuple(self._class(word.strip()) for word in said.rstrip("^").split("+"))
        phrase = (classes, is_diagnosis)
        if phrase not in self._known:
            self._known[phrase] = len(self.phrases)
            self.phrases.append(phrase)
        return self._known[phrase]

    def _class(self, said: str, name: str = "") -> int:
        """A word stands for the class of this name, once there is one; else for itself."""
        if not name and said in self._names:
            return self._names[said]
        if not said or not all(PATTERN.fullmatch(one) for one in said.split()):
            raise ValueError
        self._names[name or said] = len(self.classes)
        self.classes.append(said)
        return self._names[name or said]


def read(text: str) -> ListOfWords:
    """Raises WordsUnreadable."""
    words = ListOfWords()
    words.add(text)
    return words


def _lines(text: str) -> list[str]:
    return [line.split("#", 1)[0].strip().lower().replace("ё", "е") for line in text.splitlines()]
