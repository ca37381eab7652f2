"""What a file is, what is removed from it and what is shown of it: each looked at by the real child."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable
from pathlib import Path

import av
import pillow_heif
import pytest
import samples
from PIL import Image, ImageCms
from samples import BLUE, GREEN, PLACES, RED, SAMPLES, YELLOW

from ibolit.services import media
from ibolit.services.media import Examined, Unreadable

pytestmark = pytest.mark.slow_file

pillow_heif.register_heif_opener()

GPS, ORIENTATION, MAKE = 0x8825, 0x0112, 0x010F

Look = Callable[..., Examined]
Refusal = Callable[..., str]


@pytest.fixture
def examine(tmp_path: Path) -> Look:
    """A file of these bytes under this name."""

    def look(file: bytes, name: str = "") -> Examined:
        source = tmp_path / "sent"
        source.write_bytes(file)
        return media.examine(source, name, tmp_path)

    return look


@pytest.fixture
def refusal(examine: Look) -> Refusal:
    def reason(file: bytes, name: str = "") -> str:
        with pytest.raises(Unreadable) as caught:
            examine(file, name)
        return caught.value.reason

    return reason


def picture_in(file: Path | bytes) -> Image.Image:
    return Image.open(io.BytesIO(file if isinstance(file, bytes) else file.read_bytes()))


# Types

TYPES = {
    "jpg": ("picture", "image/jpeg"),
    "jpeg": ("picture", "image/jpeg"),
    "png": ("picture", "image/png"),
    "webp": ("picture", "image/webp"),
    "gif": ("picture", "image/gif"),
    "heic": ("picture", "image/heic"),
    "pdf": ("document", "application/pdf"),
    "doc": ("document", "application/msword"),
    "docx": ("document", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xls": ("document", "application/vnd.ms-excel"),
    "xlsx": ("document", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "odt": ("document", "application/vnd.oasis.opendocument.text"),
    "rtf": ("document", "application/rtf"),
    "txt": ("document", "text/plain"),
    "zip": ("document", "application/zip"),
    "dcm": ("document", "application/dicom"),
    "mp3": ("audio", "audio/mpeg"),
    "m4a": ("audio", "audio/mp4"),
    "ogg": ("audio", "audio/ogg"),
    "wav": ("audio", "audio/wav"),
    "webm": ("audio", "audio/webm"),
    "mp4": ("video", "video/mp4"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_type_is_known_under_its_name_and_without_one(examine: Look, name: str) -> None:
    ending = name.rpartition(".")[2].lower()
    for called in (name, "без имени"):
        found = examine(samples.of(SAMPLES[name]), called)
        if ending != "mov":  # told apart below
            assert (found.kind, found.mimetype) == TYPES[ending]
            assert found.ending.lstrip(".") == {"jpeg": "jpg"}.get(ending, ending)
        assert (found.shown is not None) == (found.kind == "picture")
        assert (found.thumbnail is not None) == (found.kind in ("picture", "video") or ending == "pdf")
        assert (found.width is None) == (found.thumbnail is None)


@pytest.mark.parametrize("name", SAMPLES)
def test_each_type_is_refused_under_a_name_of_another(refusal: Refusal, name: str) -> None:
    file = samples.of(SAMPLES[name])
    wrong = "results.docx" if name.endswith((".pdf", ".zip")) else "results.pdf"
    assert refusal(file, wrong) == Unreadable.BELIES
    assert refusal(file, "results.exe") == Unreadable.DANGEROUS


@pytest.mark.parametrize(
    ("name", "make", "ending"),
    [
        ("IMG_0001.jpg", samples.heic, ".heic"),
        ("IMG_0001.HEIC", samples.jpeg, ".jpg"),
        ("IMG_0001.JPG. ", samples.jpeg, ".jpg"),
        ("screen.png", samples.webp, ".webp"),
        ("memo.mp3", samples.ogg, ".ogg"),
        ("voice.mp4", samples.m4a, ".m4a"),
        ("voice.opus", samples.ogg, ".ogg"),
        ("film.mov", samples.mp4, ".mp4"),
        ("letter.zip", samples.docx, ".docx"),
        ("letter.doc", samples.rtf, ".rtf"),  # as laboratories send
        ("letter.odt", samples.docx, ".docx"),
        ("table.xls", samples.xlsx, ".xlsx"),
        ("анализы от 12.05", samples.pdf, ".pdf"),
        ("письмо.док", samples.doc, ".doc"),
        ("архив.tar.z1234567", samples.zip_, ".zip"),
    ],
)
def test_harmless_misnomers_are_forgiven(examine: Look, name: str, make: Callable[[], bytes], ending: str) -> None:
    assert examine(samples.of(make), name).ending == ending


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("letter.docx", samples.zip_),
        ("table.xls", samples.doc),
        ("photo.jpg", samples.pdf),
        ("photo.mp4", samples.jpeg),
        ("film.avi", samples.mp4),
    ],
)
def test_names_that_belie_are_refused(refusal: Refusal, name: str, make: Callable[[], bytes]) -> None:
    assert refusal(samples.of(make), name) == Unreadable.BELIES


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("note.html", samples.txt),
        ("note.svg", samples.txt),
        ("letter.pdf.exe", samples.pdf),
        ("letter.pdf.exe. ", samples.pdf),
    ],
)
def test_names_of_programs_are_dangerous(refusal: Refusal, name: str, make: Callable[[], bytes]) -> None:
    assert refusal(samples.of(make), name) == Unreadable.DANGEROUS


def jar() -> bytes:
    return samples.archive(**{"META-INF__MANIFEST.MF": b"Main-Class: A"})


@pytest.mark.parametrize(
    ("name", "file", "reason"),
    [
        ("photo.jpg", samples.svg(), Unreadable.DANGEROUS),
        ("photo.jpg", samples.html(), Unreadable.DANGEROUS),
        ("note.txt", samples.html(), Unreadable.DANGEROUS),
        ("note.txt", b"\xef\xbb\xbf \n" + samples.svg(), Unreadable.DANGEROUS),
        ("note.txt", "Заключение\n<ScRipt>alert(1)</script>".encode(), Unreadable.DANGEROUS),
        ("note.txt", b"#!/bin/sh\nrm -rf /\n", Unreadable.DANGEROUS),
        ("note.txt", b"%!PS-Adobe-3.0\n", Unreadable.UNKNOWN),
        ("note.txt", b"<?xml version='1.0'?><ecg/>", Unreadable.UNKNOWN),
        ("note.txt", b"\x98\xdb\xb2 are no letters of one alphabet", Unreadable.UNKNOWN),
        ("scan.dcm", samples.exe(), Unreadable.DANGEROUS),
        ("scan.dcm", b"MZ" + samples.dicom()[2:], Unreadable.DANGEROUS),
        ("letter.doc", samples.installer(), Unreadable.UNKNOWN),
        ("slides.zip", samples.pptx(), Unreadable.SLIDES),
        ("archive.zip", jar(), Unreadable.DANGEROUS),
        ("archive.zip", b"Rar!\x1a\x07\x00" + bytes(50), Unreadable.ARCHIVE),
        ("film.webm", samples.webm_film(), Unreadable.OTHER_FILM),
        ("photo.heic", b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf" + bytes(50), Unreadable.OTHER_PICTURE),
        ("photo.jpg", b"BM" + bytes(60), Unreadable.OTHER_PICTURE),
    ],
)
def test_what_is_not_on_the_list_hears_why(refusal: Refusal, name: str, file: bytes, reason: str) -> None:
    assert refusal(file, name) == reason


@pytest.mark.parametrize(
    "text",
    [
        b"The free text begins as a film of QuickTime does",
        "является пациентом".encode("cp1251"),
        "ятрогения".encode("cp1251"),  # these two letters begin a frame of MP3
        b"BMI 24",
        "<5 ед/мл, a<b>c".encode(),
        "конец\r\n\x1a".encode(),
        b"\xef\xbb\xbf1;2\n",
    ],
)
def test_plain_words_are_text(examine: Look, text: bytes) -> None:
    assert examine(text, "note.txt").mimetype == "text/plain"


def test_an_empty_file_is_said_to_be_empty(refusal: Refusal) -> None:
    assert refusal(b"", "photo.jpg") == Unreadable.EMPTY


# Pictures


def corners(path: Path) -> list[tuple[int, ...]]:
    image = picture_in(path)
    left, top, right, bottom = 50, 50, image.width - 50, image.height - 50
    return [image.getpixel(at) for at in ((left, top), (right, top), (left, bottom), (right, bottom))]  # type: ignore[misc]


def alike(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 25 for a, b in zip(one, other, strict=True))


UPRIGHT = [RED, GREEN, BLUE, YELLOW]
TURNED = {1: UPRIGHT, 3: UPRIGHT[::-1], 6: [BLUE, RED, YELLOW, GREEN], 8: [GREEN, YELLOW, RED, BLUE]}
MIRRORED = {2: [GREEN, RED, YELLOW, BLUE], 4: [BLUE, YELLOW, RED, GREEN], 5: [RED, BLUE, GREEN, YELLOW]}


@pytest.mark.parametrize(("orientation", "seen"), (TURNED | MIRRORED).items())
@pytest.mark.parametrize("make", [samples.jpeg, samples.heic])
def test_photos_stand_upright(examine: Look, make: Callable[..., bytes], orientation: int, seen: list[object]) -> None:
    found = examine(make(orientation=orientation), "photo.jpg")
    assert found.shown is not None
    assert found.thumbnail is not None
    for path in (found.shown, found.thumbnail):
        assert all(map(alike, corners(path), seen))
    assert (found.width, found.height) == ((640, 480) if orientation < 5 else (480, 640))
    assert picture_in(found.shown).size == (found.width, found.height)


def test_what_is_shown_is_a_small_jpeg_that_tells_nothing(examine: Look) -> None:
    found = examine(samples.jpeg(4032, 3024), "photo.jpg")
    assert found.shown is not None
    assert found.thumbnail is not None
    for path, size in ((found.shown, (2560, 1920)), (found.thumbnail, (480, 360))):
        image = picture_in(path)
        assert (image.format, image.size, image.mode) == ("JPEG", size, "RGB")
        assert image.info["progressive"]
        assert not image.getexif()
        assert image.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}


def test_transparency_is_shown_on_white(examine: Look) -> None:
    found = examine(samples.png(), "screen.png")
    assert found.shown is not None
    image = picture_in(found.shown)
    assert alike(image.getpixel((10, 10)), (255, 255, 255))  # type: ignore[arg-type]
    assert alike(image.getpixel((60, 60)), RED)  # type: ignore[arg-type]


def test_sixteen_bits_are_scaled_not_cut(examine: Look) -> None:
    found = examine(samples.deep_png(), "xray.png")
    assert found.shown is not None
    shown = picture_in(found.shown).convert("L")
    assert [abs(shown.getpixel((128, y)) - y) < 4 for y in (10, 128, 245)] == [True] * 3  # type: ignore[operator]


def test_colours_are_shown_as_their_profile_says(examine: Look) -> None:
    """In this profile red and green have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = profile.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))
    found = examine(samples.as_bytes(samples.picture(), "JPEG", icc_profile=swapped), "photo.jpg")
    assert found.shown is not None
    red, green, *_ = corners(found.shown)
    assert red[1] > 180 > 100 > red[2]
    assert green[0] > 100 > green[1] - 30


