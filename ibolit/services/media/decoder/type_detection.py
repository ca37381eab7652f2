"""What a file is, told by its content."""

from __future__ import annotations

import re
from pathlib import Path

import filetype

from . import file_types, foreign, office_documents, texts
from .dicom import is_dicom
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

JUNK = 1024  # bytes before a PDF that its readers pass over
MARK_OF_PDF = re.compile(rb"%PDF-\d")
SNIFFED = 4096
AMR = (b"#!AMR\n", b"#!AMR-WB\n")


def detect_type(source: Path, ending: str = "") -> Type:
    """Raises DecodeRefused. Of sound and films it tells the container; what plays in it is seen when it is opened.

    `ending` is that of the name: it decides only where the content is locked.
    """
    with source.open("rb") as file:
        head = file.read(SNIFFED)
    type = RIGHT.get(filetype.guess_mime(head) or "") or _by_own_look(source, head, ending)
    # After text, for «я…» in cp1251 begins as a frame of MP3 does.
    type = type or _by_text(source, head) or _by_frame(source, head)
    if type is None:
        raise DecodeRefused(foreign.reason_for(head))
    return type


def _by_own_look(source: Path, head: bytes, ending: str) -> Type | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return file_types.WAV
    if head.startswith(AMR):
        return file_types.AMR
    if head.startswith(b"ID3"):
        return _after_tag(source, head)
    if head[0] < 8 and (head[4:8] == b"ftyp" or head[4:8] in BARE):  # a size first: «The free…» is text
        return _by_brand(brands(head))
    if head.startswith(b"\x1aE\xdf\xa3") and re.search(rb"\x42\x82.{0,7}webm", head[:80], re.DOTALL):
        return file_types.WEBM
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return office_documents.in_zip(source)
    if head.startswith(office_documents.COMPOUND):
        return office_documents.in_compound(source, ending)
    if is_dicom(head):
        return file_types.DICOM
    return file_types.PDF if _is_pdf(source, head) else None


def _is_pdf(source: Path, head: bytes) -> bool:
    """Programs of laboratories leave the head of a form before it; a text may speak of one, and a page hide one."""
    found = MARK_OF_PDF.search(head, 0, JUNK + 6)
    if found is None:
        return False
    before = head[: found.start()].removeprefix(b"\xef\xbb\xbf").strip()
    if not before:
        return True
    if foreign.is_program(before) or before.startswith(b"<") or foreign.is_page(before.decode("latin-1")):
        return False
    file = source.read_bytes()
    return b" obj" in file and (b"startxref" in file or b"%%EOF" in file)


def _by_brand(named: set[bytes]) -> Type | None:
    if named & OTHERS:
        raise DecodeRefused(DecodeRefused.OTHER_PICTURE)
    if named & HEIF:
        return file_types.HEIC
    if b"qt  " in named or not named:
        return file_types.MOV
    if any(name[:2] == b"3g" for name in named):
        return file_types.THREE_GP
    return file_types.MP4 if named & MP4_BRANDS else None


def _by_text(source: Path, head: bytes) -> Type | None:
    return file_types.TXT if texts.encoding_of(source.read_bytes()) else None


def _after_tag(source: Path, head: bytes) -> Type:
    """Songs of both kinds may begin with their title."""
    size = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=False))
    with source.open("rb") as file:
        file.seek(10 + size)
        return file_types.AAC if _is_adts(file.read(SNIFFED)) else file_types.MP3


def _by_frame(source: Path, head: bytes) -> Type | None:
    if head[0] != 0xFF or len(head) < 2:
        return None
    if _is_adts(head):
        return file_types.AAC
    return file_types.MP3 if head[1] & 0xF6 == 0xF2 else None


def _is_adts(head: bytes) -> bool:
    """Two frames of AAC, the second where the first ends (ISO 13818-7, 6.2)."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return False
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    after = head[length : length + 2]
    return length > 7 and (not after or (after[0] == 0xFF and after[-1] & 0xF6 == 0xF0))
