"""The clock that stands still, for rules with an exact minute."""

from __future__ import annotations

import pytest
from consultation_steps import NOON, StillClock

from ibolit.services import clock


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> StillClock:
    """The clinic's clock stands at noon."""
    stands = StillClock(NOON)
    monkeypatch.setattr(clock, "datetime", stands)
    return stands
