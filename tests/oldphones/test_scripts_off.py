"""The patient's whole way with scripts off, in today's Chromium: links and forms only."""

from __future__ import annotations

import pytest
from oldphones.walked import PLAIN, walk

pytestmark = [pytest.mark.oldphones, pytest.mark.long]  # journeys without scripts stand beside each journey


def test_patient_s_whole_way_without_scripts(tmp_path):
    told, _ = walk("chromium", tmp_path, PLAIN, scripts=False)
    assert told.startswith("PASS"), told
