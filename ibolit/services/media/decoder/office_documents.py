"""Office files: a ZIP and an OLE compound file are told by what lies inside."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

from . import file_types
from .errors import DecodeRefused
from .file_types import Type

COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
LAST = 0xFFFFFFFA  # numbers from here on are not of sectors


def in_zip(source: Path) -> Type | None:
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
            spoken = _said_by(archive) if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, struct.error) as error:
        raise DecodeRefused(DecodeRefused.BROKEN) from error
    if spoken:
        return file_types.ODT if spoken == file_types.ODT.mimetype else None
    if "word/document.xml" in names:
        return file_types.DOCX
    if "xl/workbook.xml" in names:
        return file_types.XLSX
    is_program = names & {"AndroidManifest.xml", "META-INF/MANIFEST.MF"}
    return None if is_program or "[Content_Types].xml" in names else file_types.ZIP


def _said_by(archive: zipfile.ZipFile) -> str:
    with archive.open("mimetype") as file:
        return file.read(100).decode("ascii", "replace").strip()


def in_compound(source: Path) -> Type | None:
    try:
        names = _names_in(source.read_bytes())
    except (struct.error, ValueError) as error:
        raise DecodeRefused(DecodeRefused.BROKEN) from error
    if "WordDocument" in names:
        return file_types.DOC
    return file_types.XLS if names & {"Workbook", "Book"} else None


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
