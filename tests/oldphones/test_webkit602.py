"""The patient's whole way in WebKit of iOS 10. The engines' files walk side by side."""

from __future__ import annotations

import pytest
from oldphones.walked import walk

pytestmark = pytest.mark.oldphones


def test_patient_s_whole_way(tmp_path):
    told, _ = walk("webkit602", tmp_path)
    assert told.startswith("PASS"), told
