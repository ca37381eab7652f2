"""Office files: a ZIP and an OLE compound file are told by what lies inside."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from pathlib import Path

from . import file_types
from .errors import DecodeRefused
from .file_types import Type

COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
LAST = 0xFFFFFFFA  # numbers from here on are not of sectors


CONTENTS = "[content_types].xml"
MOST_CONTENTS = 1024 * 1024  # bytes of it that are read: it may be a bomb
SAYS = re.compile(rb"""contenttype\s*=\s*["']([^"']+)""", re.IGNORECASE)
MAIN = {
    f"{file_types.OFFICE}wordprocessingml.document.main+xml": file_types.DOCX,
    f"{file_types.OFFICE}spreadsheetml.sheet.main+xml": file_types.XLSX,
}
PARTS = {"word/document.xml": file_types.DOCX, "xl/workbook.xml": file_types.XLSX}
SPOKEN = {type.mimetype: type for type in (file_types.ODT, file_types.ODS)}
LOCKED = {name: type for type in (file_types.DOCX, file_types.XLSX) for name in type.names}


def in_zip(source: Path) -> Type:
    try:
        with zipfile.ZipFile(source) as archive:
            names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
            if "mimetype" in names:
                return _spoken(_read(archive, names["mimetype"], 100).decode("ascii", "replace").strip())
            contents = _read(archive, names[CONTENTS], MOST_CONTENTS) if CONTENTS in names else None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, struct.error) as error:
        raise DecodeRefused(DecodeRefused.BROKEN) from error
    except (NotImplementedError, RuntimeError) as error:  # packed or locked in a way that we cannot undo
        raise DecodeRefused(DecodeRefused.UNSUPPORTED) from error
    return _archived(set(names)) if contents is None else _package(contents, set(names))


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    with archive.open(name) as file:
        return file.read(most)


def _spoken(mimetype: str) -> Type:
    if mimetype in SPOKEN:
        return SPOKEN[mimetype]
    is_slides = mimetype == f"{file_types.OPEN}presentation"
    raise DecodeRefused(DecodeRefused.SLIDES if is_slides else DecodeRefused.UNKNOWN)


def _package(contents: bytes, names: set[str]) -> Type:
    """What [Content_Types].xml says decides (ECMA-376, part 2), whatever the parts are called."""
    said = [kind.decode("latin-1") for kind in SAYS.findall(contents)]
    if any("macroenabled" in kind.lower() for kind in said):
        raise DecodeRefused(DecodeRefused.DANGEROUS)
    lowered = {mimetype.lower(): type for mimetype, type in MAIN.items()}
    for kind in said:
        if kind.lower() in lowered:
            return lowered[kind.lower()]
    if any("presentationml" in kind for kind in said) or "ppt/presentation.xml" in names:
        raise DecodeRefused(DecodeRefused.SLIDES)
    for part, type in PARTS.items():
        if part in names:
            return type
    raise DecodeRefused(DecodeRefused.UNKNOWN)


def _archived(names: set[str]) -> Type:
    if names & {"androidmanifest.xml", "meta-inf/manifest.mf"}:
        raise DecodeRefused(DecodeRefused.DANGEROUS)
    if any(name.endswith(".iwa") for name in names):  # a document of Apple's programs
        raise DecodeRefused(DecodeRefused.UNKNOWN)
    for part, type in PARTS.items():
        if part in names:
            return type
    return file_types.ZIP


def in_compound(source: Path, ending: str) -> Type:
    """A locked document shows only that it is one: its name says which."""
    try:
        names = _names_in(source.read_bytes())
    except (struct.error, ValueError) as error:
        raise DecodeRefused(DecodeRefused.BROKEN) from error
    if "EncryptedPackage" in names:
        if ending in LOCKED:
            return LOCKED[ending]
        raise DecodeRefused(DecodeRefused.LOCKED)
    if "WordDocument" in names:
        return file_types.DOC
    if names & {"Workbook", "Book"}:
        return file_types.XLS
    raise DecodeRefused(DecodeRefused.SLIDES if "PowerPoint Document" in names else DecodeRefused.UNKNOWN)


def _names_in(file: bytes) -> set[str]:
    """Of the streams, from the directory: a chain of sectors of 128-byte entries."""
    sector = 1 << struct.unpack_from("<H", file, 30)[0]
    if sector not in (512, 4096):
        raise ValueError("sector")
    table = _allocation(file, sector)
    number, names = struct.unpack_from("<I", file, 48)[0], set[str]()
    for _ in range(len(table)):  # a chain that goes in a circle ends too
        if number >= LAST:
            return names
        start = (number + 1) * sector
        for entry in range(start, start + sector, 128):
            length = struct.unpack_from("<H", file, entry + 64)[0]
            names.add(file[entry : entry + min(length, 64)].decode("utf-16-le", "replace").rstrip("\0"))
        number = table[number] if number < len(table) else LAST
    return names


def _allocation(file: bytes, sector: int) -> list[int]:
    """Which sector follows which. The sectors of this table are listed in the header, in long files further on."""
    count, more, further = (struct.unpack_from("<I", file, place)[0] for place in (44, 68, 72))
    listed = list(struct.unpack_from("<109I", file, 76))
    for _ in range(min(further, len(file) // sector)):
        if more >= LAST:
            break
        *numbers, more = struct.unpack_from(f"<{sector // 4}I", file, (more + 1) * sector)
        listed += numbers
    table: list[int] = []
    for number in [one for one in listed[:count] if one < LAST][: len(file) // sector]:
        table += struct.unpack_from(f"<{sector // 4}I", file, (number + 1) * sector)
    return table
