"""The demo clinic's post office."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ibolit.services.demo_outbox import DemoMessage, DemoOutbox


def letter(text: str) -> DemoMessage:
    return DemoMessage("sms", "+79160000001", "", text, "2030-01-01T00:00:00+00:00")


def test_nothing_was_sent_yet(tmp_path: Path) -> None:
    assert DemoOutbox(tmp_path / "not there yet").latest() == []


def test_newest_is_on_top_and_old_ones_are_left_out(tmp_path: Path) -> None:
    outbox = DemoOutbox(tmp_path)
    for number in range(5):
        outbox.put(letter(str(number)))
    assert [one.text for one in outbox.latest(3)] == ["4", "3", "2"]


@pytest.mark.parametrize("text", ["две\nстроки", '"кавычки"', "\u2028 \x0b \x85 \x1c", "\U0001f600", ""])
def test_any_text_comes_back(tmp_path: Path, text: str) -> None:
    DemoOutbox(tmp_path).put(letter(text))
    assert [one.text for one in DemoOutbox(tmp_path).latest()] == [text]


def test_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    texts = [f"{number} " + "я" * 3000 for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: DemoOutbox(tmp_path).put(letter(text)), texts))
    assert sorted(one.text for one in DemoOutbox(tmp_path).latest()) == sorted(texts)
