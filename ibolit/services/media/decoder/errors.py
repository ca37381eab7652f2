"""Why a file is not taken; the words are those of `Unreadable` on the other side of the pipe."""

from __future__ import annotations


class DecodeRefused(Exception):
    UNKNOWN = "unknown"
    ARCHIVE = "archive"
    SLIDES = "slides"
    OTHER_PICTURE = "other_picture"
    OTHER_FILM = "other_film"
    OTHER_SOUND = "other_sound"
    BELIES = "belies"
    DANGEROUS = "dangerous"
    LOCKED = "locked"
    UNSUPPORTED = "unsupported"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
