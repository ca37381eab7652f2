"""Looks for the rules of a list in what somebody wrote. static/js/urgent-words.js does the same, step by step."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from .list_of_words import GROUPS, ListOfWords, read

OWN = Path(__file__).parent / "words.txt"
TOKEN = re.compile(r"\d+(?:[.,]\d+)?|[a-z\u0430-\u044f]+|[.!?;\u2026\n]+|[,:()\u2014\u2013]")
SENTENCE_ENDS = ".!?;\u2026\n"
CLAUSE_ENDS = SENTENCE_ENDS + ",:()\u2014\u2013"
GAP = 2  # words that may stand between those of a phrase
NEAR = 14  # words between the first and the last item of a rule
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")

Found = tuple[int, int, int]  # where a phrase begins and ends, and its number


class UrgentWords:
    """Answers are of the list alone: nothing is kept of what was asked."""

    def __init__(self, words: ListOfWords) -> None:
        self.words = words
        self._patterns = _by_first_sign(words.classes)
        self._phrases_from: dict[int, list[int]] = {}
        for number, (classes, _) in enumerate(words.phrases):
            self._phrases_from.setdefault(classes[0], []).append(number)
        self._rules_with: dict[int, list[int]] = {}
        for number, (_, items) in enumerate(words.rules):
            for phrase in {one for item in items for one in item}:
                self._rules_with.setdefault(phrase, []).append(number)
        self._masks = [_bits({*classes}) for classes, _ in words.phrases]
        self._heads = [[self._mask_of_heads(item) for item in items] for _, items in words.rules]
        self._rules_from: dict[int, list[int]] = {}
        for number, (_, items) in enumerate(words.rules):
            for head in {words.phrases[phrase][0][0] for phrase in items[0]}:
                self._rules_from.setdefault(head, []).append(number)
        self._any_first_head = _bits(self._rules_from)
        self._classes_of = lru_cache(maxsize=20_000)(self._look_up)
        self._mask_of = lru_cache(maxsize=20_000)(lambda token: _bits(self._classes_of(token)))

    def groups_in(self, text: str) -> tuple[str, ...]:
        """Of which emergencies it speaks, by the names of the groups; empty for almost all that is written."""
        tokens = TOKEN.findall(_plain(text))
        if not self._may_be_met(tokens):
            return ()
        classes = [*map(self._classes_of, tokens)]
        found = [one for one in self._phrases_in(classes, tokens) if one[2] in self._rules_with]
        met = self._groups_met(found)
        if not met:
            return ()
        standing = _Context(self, tokens, classes)
        return tuple(GROUPS[one] for one in self._groups_met([one for one in found if not standing.takes_away(one)]))

    def packed(self) -> str:
        """The whole list as JSON: what the script is given."""
        return _json({**_parts(self.words), "s": self.words.scopes, "g": GROUPS})

    def packed_beyond(self, less: UrgentWords) -> str:
        """What this list has after all of a shorter one: what a page with a clinic's own rules gives to the script."""
        more, known = _parts(self.words), _parts(less.words)
        return _json({name: more[name][len(known[name]) :] for name in more})

    def _may_be_met(self, tokens: Sequence[str]) -> bool:
        """Quickly no for almost everything: of each rule some item has no phrase whose words are all here."""
        mask = 0
        for one in map(self._mask_of, tokens):
            mask |= one
        begun = {rule for head in _numbers(mask & self._any_first_head) for rule in self._rules_from[head]}
        return any(self._has_all_words(rule, mask) for rule in begun)

    def _has_all_words(self, rule: int, mask: int) -> bool:
        if not all(mask & head for head in self._heads[rule]):
            return False
        wanted = self._masks
        return all(any(mask & wanted[one] == wanted[one] for one in item) for item in self.words.rules[rule][1])

    def _mask_of_heads(self, item: Sequence[int]) -> int:
        return _bits({self.words.phrases[phrase][0][0] for phrase in item})

    def _look_up(self, token: str) -> tuple[int, ...]:
        """The classes of a word."""
        patterns = self._patterns.get(_first_sign(token), ())
        return tuple(sorted({number for number, pattern in patterns if _fits(token, pattern)}))

    def _phrases_in(self, classes: Sequence[tuple[int, ...]], tokens: Sequence[str]) -> list[Found]:
        """In the order in which they begin."""
        found = []
        for start, known in enumerate(classes):
            for first in known:
                for number in self._phrases_from.get(first, ()):
                    end = self._end_of(number, start, classes, tokens)
                    if end >= 0:
                        found.append((start, end, number))
        return found

    def _end_of(self, number: int, start: int, classes: Sequence[tuple[int, ...]], tokens: Sequence[str]) -> int:
        """Where the phrase that begins here ends; -1 if it is none."""
        at = start
        for wanted in self.words.phrases[number][0][1:]:
            for step in range(1, GAP + 2):
                place = at + step
                if place >= len(tokens) or tokens[place][0] in CLAUSE_ENDS:
                    return -1
                if wanted in classes[place]:
                    at = place
                    break
            else:
                return -1
        return at

    def _groups_met(self, found: Sequence[Found]) -> list[int]:
        """Groups with a rule all of whose items stand near each other."""
        last: dict[int, int] = {}
        met: set[int] = set()
        for start, _, phrase in found:
            last[phrase] = start
            for number in self._rules_with[phrase]:
                group, items = self.words.rules[number]
                if group not in met and all(
                    any(start - last.get(one, -NEAR - 1) <= NEAR for one in item) for item in items
                ):
                    met.add(group)
        return sorted(met)


