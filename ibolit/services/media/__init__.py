"""What people attach: told by content, decoded in a child process that may die without harm to anybody.

Phones write HEIC, put the place where a photo was taken into it, and call files by wrong names; strangers write files
that break decoders. So nothing hostile is ever opened in the process that holds the chats.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import decoder_process
from .decoder import file_types
from .decoder.file_types import KNOWN_NAMES

__all__ = [
    "Examined",
    "Unreadable",
    "examine",
    "file_types",
    "names_of",
    "to_square",
    "to_voice",
    "with_true_extension",
]

EXAMINING, CONVERTING = 60, 120  # seconds a file may keep a decoder
KINDS = {"picture", "document", "audio", "video"}
ENDING = re.compile(r"\.([a-z][a-z0-9]{0,4})$", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Examined:
    """What a file turned out to be. The paths lie in the folder given to examine(), and are the caller's to take."""

    kind: str  # picture, document, audio or video
    mimetype: str
    ending: str  # of the true type, as ".jpg"
    name: str  # as it was called, under an ending of the true type
    original: Path  # without GPS; the given file itself when there was nothing to remove
    # Pictures: an upright JPEG without camera data, of at most 2,560 px, a strip of at most 12 million points.
    shown: Path | None = None
    thumbnail: Path | None = None  # an upright JPEG of at most 480 px: the picture, a PDF's first page, a video's frame
    width: int | None = None  # of what is shown, in px: the shown copy, the PDF's page or the video as it plays
    height: int | None = None
    seconds: float | None = None  # of sound, video, and of a picture that moves
    # Film: every engine of ours plays it (H.264 and AAC or MP3 in MP4), else it is only downloaded. Sound: AAC, MP3 or
    # WAV, else the worker makes it playable.
    plays: bool = True


class Unreadable(Exception):
    """A file we do not take. `reason` is one of the words below; the door says the sentence."""

    EMPTY = "empty"
    UNKNOWN = "unknown"  # a type we do not take; the next five are, too, and what to send instead is known
    ARCHIVE = "archive"  # packed, and not as ZIP
    SLIDES = "slides"
    OTHER_PICTURE = "other_picture"
    OTHER_FILM = "other_film"
    OTHER_SOUND = "other_sound"
    BELIES = "belies"  # the name says one thing, the content another
    DANGEROUS = "dangerous"  # a program, or a page or a document that runs something
    LOCKED = "locked"  # by a password, and its name does not tell what it is
    UNSUPPORTED = "unsupported"  # sound as it may be, we cannot do with it what must be done
    BROKEN = "broken"  # begins like its type, and no common viewer opens it
    TOO_LARGE = "too_large"  # a picture of more pixels than we decode: a bomb, or a poster
    TOO_LONG = "too_long"  # a voice message over its limit
    BUSY = "busy"  # the decoders had no time for it: worth repeating

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# What the child may say of a file; the other two are for us to say.
OF_FILES = {reason for name, reason in vars(Unreadable).items() if name.isupper()} - {Unreadable.EMPTY, Unreadable.BUSY}
# A child that died, hung, ate too much or spoke nonsense: that is no proof of damage.
GAVE_UP = Unreadable.UNSUPPORTED


def examine(source: Path, name: str, folder: Path) -> Examined:
    """Tells what `source` is, checks it by decoding, cleans it and draws what is shown of it. Raises Unreadable."""
    answer = _answer_to({"do": "examine", "ending": _ending_of(name)}, source, folder, EXAMINING)
    try:
        return Examined(
            kind=_word(answer, "kind", KINDS),
            mimetype=_word(answer, "mimetype"),
            ending=_word(answer, "ending"),
            name=with_true_extension(_word(answer, "ending"), _word(answer, "mimetype"), name),
            original=_path(answer, "original", folder) or source,
            shown=_path(answer, "shown", folder),
            thumbnail=_path(answer, "thumbnail", folder),
            width=_number(answer, "width"),
            height=_number(answer, "height"),
            seconds=_seconds(answer),
            plays=answer.get("plays", True) is True,
        )
    except (KeyError, TypeError, ValueError, OSError):
        raise Unreadable(GAVE_UP) from None