def test_moving_pictures_show_their_first_frame(examine: Look) -> None:
    for make in (samples.gif, samples.moving_webp):
        found = examine(samples.of(make), "")
        assert found.shown is not None
        assert all(map(alike, corners(found.shown), UPRIGHT))


def test_print_colours_are_shown(examine: Look) -> None:
    found = examine(samples.of(samples.cmyk_jpeg), "print.jpg")
    assert found.shown is not None
    assert all(map(alike, corners(found.shown), UPRIGHT))


# Places


@pytest.mark.parametrize("name", [name for name, make in SAMPLES.items() if any(x in samples.of(make) for x in PLACES)])
def test_no_place_is_left_anywhere(examine: Look, name: str) -> None:
    found = examine(samples.of(SAMPLES[name]), name)
    for path in filter(None, (found.original, found.shown, found.thumbnail)):
        assert [place for place in PLACES if place in path.read_bytes()] == []


@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.webp, samples.heic, samples.deep_png])
def test_camera_data_stay_in_the_original_but_for_the_place(examine: Look, make: Callable[..., bytes]) -> None:
    before = picture_in(samples.of(make)).getexif()
    after = picture_in(examine(samples.of(make)).original).getexif()
    assert before.get_ifd(GPS)
    assert not after.get_ifd(GPS)
    assert after[MAKE] == before[MAKE] == "Apple"
    assert after.get_ifd(0x8769) == before.get_ifd(0x8769) != {}


