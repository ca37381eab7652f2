"""What people type into any form, made fit to keep."""

from __future__ import annotations


def squeezed(value: str | None) -> str | None:
    """One line of what can be seen: no NUL, which PostgreSQL refuses, and nothing that turns the text around."""
    return " ".join("".join(one for one in value if one.isprintable() or one.isspace()).split()) if value else value
