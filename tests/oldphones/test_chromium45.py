"""The patient's whole way in Chromium of Android 5 as it was sold. In a file of its own: the two engines walk at the same time."""

from __future__ import annotations

import pytest
from oldphones.walked import walk

pytestmark = pytest.mark.oldphones


def test_patient_s_whole_way(tmp_path):
    told, _ = walk("chromium45", tmp_path)
    assert told.startswith("PASS"), told