def test_the_original_stays_turned_as_it_was(examine: Look) -> None:
    original = examine(samples.jpeg(orientation=6)).original
    assert picture_in(original).getexif()[ORIENTATION] == 6


@pytest.mark.parametrize("make", [samples.jpeg, samples.png, samples.deep_png, samples.webp, samples.gif, samples.heic])
def test_cleaning_loses_no_bit_of_a_picture(examine: Look, make: Callable[..., bytes]) -> None:
    sent = picture_in(samples.of(make))
    kept = picture_in(examine(samples.of(make)).original)
    assert (kept.mode, kept.size, getattr(kept, "n_frames", 1)) == (sent.mode, sent.size, getattr(sent, "n_frames", 1))
    assert kept.tobytes() == sent.tobytes()
    assert kept.info.get("icc_profile") == sent.info.get("icc_profile")


def damaged(place: bytes, away: int, damage: bytes) -> bytes:
    file = bytearray(samples.jpeg(orientation=6))
    at = file.index(place) + away
    file[at : at + len(damage)] = damage
    return bytes(file)


@pytest.mark.parametrize(
    "file",
    [
        damaged(b"\x88\x25\0\x04", 8, b"\x7f\xff\xff\xff"),  # the place is said to lie elsewhere
        damaged(b"\x88\x25\0\x04", 8, b"\0\0\0\x08"),  # or to be all the rest
        damaged(b"\x88\x25\0\x04", 0, b"\x98"),  # or nobody knows any more that it is one
    ],
)
def test_a_place_that_is_badly_pointed_at_is_removed_too(examine: Look, file: bytes) -> None:
    found = examine(file, "photo.jpg")
    assert [place for place in PLACES if place in found.original.read_bytes()] == []
    kept = picture_in(found.original).getexif()
    assert (kept[MAKE], kept[ORIENTATION]) == ("Apple", 6)
    assert not kept.get_ifd(GPS)


