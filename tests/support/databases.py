"""Which database the tests run on."""

from __future__ import annotations

import os

POSTGRES = os.environ.get("TEST_POSTGRES", "")  # the address of a server, or nothing for SQLite