def to_voice(source: Path, folder: Path, most_seconds: float) -> tuple[Path, float]:
    """The sound of a recording as what every phone plays, with its length in seconds. Raises Unreadable."""
    answer = _answer_to({"do": "voice", "most_seconds": most_seconds}, source, folder, CONVERTING)
    try:
        voice, seconds = _path(answer, "voice", folder), _seconds(answer)
    except (TypeError, ValueError, OSError):
        raise Unreadable(GAVE_UP) from None
    if voice is None or not seconds:
        raise Unreadable(GAVE_UP)
    return voice, seconds


def to_square(source: Path, folder: Path, crop: str) -> Path:
    """A portrait: the start, middle or end of a picture as an upright JPEG without camera data. Raises Unreadable."""
    answer = _answer_to({"do": "square", "crop": crop}, source, folder, EXAMINING)
    try:
        square = _path(answer, "square", folder)
    except (TypeError, ValueError, OSError):
        square = None
    if square is None:
        raise Unreadable(GAVE_UP)
    return square


def with_true_extension(ending: str, mimetype: str, name: str) -> str:
    """Phones call HEIC photos .jpg: under its true ending a downloaded file opens. `ending` with its dot."""
    stem, given = os.path.splitext(name)
    own = given[1:].lower()
    if own in names_of(mimetype):
        return name
    return (stem if own in KNOWN_NAMES else name) + ending  # «MRI.Smith» and «Анализ от 12.03» have none


def names_of(mimetype: str) -> tuple[str, ...]:
    """The endings, without the dot, under which a kind goes; none for what is not of ours."""
    return next((type.names for type in file_types.TYPES if type.mimetype == mimetype), ())


def _ending_of(name: str) -> str:
    """All that a decoder learns of a name; «анализы 12.05» has none."""
    found = ENDING.search(name.rstrip(". "))  # which Windows overlooks
    return found.group(1).lower() if found else ""


def _answer_to(job: dict[str, Any], source: Path, folder: Path, seconds: int) -> dict[str, Any]:
    size = source.stat().st_size
    if not size:
        raise Unreadable(Unreadable.EMPTY)
    try:
        answer = decoder_process.run(
            job | {"source": str(source.absolute()), "folder": str(folder.absolute())}, size, seconds
        )
    except decoder_process.Busy:
        raise Unreadable(Unreadable.BUSY) from None
    if answer is None:
        raise Unreadable(GAVE_UP)
    if "refused" in answer:
        raise Unreadable(answer["refused"] if str(answer["refused"]) in OF_FILES else GAVE_UP)
    return answer


# A child that a hostile file has taken over answers too: nothing of it is believed without a look.


def _word(answer: dict[str, Any], key: str, known: set[str] | None = None) -> str:
    word = answer[key]
    if not isinstance(word, str) or not re.fullmatch(r"[a-z0-9./+-]{1,100}", word) or (known and word not in known):
        raise ValueError(key)
    return word


def _path(answer: dict[str, Any], key: str, folder: Path) -> Path | None:
    if answer.get(key) is None:
        return None
    path = folder / _word(answer, key, {"cleaned", "shown.jpg", "thumbnail.jpg", "voice.m4a", "square.jpg"})
    if path.is_symlink() or not path.is_file() or not path.stat().st_size:
        raise ValueError(key)
    return path


def _number(answer: dict[str, Any], key: str) -> int | None:
    number = answer.get(key)
    if number is not None and (type(number) is not int or not 0 < number < 1_000_000):
        raise ValueError(key)
    return number


def _seconds(answer: dict[str, Any]) -> float | None:
    seconds = answer.get("seconds")
    if seconds is None:
        return None
    if not isinstance(seconds, int | float) or not 0 <= seconds < 1_000_000:  # which no NaN is
        raise ValueError("seconds")
    return float(seconds)
