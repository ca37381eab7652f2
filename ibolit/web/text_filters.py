"""What people type into any form, made fit to keep."""

from __future__ import annotations

import re
import secrets

# Nothing a keyboard types; PostgreSQL refuses NUL.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Made by the page with each form: the same one sent twice is one.
CLIENT_ID = re.compile(r"[A-Za-z0-9-]{8,40}")


# Letters by their class, and nothing on the screen.
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


def one_line(value: str | None) -> str | None:
    """One line of what can be seen: no NUL, which PostgreSQL refuses, and nothing that turns the text around."""
    if not value:
        return value
    seen = "".join(one for one in value if (one.isprintable() and one not in BLANK) or one.isspace())
    return " ".join(seen.split())


def clean_text(value: str | None) -> str | None:
    """Lines as they were typed. Browsers send CR LF; one line break is one everywhere."""
    return CONTROL.sub("", value.replace("\r\n", "\n")).strip() if value else value


def new_client_id() -> str:
    """For a form that is being drawn: a press repeated with the same id is one deed."""
    return secrets.token_hex(12)