def test_a_place_that_lies_within_something_else_is_removed_too(examine: Look) -> None:
    """The camera's name is said to be so long that it reaches into it."""
    found = examine(damaged(b"\x01\x10\0\x02", 6, b"\1"), "photo.jpg")
    assert [place for place in PLACES if place in found.original.read_bytes()] == []


def test_damaged_camera_data_are_given_up_but_how_the_photo_stands(examine: Look) -> None:
    found = examine(damaged(b"MM\0*\0\0\0\x08", 8, b"\xff\xff"), "photo.jpg")
    assert picture_in(found.original).getexif() == {ORIENTATION: 6}
    assert [place for place in PLACES if place in found.original.read_bytes()] == []
    assert (found.width, found.height) == (480, 640)


def test_the_film_beside_an_iphone_photo_is_blanked(examine: Look) -> None:
    film = samples.of(samples.mov)
    beside = (len(film) + 8).to_bytes(4, "big") + b"mpvd" + film
    found = examine(samples.of(samples.heic) + beside, "photo.heic")
    assert not any(place in found.original.read_bytes() for place in PLACES)
    assert found.original.stat().st_size == len(samples.of(samples.heic) + beside)


@pytest.mark.parametrize("make", [samples.plain_jpeg, samples.moving_webp, samples.pdf, samples.docx, samples.mp3])
def test_what_tells_nothing_stays_as_it_was_sent(examine: Look, tmp_path: Path, make: Callable[..., bytes]) -> None:
    found = examine(samples.of(make))
    assert found.original == tmp_path / "sent"
    assert found.original.read_bytes() == samples.of(make)


