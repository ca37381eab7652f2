"""What is printed anywhere in the tests holds no word of a person: nothing written, no name, phone, address or link.

Our own lines are English, so a Russian word is somebody's. The lines of every test are heard in its process, and those
of a live clinic are read when it has stopped; what a test does to make things break is heard all the same.
"""

from __future__ import annotations

import copy
import logging
import re
from collections.abc import Iterator

import pytest

from ibolit import faults

SOMEBODYS = re.compile(
    r"[а-яё]{2,}"  # words and names
    r"|(?<!\w)[78]?[ (-]{0,2}9\d{2}[ )-]{0,2}\d{3}[ -]?\d{2}[ -]?\d{2}(?!\w)"  # phones
    r"|[\w.+-]+@[\w-]+\.\w+"
    r"|/(?:i|n|payments/return)/[\w-]{6,}|token=\w"  # whoever has it may come in by it
    r"|\[parameters|Traceback \(most",
    re.IGNORECASE,
)
# bin/run greets who tries the demo with its people and their password.
BANKS = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # its names for payments, which may look like a phone
GREETING = re.compile(r"iBolit, the demo clinic:.*?Stop with Ctrl\+C\.", re.DOTALL)


def overheard(log: str) -> list[str]:
    return [line for line in BANKS.sub("", GREETING.sub("", log)).splitlines() if SOMEBODYS.search(line)]


class Ear(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(faults.WithoutWords(faults.FORMAT))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines += overheard(self.format(copy.copy(record)))


EAR = Ear()
logging.getLogger().addHandler(EAR)


@pytest.fixture(autouse=True)
def nobody_is_overheard() -> Iterator[None]:
    yield
    told, EAR.lines = EAR.lines, []
    assert told == []
