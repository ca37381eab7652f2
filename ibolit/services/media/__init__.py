"""What people attach: told by content, decoded in a child process that may die without harm to anybody.

Phones write HEIC, put the place where a photo was taken into it, and call files by wrong names; strangers write files
that break decoders. So nothing hostile is ever opened in the process that holds the chats.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Examined:
    """What a file turned out to be. The paths lie in the folder given to examine(), and are the caller's to take."""

    kind: str  # picture, document, audio or video
    mimetype: str
    ending: str  # of the true type, as ".jpg"
    original: Path  # without GPS; the given file itself when there was nothing to remove
    shown: Path | None = None  # pictures: an upright JPEG of at most 2,560 px without camera data
    thumbnail: Path | None = None  # an upright JPEG of at most 480 px: the picture, a PDF's first page, a video's frame
    width: int | None = None  # of what is shown, in px: the shown copy, the PDF's page or the video as it plays
    height: int | None = None
    seconds: float | None = None  # of sound and video
    plays: bool = True  # video: every engine of ours plays it (H.264 and AAC or MP3 in MP4); else it is only downloaded


class Unreadable(Exception):
    """A file we do not take. `reason` is one of the words below; the door says the sentence."""

    EMPTY = "empty"
    UNKNOWN = "unknown"  # a type we do not take
    BELIES = "belies"  # the name says one thing, the content another
    BROKEN = "broken"  # begins like its type and cannot be decoded
    TOO_LARGE = "too_large"  # a picture of more pixels than we decode: a bomb, or a poster
    TOO_LONG = "too_long"  # a voice message over its limit
    BUSY = "busy"  # the decoders had no time for it: worth repeating

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def examine(source: Path, name: str, folder: Path) -> Examined:
    """Tells what `source` is, checks it by decoding, cleans it and draws what is shown of it. Raises Unreadable."""
    raise NotImplementedError


def to_voice(source: Path, folder: Path, most_seconds: float) -> tuple[Path, float]:
    """The sound of a recording as what every phone plays, with its length in seconds. Raises Unreadable."""
    raise NotImplementedError
