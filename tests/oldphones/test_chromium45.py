"""The patient's whole way in Chromium of Android 5 as sold. The engines' files walk side by side."""

from __future__ import annotations

import pytest
from oldphones.walked import walk

pytestmark = pytest.mark.oldphones


def test_patient_s_whole_way(tmp_path):
    told, _ = walk("chromium45", tmp_path)
    assert told.startswith("PASS"), told