@pytest.mark.parametrize("name", ["photo.jpg", "screen.png", "picture.webp", "moving.gif", "IMG_0001.HEIC", "film.mp4"])
def test_a_clean_original_is_not_cleaned_again(examine: Look, tmp_path: Path, name: str) -> None:
    again = examine(samples.of(SAMPLES[name])).original.read_bytes()
    assert examine(again, name).original == tmp_path / "sent"


# Bombs and chimeras


def webp_bomb() -> bytes:
    head = b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + (16_382).to_bytes(3, "little") * 2
    return b"RIFF" + (len(head) + 4).to_bytes(4, "little") + b"WEBP" + head


def gif_bomb() -> bytes:
    return b"GIF89a" + struct.pack("<HH", 60_000, 60_000) + samples.of(samples.gif)[10:]


def jpeg_bomb() -> bytes:
    return re.sub(
        rb"(\xff\xc0..\x08)....",
        lambda found: found[1] + b"\xea\x60" * 2,
        samples.of(samples.plain_jpeg),
        flags=re.DOTALL,
    )


@pytest.mark.parametrize("make", [samples.bomb, webp_bomb, gif_bomb, jpeg_bomb])
def test_a_bomb_is_refused_before_it_takes_memory(
    refusal: Refusal, monkeypatch: pytest.MonkeyPatch, make: Callable[[], bytes]
) -> None:
    monkeypatch.setattr(media.decoder_process, "MEMORY", 100 * 1024 * 1024)
    assert refusal(make(), "") == Unreadable.TOO_LARGE


def test_a_page_hidden_in_a_photo_is_gone(examine: Look) -> None:
    found = examine(samples.jpeg_and_html(), "photo.jpg")
    assert found.mimetype == "image/jpeg"
    assert b"script" not in found.original.read_bytes()
    assert found.shown is not None
    assert b"script" not in found.shown.read_bytes()


def test_an_archive_behind_a_picture_is_gone(examine: Look) -> None:
    found = examine(samples.gif_and_zip(), "moving.gif")
    assert found.mimetype == "image/gif"
    assert b"PK\x05\x06" not in found.original.read_bytes()


def test_a_pdf_that_is_also_a_page_is_only_a_pdf(examine: Look, refusal: Refusal) -> None:
    assert examine(samples.pdf_and_html(), "letter.pdf").mimetype == "application/pdf"
    assert refusal(samples.pdf_and_html(), "letter.html") == Unreadable.DANGEROUS
    assert refusal(samples.html() + samples.pdf(), "letter.pdf") == Unreadable.DANGEROUS


# PDF


def test_the_first_page_of_a_pdf_is_drawn(examine: Look) -> None:
    found = examine(samples.pdf(3), "results.pdf")
    assert (found.width, found.height) == (595, 842)
    assert found.thumbnail is not None
    image = picture_in(found.thumbnail)
    assert image.size == (340, 480)
    assert alike(image.getpixel((300, 20)), (128, 128, 128))  # type: ignore[arg-type]


def test_a_locked_pdf_is_taken_without_a_look(examine: Look) -> None:
    found = examine(samples.pdf(password=b"secret"), "results.pdf")
    assert (found.mimetype, found.thumbnail, found.width) == ("application/pdf", None, None)


def test_a_pdf_of_no_pages_is_broken(refusal: Refusal) -> None:
    assert refusal(b"%PDF-1.4\n" + b"nothing " * 50, "results.pdf") == Unreadable.BROKEN


# Films and sound


