"""Why a file is not taken; the words are those of `Unreadable` on the other side of the pipe."""

from __future__ import annotations


class DecodeRefused(Exception):
    UNKNOWN = "unknown"
    BELIES = "belies"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
