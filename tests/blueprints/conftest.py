"""The clinic's socket, heard as a page hears it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from live_socket import Listen, listening


@pytest.fixture
def listen(clinic: Flask) -> Iterator[Listen]:
    with listening(clinic) as listen:
        yield listen