@pytest.mark.parametrize(
    ("make", "mimetype", "ending", "plays"),
    [
        (samples.mp4, "video/mp4", ".mp4", True),
        (samples.mov, "video/mp4", ".mp4", True),
        (samples.hevc_mov, "video/quicktime", ".mov", False),
        (lambda: samples.film("mp4", "libx265", 0.2), "video/mp4", ".mp4", False),
        (lambda: samples.film("mp4", "libx264", 0.2, pixels="yuv444p"), "video/mp4", ".mp4", False),
        (lambda: samples.film("mp4", "libx264", 0.2, voice="libopus"), "video/mp4", ".mp4", False),
        (lambda: samples.film("mov", "libx264", 0.2, voice="pcm_s16le"), "video/quicktime", ".mov", False),
    ],
)
def test_films_that_every_engine_plays_are_told_apart(
    examine: Look, make: Callable[[], bytes], mimetype: str, ending: str, plays: bool
) -> None:
    found = examine(make(), "film.mov")
    assert (found.kind, found.mimetype, found.ending, found.plays) == ("video", mimetype, ending, plays)


@pytest.mark.parametrize("make", [samples.mp4, samples.hevc_mov])
@pytest.mark.parametrize("turned", [0, 90, 180, -90])
def test_films_stand_upright_before_and_after_cleaning(examine: Look, make: Callable[..., bytes], turned: int) -> None:
    sent = make(turned=turned)
    found = examine(sent, "film.mov")
    assert (found.width, found.height) == ((240, 320) if turned % 180 else (320, 240))
    assert found.thumbnail is not None
    seen = {0: UPRIGHT, 90: [GREEN, YELLOW, RED, BLUE], 180: UPRIGHT[::-1], -90: [BLUE, RED, YELLOW, GREEN]}
    assert all(map(alike, corners(found.thumbnail), seen[turned]))
    with av.open(io.BytesIO(sent)) as before, av.open(str(found.original)) as after:
        assert next(after.decode(video=0)).rotation == next(before.decode(video=0)).rotation


def test_an_iphone_held_upright_films_upright(examine: Look) -> None:
    """The matrix as Apple writes it: a quarter clockwise."""
    file = bytearray(samples.of(samples.hevc_mov))
    at = file.index(b"tkhd") + 44
    file[at : at + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 240 << 16, 0, 1 << 30)
    found = examine(bytes(file), "film.mov")
    assert found.thumbnail is not None
    assert all(map(alike, corners(found.thumbnail), [BLUE, RED, YELLOW, GREEN]))


def packets(file: Path | io.BytesIO) -> dict[str, list[bytes]]:
    with av.open(file) as film:
        kinds = {stream.type: [] for stream in film.streams}
        for packet in film.demux():
            kinds[packet.stream.type].append(bytes(packet))
        return kinds


@pytest.mark.parametrize("make", [samples.mp4, samples.mov, samples.hevc_mov, samples.m4a])
def test_cleaning_loses_no_bit_of_a_film(examine: Look, make: Callable[[], bytes]) -> None:
    sent = packets(io.BytesIO(samples.of(make)))
    kept = packets(examine(samples.of(make)).original)
    sent.pop("subtitle", None)  # where the drone was
    assert kept == sent
    assert len(kept["audio"]) > 10


def test_a_film_plays_while_it_is_loaded(examine: Look) -> None:
    file = examine(samples.of(samples.mp4)).original.read_bytes()
    assert file.index(b"moov") < file.index(b"mdat")


def test_a_film_that_begins_in_the_dark_shows_what_follows(examine: Look) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for image in [Image.new("RGB", (320, 240))] * 8 + [samples.picture(320, 240)] * 4:
            out.mux(stream.encode(av.VideoFrame.from_image(image)))
        out.mux(stream.encode(None))
    found = examine(file.getvalue(), "film.mp4")
    assert found.thumbnail is not None
    assert all(map(alike, corners(found.thumbnail), UPRIGHT))


@pytest.mark.parametrize("make", [samples.mp3, samples.m4a, samples.ogg, samples.wav, samples.webm, samples.fragments])
def test_the_length_of_sound_is_known(examine: Look, make: Callable[..., bytes]) -> None:
    assert examine(make(2.0)).seconds == pytest.approx(2.0, abs=0.1)


def test_a_voice_that_cannot_be_wound_back_is_read_twice(examine: Look, tmp_path: Path) -> None:
    """As Firefox records it: neither length nor index."""
    found = examine(samples.voice_of_firefox(), "voice.webm")
    assert (found.kind, found.mimetype, found.seconds) == ("audio", "audio/webm", pytest.approx(3.2, abs=0.05))
    assert media.to_voice(found.original, tmp_path, 300)[1] == pytest.approx(3.2, abs=0.05)


