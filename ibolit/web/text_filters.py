"""Filters for the text of forms: what may be stored, and what may be shown."""

from __future__ import annotations

import re
import secrets

from ..normalization import BLANK, composed, is_blank

# Nothing a keyboard types; PostgreSQL refuses NUL.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Made by the page with each form: the same one sent twice is one.
CLIENT_ID = re.compile(r"[A-Za-z0-9-]{8,40}")


def one_line(value: str | None) -> str | None:
    """One line of visible characters: no NUL, which PostgreSQL refuses, no direction marks."""
    if not value:
        return value
    seen = "".join(one for one in composed(value) if (one.isprintable() and one not in BLANK) or one.isspace())
    return " ".join(seen.split())


def clean_text(value: str | None) -> str | None:
    """Several lines, with CR LF as LF and without control characters; empty when nothing of it can be seen."""
    if not value:
        return value
    text = CONTROL.sub("", composed(value).replace("\r\n", "\n")).strip()
    return "" if is_blank(text) else text


def new_client_id() -> str:
    """For a form that is being rendered: two posts with one id are one action."""
    return secrets.token_hex(12)
