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
from long_tests import some
from odd_files import DICOM, DOCX, GP, M4A, MP4, PDF, TEXT, XLSX, Taken
from PIL import Image
from samples import as_bytes

from ibolit.services import media
from ibolit.services.media import Examined, Unreadable, decoder_process

pytestmark = pytest.mark.slow_file

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


@pytest.mark.parametrize(
    "one", some([one for one in odd_files.FILMS if not one.plays], every=4), ids=lambda one: one.name
)
def test_film_that_no_browser_plays_keeps_every_frame(examine: Look, one: Taken) -> None:
    found = examine(one.make(), one.name)
    assert found.kind == "video"
    assert found.thumbnail is not None
    with av.open(io.BytesIO(one.make())) as before, av.open(str(found.original)) as after:
        sent = [bytes(packet) for packet in before.demux() if packet.size]
        assert sorted(bytes(packet) for packet in after.demux() if packet.size) == sorted(sent)


@pytest.mark.parametrize("one", some(odd_files.SOUNDS, every=4), ids=lambda one: one.name)
def test_every_sound_can_be_made_playable(examine: Look, tmp_path: Path, one: Taken) -> None:
    found = examine(one.make(), one.name)
    voice, seconds = media.to_voice(found.original, tmp_path, 300)
    assert seconds == pytest.approx(1.0, abs=0.15)
    with av.open(str(voice)) as heard:
        assert heard.streams.audio[0].codec_context.name == "aac"


@pytest.mark.parametrize("one", some([one for one in ALL if one.mimetype == PDF], every=6), ids=lambda one: one.name)
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


# Pictures


def shown_in(found: Examined) -> Image.Image:
    assert found.shown is not None
    return Image.open(io.BytesIO(found.shown.read_bytes()))


def is_like(one: object, other: tuple[int, int, int]) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) < 40 for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("name", odd_files.WITH_FAULTS)
def test_what_every_viewer_shows_is_shown_and_the_place_goes(examine: Look, name: str) -> None:
    sent = odd_files.WITH_FAULTS[name]()
    found = examine(sent, name)
    assert found.kind == "picture"
    image = shown_in(found)
    red, green, blue = image.convert("RGB").getpixel((image.width // 4, image.height // 8))  # type: ignore[misc]
    assert min(red - green, red - blue) > 40 or "grey" in name  # the noisy ones, too
    original = found.original.read_bytes()
    assert [place for place in PLACES if place in original] == []
    whole = Image.open(io.BytesIO(original))
    whole.load()  # without a word about damage: it opens everywhere
    assert whole.size == image.size
    assert not whole.getexif().get_ifd(0x8825)


@pytest.mark.parametrize("name", ["F12b-zero-before-trailer.gif"])
def test_unfinished_pictures_that_people_sent_are_taken(examine: Look, name: str) -> None:
    found = examine(recorded(name)(), name)
    assert (found.kind, found.mimetype) == ("picture", "image/gif")


@pytest.mark.parametrize(
    "name", ["F15a-cmyk-adobe.jpg", "F16a-iphone-as-saved.heic", "F18-PXL_20251104_101112345.MP.jpg"]
)
def test_what_was_right_stays_right(examine: Look, name: str) -> None:
    found = examine(recorded(name)(), name)
    assert found.kind == "picture"
    assert shown_in(found).size == ((480, 640) if "heic" in name else (640, 480))
    assert b"moov" not in found.original.read_bytes()


def test_long_screen_is_limited_by_its_points(examine: Look) -> None:
    found = examine(odd_files.long_screen(), "screen.png")
    image = shown_in(found)
    assert (found.width, found.height) == image.size
    assert image.width > 900
    assert image.width * image.height <= 12_100_000
    assert image.width / image.height == pytest.approx(1080 / 14_000, rel=0.01)


def test_ecg_keeps_its_lines(examine: Look) -> None:
    image = shown_in(examine(odd_files.ecg(), "ЭКГ.png"))
    assert image.height > 1100
    assert image.width * image.height <= 12_100_000


@pytest.mark.parametrize(
    ("make", "size", "colour"),
    [(odd_files.long_screen, (384, 480), (255, 0, 0)), (odd_files.ecg, (480, 320), (0, 128, 0))],
)
def test_thumbnail_of_a_strip_shows_its_beginning(
    examine: Look, make: Callable[[], bytes], size: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    found = examine(make(), "strip.png")
    assert found.thumbnail is not None
    with Image.open(found.thumbnail) as image:
        assert image.size == size
        assert is_like(image.getpixel((100, 40)), colour)


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (2560, 900), (640, 480)])
def test_photo_is_shown_as_before(examine: Look, size: tuple[int, int]) -> None:
    image = shown_in(examine(samples.plain_jpeg(*size), "photo.jpg"))
    assert max(image.size) == min(2560, max(size))


@pytest.mark.parametrize("size", [(12_000, 9000), (16_320, 12_240)])
def test_photo_of_a_large_sensor_is_counted_after_its_reduction(examine: Look, size: tuple[int, int]) -> None:
    found = examine(odd_files.large_jpeg(*size), "IMG_108MP.jpg")
    assert (found.width, found.height) == (2560, 1920)
    assert is_like(shown_in(found).getpixel((100, 100)), samples.RED)


@pytest.mark.parametrize("format", ["GIF", "WEBP"])
def test_moving_picture_tells_how_long_it_moves(examine: Look, format: str) -> None:
    assert examine(odd_files.two_frames(format), "").seconds == pytest.approx(0.8)
    assert examine(as_bytes(samples.picture(64, 48), format), "").seconds is None


def test_webp_without_its_end_is_not_called_damaged(examine: Look) -> None:
    with pytest.raises(Unreadable) as refusal:
        examine(as_bytes(samples.picture(640, 480), "WEBP")[:-200], "picture.webp")
    assert refusal.value.reason == "unsupported"


def test_unfinished_moving_picture_still_moves(examine: Look) -> None:
    found = examine(odd_files.two_frames("GIF")[:-1], "moving.gif")
    assert found.seconds == pytest.approx(0.8)
    with Image.open(found.original) as image:
        assert getattr(image, "n_frames", 1) == 2


def test_picture_that_only_machines_read_is_taken_as_a_file(examine: Look) -> None:
    """Of 12 bits, as scanners of films write: sound, and we cannot draw it."""
    file = bytearray(samples.plain_jpeg())
    file[file.index(b"\xff\xc0") + 4] = 12
    found = examine(bytes(file), "x-ray.jpg")
    assert (found.kind, found.shown, found.thumbnail) == ("picture", None, None)