def test_sound_without_a_sound_is_broken(refusal: Refusal) -> None:
    assert refusal(b"ID3\x04\0\0\0\0\0\0" + bytes(3000), "song.mp3") == Unreadable.BROKEN
    assert refusal(b"RIFF\x24\0\0\0WAVEfmt " + bytes(30), "song.wav") == Unreadable.BROKEN


# Voice


@pytest.mark.parametrize("make", [samples.webm, samples.ogg, samples.fragments, samples.m4a, samples.wav])
def test_a_voice_becomes_what_every_phone_plays(tmp_path: Path, make: Callable[..., bytes]) -> None:
    source = tmp_path / "spoken"
    source.write_bytes(make(3.0))
    voice, seconds = media.to_voice(source, tmp_path, 300)
    assert seconds == pytest.approx(3.0, abs=0.05)
    with av.open(str(voice)) as heard:
        (stream,) = heard.streams
        assert (stream.codec_context.name, stream.codec_context.profile) == ("aac", "LC")
        assert (stream.rate, stream.codec_context.layout.name) == (32_000, "mono")
        assert heard.duration / av.time_base == pytest.approx(seconds, abs=0.01)
    file = voice.read_bytes()
    assert file[4:12] == b"ftypM4A "
    assert file.index(b"moov") < file.index(b"mdat")
    assert len(file) < 3 * 48_000 / 8 + 4000


def test_a_voice_over_its_limit_is_too_long(tmp_path: Path) -> None:
    source = tmp_path / "spoken"
    source.write_bytes(samples.webm(2.0))
    with pytest.raises(Unreadable, match=Unreadable.TOO_LONG):
        media.to_voice(source, tmp_path, 1.9)
    assert media.to_voice(source, tmp_path, 2.0)[1] == pytest.approx(2.0, abs=0.05)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", Unreadable.EMPTY),
        (samples.jpeg(), Unreadable.UNKNOWN),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm" + bytes(100), Unreadable.BROKEN),
    ],
)
def test_what_is_no_voice_is_refused(tmp_path: Path, file: bytes, reason: str) -> None:
    source = tmp_path / "spoken"
    source.write_bytes(file)
    with pytest.raises(Unreadable, match=reason):
        media.to_voice(source, tmp_path, 300)


# Portraits


@pytest.mark.parametrize(("cut", "seen"), [("start", RED), ("middle", GREEN), ("end", BLUE), ("odd", GREEN)])
@pytest.mark.parametrize("size", [(900, 300), (300, 900)])
def test_portrait_is_a_square_part(tmp_path: Path, size: tuple[int, int], cut: str, seen: tuple[int, int, int]) -> None:
    image = Image.new("RGB", size, GREEN)
    image.paste(RED, (0, 0, 300, 300))
    image.paste(BLUE, (size[0] - 300, size[1] - 300, *size))
    source = tmp_path / "sent"
    image.save(source, "PNG")
    square = picture_in(media.to_square(source, tmp_path, cut)).convert("RGB")
    assert square.size == (300, 300)
    pixel = square.getpixel((150, 150))
    assert isinstance(pixel, tuple)
    assert max(abs(one - other) for one, other in zip(pixel, seen, strict=True)) < 12


def test_portrait_is_small_enough(tmp_path: Path) -> None:
    source = tmp_path / "sent"
    Image.new("RGB", (3000, 2000), RED).save(source, "JPEG")
    assert picture_in(media.to_square(source, tmp_path, "middle")).size == (512, 512)


@pytest.mark.parametrize("file", [b"%PDF-1.4", b"\xff\xd8\xff\xe0 torn", "Здравствуйте".encode()])
def test_portrait_of_no_picture_is_refused(tmp_path: Path, file: bytes) -> None:
    source = tmp_path / "sent"
    source.write_bytes(file)
    with pytest.raises(Unreadable):
        media.to_square(source, tmp_path, "middle")
