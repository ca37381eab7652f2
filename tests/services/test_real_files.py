"""What real people bring: each file after a bug report of a comparable product, and its kin made by odd_files.py."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Callable
from pathlib import Path

import av
import odd_files
import pypdfium2
import pytest
import samples
from odd_files import DICOM, DOCX, GP, M4A, MP4, PDF, TEXT, XLSX, Taken

from ibolit.services import media
from ibolit.services.media import Examined, Unreadable, decoder_process

RECORDED = Path(__file__).parent.parent / "recorded" / "files"
PLACES = (*samples.PLACES, b"\xa9xyz", b"loci")

MAC_NAME = unicodedata.normalize("NFD", "Результат й ё.pdf")


def recorded(name: str) -> Callable[[], bytes]:
    return (RECORDED / name).read_bytes


def given(name: str, mimetype: str, ending: str = "", *, plays: bool = True) -> Taken:
    called = name.partition("-")[2]
    stored = called if not ending else called.rpartition(".")[0] + ending if "." in ending[:1] else called + ending
    return Taken(name, recorded(name), mimetype, stored, plays)


GIVEN = (
    given("F01a-VID_20151104_101112.3gp", MP4, ".mp4"),
    given("F01b-mpeg4.3gp", MP4, ".mp4", plays=False),
    given("F01c-h263.3gp", GP, plays=False),
    given("F02a-Voice_001.3gp", M4A, ".m4a"),
    given("F02b-Recording.3gpp", M4A, ".m4a"),
    given("F02c-Voice_002.amr", odd_files.AMR, plays=False),
    given("F03a-Recording_7.aac", M4A, ".m4a"),
    given("F03b-Recording_8.aac", M4A, ".m4a"),
    given("F04a-vypiska-pod-parolem.docx", DOCX),
    given("F04b-tablica-pod-parolem.xlsx", XLSX),
    given("F05-vypiska-word-online.docx", DOCX),
    Taken("MRI.Smith", recorded("F06a-MRI.Smith"), PDF, "MRI.Smith.pdf"),
    Taken("Analyz krovi.v2", recorded("F06b-Analyz krovi.v2"), PDF, "Analyz krovi.v2.pdf"),
    Taken("Vypiska Ivanov.A.S", recorded("F06c-Vypiska Ivanov.A.S"), PDF, "Vypiska Ivanov.A.S.pdf"),
    given("F07-behind-form-head.pdf", PDF),
    given("F07b-behind-200-bytes.pdf", PDF),
    given("F08-notepad-unicode.txt", TEXT),
    given("F09-dos-cp866.txt", TEXT),
    given("F20a-SER00001.IMA", DICOM),
    given("F20b-snimok.dic", DICOM),
    Taken("1.2.840.113619.2.55.3", recorded("F20c-1.2.840.113619.2.55.3"), DICOM, "1.2.840.113619.2.55.3.dcm"),
    given("F20d-no-preamble.dcm", DICOM),
    given("F22a-capital-shared-strings.xlsx", XLSX),
    given("F22b-capital-workbook.xlsx", XLSX),
    Taken(MAC_NAME, recorded("F28-letters-of-a-mac.pdf"), PDF, MAC_NAME),
    given("F30-snimki-cp866.zip", odd_files.ZIP),
)
ALL = (*GIVEN, *odd_files.FILMS, *odd_files.SOUNDS, *odd_files.DOCUMENTS)


@pytest.fixture
def examine(tmp_path: Path) -> Callable[[bytes, str], Examined]:
    def look(file: bytes, name: str) -> Examined:
        source = tmp_path / "sent"
        source.write_bytes(file)
        return media.examine(source, name, tmp_path)

    return look


Look = Callable[[bytes, str], Examined]


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_what_people_bring_is_taken(examine: Look, one: Taken) -> None:
    called = one.name.partition("-")[2] if one.name.startswith("F") and one in GIVEN else one.name
    found = examine(samples.of(one.make), called.strip(". "))
    assert (found.mimetype, found.name, found.plays) == (one.mimetype, one.stored, one.plays)
    assert [place for place in PLACES if place in found.original.read_bytes()] == []


@pytest.mark.parametrize(("name", "make", "reason"), odd_files.REFUSED, ids=[name for name, *_ in odd_files.REFUSED])
def test_what_is_not_taken_hears_the_true_reason(
    examine: Look, name: str, make: Callable[[], bytes], reason: str
) -> None:
    with pytest.raises(Unreadable) as refused:
        examine(make(), name)
    assert refused.value.reason == reason


@pytest.mark.parametrize("one", [one for one in odd_files.FILMS if not one.plays], ids=lambda one: one.name)
def test_film_that_no_browser_plays_keeps_every_frame(examine: Look, one: Taken) -> None:
    found = examine(one.make(), one.name)
    assert found.kind == "video"
    assert found.thumbnail is not None
    with av.open(io.BytesIO(one.make())) as before, av.open(str(found.original)) as after:
        sent = [bytes(packet) for packet in before.demux() if packet.size]
        assert sorted(bytes(packet) for packet in after.demux() if packet.size) == sorted(sent)


@pytest.mark.parametrize("one", odd_files.SOUNDS, ids=lambda one: one.name)
def test_every_sound_can_be_made_playable(examine: Look, tmp_path: Path, one: Taken) -> None:
    found = examine(one.make(), one.name)
    voice, seconds = media.to_voice(found.original, tmp_path, 300)
    assert seconds == pytest.approx(1.0, abs=0.15)
    with av.open(str(voice)) as heard:
        assert heard.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize("one", [one for one in ALL if one.mimetype == PDF], ids=lambda one: one.name)
def test_pdf_is_given_back_without_what_stood_before_it(examine: Look, one: Taken) -> None:
    original = examine(one.make(), "").original.read_bytes()
    assert original.startswith(b"%PDF-")
    assert len(pypdfium2.PdfDocument(original)) == 1


@pytest.mark.parametrize(
    "one",
    [one for one in odd_files.DOCUMENTS if one.mimetype == TEXT and not one.name.endswith(".csv")],
    ids=lambda one: one.name,
)
def test_text_can_be_read_on_every_phone(examine: Look, one: Taken) -> None:
    """UTF-8, or what Windows and phones take Russian for: not what DOS, UNIX and a Mac wrote."""
    original = examine(one.make(), one.name).original.read_bytes()
    text = original.decode("cp1251" if one.name == "windows.txt" else "utf-8-sig")
    expected = {"dos capitals.txt": odd_files.RUSSIAN.upper(), "dos table.txt": odd_files.TABLE}
    assert text == expected.get(one.name, odd_files.RUSSIAN)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("F08-notepad-unicode.txt", "Общий анализ крови"),
        ("F09-dos-cp866.txt", "Общий анализ крови"),
    ],
)
def test_texts_of_notepad_and_dos_are_stored_as_what_phones_read(examine: Look, name: str, text: str) -> None:
    assert text[:5] in examine(recorded(name)(), name).original.read_bytes().decode("utf-8-sig")


def test_two_letters_are_no_reason_to_change_a_text(examine: Look) -> None:
    """Windows' own stays as it was sent, and so does what may be anything."""
    for body in (b"Temp 36,6 \xb0C", "Да".encode("cp1251"), b"caf\xe9 de la gare", "Ё".encode("cp1251") * 3):
        assert examine(body, "a.txt").original.read_bytes() == body


def test_child_that_gave_up_calls_nothing_damaged(examine: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "run", lambda *_: None)
    with pytest.raises(Unreadable, match=Unreadable.UNSUPPORTED):
        examine(samples.pdf(), "a.pdf")
