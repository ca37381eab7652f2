"""Today's Firefox by its own recorder: in a chat, and beside a call. The engines' files walk side by side."""

from __future__ import annotations

import pytest
from oldphones.walked import SPOKEN, walk

pytestmark = [pytest.mark.oldphones, pytest.mark.long]


def test_what_is_spoken_in_firefox_arrives(tmp_path):
    told, _ = walk("firefox", tmp_path, SPOKEN)
    assert told.startswith("PASS"), told
