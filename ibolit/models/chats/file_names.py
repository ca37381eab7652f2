"""What a file is called: as its author called it, without tricks."""

from __future__ import annotations

import os
import re
import unicodedata

LONGEST = 200
CONTROL_CATEGORIES = {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"}  # categories of Unicode: controls and the like


def sanitize_filename(name: str) -> str:
    """Without folders, and without marks that turn writing round and make an exe look like a jpg."""
    name = re.split(r"[/\\]", name)[-1]
    kept = "".join(sign for sign in " ".join(name.split()) if unicodedata.category(sign) not in CONTROL_CATEGORIES)
    return shortened(kept.strip(". ")) or "Файл"


def shortened(name: str) -> str:
    """Its ending stays."""
    stem, ending = os.path.splitext(name)
    return stem[: LONGEST - len(ending)] + ending[:LONGEST]
