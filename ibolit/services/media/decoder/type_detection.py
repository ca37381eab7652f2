"""What a file is, told by its content."""

from __future__ import annotations

import re
from pathlib import Path

import filetype

from . import file_types, office_documents
from .errors import DecodeRefused
from .file_types import Type
from .mp4_boxes import brands

# What the library is right about. It takes the first three letters for the whole of an office file, misses many films
# and sounds, and knows no text: for these we look ourselves.
RIGHT = {
    type.mimetype: type
    for type in (file_types.JPEG, file_types.PNG, file_types.WEBP, file_types.GIF, file_types.RTF, file_types.OGG)
}
MP4_BRANDS = {b"isom", b"mp41", b"mp42", b"avc1", b"dash", b"M4A ", b"M4B ", b"M4V "}
MP4_BRANDS |= {b"iso%d" % number for number in range(2, 10)}
HEIF = {b"heic", b"heix", b"heim", b"heis"}
OTHERS = {b"avif", b"avis", b"crx "}  # pictures we cannot show, in the same boxes
BARE = {b"moov", b"mdat", b"wide", b"skip", b"free"}  # QuickTime of old cameras begins without its name

CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")
PROGRAM = re.compile(rb"\s*(#!|%!|<[a-z!?/])", re.IGNORECASE)
MARKUP = re.compile(rb"<(!doctype|html|head|body|script|iframe|svg|\?xml)\b", re.IGNORECASE)
SNIFFED = 4096  # bytes: more than any engine looks at to guess a page


def detect_type(source: Path) -> Type:
    """Raises DecodeRefused. Of sound and films it tells the container; what plays in it is seen when it is opened."""
    with source.open("rb") as file:
        head = file.read(SNIFFED)
    type = RIGHT.get(filetype.guess_mime(head) or "") or _by_own_look(source, head)
    # After text, for «я…» in cp1251 begins as a frame of MP3 does.
    type = type or _by_text(source, head) or _by_frame(head)
    if type is None:
        raise DecodeRefused(DecodeRefused.UNKNOWN)
    return type


def _by_own_look(source: Path, head: bytes) -> Type | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return file_types.WAV
    if head.startswith(b"ID3"):
        return file_types.MP3
    if head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n\t ").startswith(b"%PDF-"):
        return file_types.PDF
    if head[0] < 8 and (head[4:8] == b"ftyp" or head[4:8] in BARE):  # a size first: «The free…» is text
        return _by_brand(brands(head))
    if head.startswith(b"\x1aE\xdf\xa3") and re.search(rb"\x42\x82.{0,7}webm", head[:80], re.DOTALL):
        return file_types.WEBM
    if head[128:132] == b"DICM" and (not any(head[:128]) or head[:4] in (b"II*\0", b"MM\0*")):
        return file_types.DICOM  # anything else in the preamble would be a program that calls itself a scan
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return office_documents.in_zip(source)
    if head.startswith(office_documents.COMPOUND):
        return office_documents.in_compound(source)
    return None


def _by_brand(named: set[bytes]) -> Type | None:
    if named & OTHERS:
        return None
    if named & HEIF:
        return file_types.HEIC
    if b"qt  " in named or not named:
        return file_types.MOV
    return file_types.MP4 if named & MP4_BRANDS else None


def _by_text(source: Path, head: bytes) -> Type | None:
    """What an engine might take for a page, or a system for a program, is no text."""
    if PROGRAM.match(head.removeprefix(b"\xef\xbb\xbf")) or MARKUP.search(head):
        return None
    text = source.read_bytes()
    if CONTROLS.search(text.rstrip(b"\x1a")):  # which ended files in DOS
        return None
    for encoding in ("utf-8", "cp1251"):
        try:
            text.decode(encoding)
        except UnicodeDecodeError:
            continue
        return file_types.TXT
    return None


def _by_frame(head: bytes) -> Type | None:
    return file_types.MP3 if head[0] == 0xFF and head[1:2] and head[1] & 0xF6 == 0xF2 else None
