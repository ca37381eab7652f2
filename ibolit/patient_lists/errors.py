"""Why a file is no list."""

from __future__ import annotations


class NotAList(ValueError):
    """Its words are for whoever sent the file."""
