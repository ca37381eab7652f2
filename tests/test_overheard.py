"""The ear of all tests hears: each kind of a person's words, in a line of ours, of a library and of an error."""

from __future__ import annotations

import logging

import pytest
from overheard import EAR, overheard

QUIET = """2026-11-29 12:44:02,332 INFO ibolit.jobs.sending: SMS №89 sent
[2026-11-29 12:44:02 +0000] [1030925] [INFO] Listening at: http://127.0.0.1:40443 (1030925)
2026-11-29 12:44:02,332 ERROR ibolit: POST /chats/<int:id>/messages failed: the disk is full (OperationalError)
"""
GREETED = """  iBolit, the demo clinic:  http://127.0.0.1:1
  patients  +7 900 000-00-01
  Data: /tmp/clinic. Stop with Ctrl+C.
"""


@pytest.mark.parametrize(
    "words",
    ["болит", "Anna says: Привет", "+79167770011", "8 (916) 777-00-11", "9167770011", "anna@example.org",
     "GET /i/abcdef0123", "/profile/email/1?token=abc", "[parameters: ('x',)]", "Traceback (most recent call last):"],
)  # fmt: skip
def test_each_kind_is_heard(words: str) -> None:
    assert overheard(f"{QUIET}{words}\n{GREETED}") == [words]
    logging.getLogger("some.library").warning("it broke: %s", words)
    (line,) = EAR.lines
    assert line.endswith(words)
    EAR.lines.clear()


def test_what_is_nobodys_is_not() -> None:
    assert overheard(QUIET + GREETED) == []
    try:
        raise ValueError("болит")
    except ValueError:
        logging.getLogger("some.library").exception("it broke")
    assert EAR.lines == []
