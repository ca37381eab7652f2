"""Russian words: one stemming for the index and the query."""

from __future__ import annotations

import pytest

from ibolit.normalization import normalised
from ibolit.services.search import stemmed, stems


@pytest.mark.parametrize(
    "forms",
    [
        "кардиолог кардиолога кардиологом кардиологи",
        "головная головной головных",
        "боль боли болей болями",
        "ёжик ежик Ёжиков ЕЖИКУ",
        "таблетка таблетки таблетками",
        "D3 d3",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len(set(stems(forms))) == 1


def test_words_are_cut_at_everything_else() -> None:
    assert stems("давление:150/95,пульс–70!") == [*stems("давление 150 95 пульс 70")]
    assert stems("…?! —") == []
    assert stemmed("Болит ГОЛОВА") == " ".join(stems("болит голова"))


def test_yo_is_ye_and_capitals_are_small() -> None:
    assert normalised("ЁЛКИНА Алёна") == "елкина алена"
