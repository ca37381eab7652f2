"""Words that speak of an emergency: the table of sentences, asked of the server's engine and of the browser's."""

from __future__ import annotations

import csv
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import brotli
import pytest

from ibolit.assets import Assets
from ibolit.urgent_words import GROUPS, UrgentWords, WordsUnreadable, read, words_of_program, words_with

HERE = Path(__file__).parent
BROWSER = HERE / "js" / "urgent_words.js"
LEAST = 120  # sentences of either kind
MOST_BYTES = 10 * 1024


@dataclass(frozen=True)
class Sentence:
    set: str
    group: str
    missed: str
    sentence: str

    def is_answered_by(self, groups: tuple[str, ...]) -> bool:
        return self.group in groups if self.group != "-" else not groups


with (HERE / "urgent" / "sentences.csv").open(encoding="utf-8", newline="") as table:
    SENTENCES = [Sentence(**row) for row in csv.DictReader(table, delimiter=";", quoting=csv.QUOTE_NONE)]


def asked_of_browser(words: UrgentWords, sentences: list[str], more: str = "{}") -> list[tuple[str, ...]]:
    lines = "\n".join([words.packed(), more, *(json.dumps(one) for one in sentences)])
    told = subprocess.run(["node", BROWSER], input=lines, capture_output=True, text=True, check=True, timeout=60)
    return [tuple(groups) for groups in json.loads(told.stdout)]


def test_table_is_long_enough_and_says_nothing_twice() -> None:
    speaking = [one.sentence for one in SENTENCES if one.group != "-"]
    assert len(speaking) >= LEAST
    assert len(SENTENCES) - len(speaking) >= LEAST
    assert len({one.sentence for one in SENTENCES}) == len(SENTENCES)
    assert {one.group for one in SENTENCES} == {*GROUPS, "-"}
    assert all(sum(one.group == group for one in SENTENCES) >= 12 for group in GROUPS)


def test_every_sentence_is_answered_as_the_table_says() -> None:
    """What is known to be missed is missed: a word that learns it takes the mark away."""
    words = words_of_program()
    wrong = [
        (one.group, words.groups_in(one.sentence), one.sentence)
        for one in SENTENCES
        if one.is_answered_by(words.groups_in(one.sentence)) is (one.missed == "yes")
    ]
    assert wrong == []


def test_few_are_missed() -> None:
    """Of those that were never looked at while the words were worked on, too."""
    for name, most in (("tuned", 0.01), ("held", 0.1)):
        own = [one for one in SENTENCES if one.set == name]
        for speaks in (True, False):
            kind = [one for one in own if (one.group != "-") is speaks]
            assert sum(one.missed == "yes" for one in kind) <= most * len(kind), (name, speaks)


def test_browser_answers_like_the_server() -> None:
    words = words_of_program()
    asked = [one.sentence for one in SENTENCES]
    asked += [sentence.upper() for sentence in asked[::5]]
    asked += [" ".join(SENTENCES[i + j].sentence for j in range(4)) for i in range(0, len(SENTENCES) - 4, 3)]
    asked += [
        "",
        " \n",
        "Ё" * 4000,
        "не " * 1300,
        "боль в груди " * 300,
        "38,9",
        "😀 боль\u00ad в гру\u200bди, одышка",
        "судоро\u0438\u0306",
    ]
    assert asked_of_browser(words, asked) == [words.groups_in(one) for one in asked]


def test_what_a_clinic_adds_holds_in_both() -> None:
    own = "# наше\n[poisoning]\nнюхал*, клей | краск*\n[stroke]\nкондрашк*\n"
    words, program = words_with(own), words_of_program()
    asked = ["Сын нюхал клей", "у бабушки кондрашка", "Клей высох", "мама без сознания"]
    expected = [("poisoning",), ("stroke",), (), ("unconscious",)]
    assert [words.groups_in(one) for one in asked] == expected
    assert asked_of_browser(program, asked, words.packed_beyond(program)) == expected
    assert [program.groups_in(one) for one in asked] == [(), (), (), ("unconscious",)]


def test_script_with_its_words_is_small() -> None:
    """It is fetched after the chat, compressed, and once."""
    assert len(brotli.compress(Assets().urgent.body, quality=11)) <= MOST_BYTES


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("боль, грудь", 1),
        ("[boredom]\nскука", 1),
        ("[stroke]\nинсульт!", 2),
        ("\n[stroke]\n\nинсульт,,", 4),
        ("[stroke]\n!before 3 = не", 2),
        ("[stroke]\nслово = инсульт", 2),
        ("[stroke]\n" + "инсульт\n" * 250, 0),
    ],
)
def test_line_that_cannot_be_read_is_named(text: str, line: int) -> None:
    """A clinic adds rules: it neither changes classes nor takes meanings away."""
    with pytest.raises(WordsUnreadable) as refused:
        words_with(text)
    assert not line or refused.value.line == line


def test_what_an_unknown_scope_is_called_is_an_error() -> None:
    with pytest.raises(WordsUnreadable):
        read("!somewhere 3 = не")
