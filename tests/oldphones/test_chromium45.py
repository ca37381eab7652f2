"""The patient's way in Chromium of Android 5 as sold, to the end of the chat. The engines' files walk side by side.

Short runs walk on to the consultation in the other old engine only.
"""

from __future__ import annotations

import pytest
from long_tests import LONG
from oldphones.walked import WALKS, walk

pytestmark = pytest.mark.oldphones

TO_THE_CHAT = WALKS[: WALKS.index("chat") + 1]


def test_patient_s_way(tmp_path):
    told, _ = walk("chromium45", tmp_path, WALKS if LONG else TO_THE_CHAT)
    assert told.startswith("PASS"), told
