"""A doctor's desk, and what its patient meets, in the two oldest engines and with scripts off."""

from __future__ import annotations

import pytest
from oldphones.walked import DESK, PLAIN_DESK, walk

pytestmark = [pytest.mark.oldphones, pytest.mark.long]


@pytest.mark.parametrize("engine", ["webkit602", "chromium45"])
def test_desk_in_an_old_engine(tmp_path, engine):
    told, _ = walk(engine, tmp_path, DESK)
    assert told.startswith("PASS"), told


def test_desk_without_scripts(tmp_path):
    told, _ = walk("chromium45", tmp_path, PLAIN_DESK, scripts=False)
    assert told.startswith("PASS"), told
