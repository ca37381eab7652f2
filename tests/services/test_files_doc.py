"""docs/files.md says of each kind what the decoder does with it, and of each refusal what the door says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import odd_files
import pytest
import samples

from ibolit.services import media
from ibolit.services.media import Examined, Unreadable, file_types
from ibolit.web.file_kinds import SENTENCES

DOC = Path(__file__).parent.parent.parent / "docs" / "files.md"
FILM = "plays, or file to download"
# A file that tells its place, of each kind; of a film, one that plays and one that does not.
MAKES: dict[str, Callable[[], bytes]] = {
    "JPEG": samples.jpeg,
    "PNG": samples.png,
    "WebP": samples.webp,
    "GIF": samples.gif,
    "HEIC": samples.heic,
    "PDF": samples.pdf,
    "Word 97–2003": samples.doc,
    "Word": samples.docx,
    "Excel 97–2003": samples.xls,
    "Excel": samples.xlsx,
    "OpenDocument text": samples.odt,
    "OpenDocument table": lambda: samples.archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
    "RTF": samples.rtf,
    "Text": samples.txt,
    "ZIP": samples.zip_,
    "DICOM": samples.dicom,
    "MP3": samples.mp3,
    "M4A": samples.m4a,
    "AAC without a container (ADTS)": odd_files.adts,
    "AMR": odd_files.amr,
    "Ogg": samples.ogg,
    "WAV": samples.wav,
    "WebM (sound)": samples.webm,
    "MP4": samples.mp4,
    "QuickTime": samples.hevc_mov,
    "3GP": odd_files.h263_amr,
    "3GP (sound)": lambda: odd_files.phone_sound(odd_files.NB, "3gp"),
}


def rows(title: str) -> list[list[str]]:
    part = DOC.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


TAKEN = {name: row for name, *row in rows("Taken")}


def test_every_kind_has_its_row() -> None:
    assert {name: row[0].split() for name, row in TAKEN.items()} == {
        one.title: list(one.names) for one in file_types.TYPES
    }
    assert set(MAKES) == set(TAKEN)


def test_every_refusal_has_its_row() -> None:
    assert {reason: said for reason, _, said in rows("Refused")} == SENTENCES
    assert set(SENTENCES) | {Unreadable.BUSY} == media.OF_FILES | {Unreadable.EMPTY, Unreadable.BUSY}


def in_the_chat(found: Examined) -> str:
    if found.kind == "video":
        return FILM
    if found.kind == "audio":
        return "plays" if found.plays else "made playable"
    if found.shown:
        return "shown"
    return "first page, opens" if found.thumbnail else "file to download"


@pytest.mark.parametrize("title", TAKEN)
def test_row_is_true(tmp_path: Path, title: str) -> None:
    (tmp_path / "sent").write_bytes(samples.of(MAKES[title]))
    found = media.examine(tmp_path / "sent", "", tmp_path)
    _, shown, place = TAKEN[title]
    assert in_the_chat(found) == shown
    original = found.original.read_bytes()
    if place == "removed":
        assert [one for one in (*samples.PLACES, b"loci\0") if one in original] == []
    else:
        assert original == samples.of(MAKES[title])