class _Context:
    """What stands around a phrase, and may take its meaning away: «не болит», «в прошлом году», «читала»."""

    def __init__(self, owner: UrgentWords, tokens: Sequence[str], classes: Sequence[tuple[int, ...]]) -> None:
        self._words, self._tokens = owner.words, tokens
        said = owner._phrases_in(classes, tokens)
        self._scopes = [
            (where, away, [one for one in said if one[2] in phrases]) for where, away, phrases in owner.words.scopes
        ]

    def takes_away(self, one: Found) -> bool:
        return any(self._reaches(where, away, said, one) for where, away, heard in self._scopes for said in heard)

    def _reaches(self, where: str, away: int, said: Found, one: Found) -> bool:
        (start, end, _), (classes, is_diagnosis) = one, self._words.phrases[one[2]]
        if where == "inside":
            return start < said[0] and said[1] < end and self._words.phrases[said[2]][0][0] not in classes
        ends = SENTENCE_ENDS if where == "sentence" else CLAUSE_ENDS
        if any(token[0] in ends for token in self._tokens[min(said[1], end) : max(said[0], start)]):
            return False
        if where in ("clause", "sentence"):
            return True
        distance = start - said[1] if said[1] < start else said[0] - end
        is_before = said[1] < start
        if where == "diagnosis":
            return is_diagnosis and 0 < distance <= away
        return 0 < distance <= away and is_before == (where == "before")


@cache
def words_of_program() -> UrgentWords:
    return UrgentWords(read(OWN.read_text(encoding="utf-8")))


@lru_cache(maxsize=4)
def words_with(additions: str) -> UrgentWords:
    """The program's and the clinic's rules. Raises WordsUnreadable."""
    words = read(OWN.read_text(encoding="utf-8"))
    words.add(additions, only_rules=True)
    return UrgentWords(words)


def _plain(text: str) -> str:
    """Lower case, ё as е, without what only says where a word may break; letters of two signs are one."""
    lower = text.lower().replace("ё", "е").replace("е\u0308", "е").replace("и\u0306", "й")
    return INVISIBLE.sub("", lower)


def _parts(words: ListOfWords) -> dict[str, list[Any]]:
    phrases = [[*classes, -1] if is_diagnosis else [*classes] for classes, is_diagnosis in words.phrases]
    return {"c": words.classes, "p": phrases, "r": words.rules}


def _json(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _bits(numbers: Iterable[int]) -> int:
    return sum(1 << number for number in numbers)


def _numbers(mask: int) -> list[int]:
    """Of the bits that are set."""
    numbers = []
    while mask:
        lowest = mask & -mask
        numbers.append(lowest.bit_length() - 1)
        mask ^= lowest
    return numbers


def _first_sign(token: str) -> str:
    return "0" if token[0].isdigit() else token[0]


def _by_first_sign(classes: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    known: dict[str, list[tuple[int, str]]] = {}
    for number, patterns in enumerate(classes):
        for pattern in patterns.split():
            known.setdefault(_first_sign(pattern), []).append((number, pattern))
    return known


def _fits(token: str, pattern: str) -> bool:
    if token[0].isdigit():  # and so does the pattern: they have the same first sign
        least, _, most = pattern.partition("-")
        return int(least) <= int(re.split("[.,]", token)[0]) <= int(most or least)
    word = pattern.rstrip("*~")
    if token.startswith(word):
        return len(word) < len(pattern) or token == word
    return pattern.endswith("~") and _is_nearly(token, word)


def _is_nearly(token: str, word: str) -> bool:
    """It begins like the word but for one letter that is wrong, missing, too many, or has changed places."""
    at = 0
    while at < len(word) and at < len(token) and token[at] == word[at]:
        at += 1
    if not 0 < at < len(word) - 1:
        return False
    rest = token[at:]
    return (
        rest[1:].startswith(word[at + 1 :])  # wrong
        or rest.startswith(word[at + 1 :])  # missing
        or rest[1:].startswith(word[at:])  # too many
        or (rest[1:2] == word[at] and rest[:1] == word[at + 1] and rest[2:].startswith(word[at + 2 :]))
    )
