"""Files as people's machines really leave them: old phones, laboratories' programs, scanners, Notepad and DOS.

Each function gives the bytes of one; TAKEN and REFUSED say what becomes of each under a name people give it.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import av
import samples
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from samples import ISO6709, as_bytes, picture

# Sound and films of old phones


def phone_film(picture_codec: str, sound_codec: str, format: str = "3gp") -> bytes:
    """A second of 176 × 144, as phones of 2008–2014 filmed, with the place in «udta»."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as out:
        seen = out.add_stream(picture_codec, rate=25)
        seen.width, seen.height, seen.pix_fmt = 176, 144, "yuv420p"
        heard = _sound_stream(out, sound_codec)
        for number in range(25):
            frame = VideoFrame.from_image(picture(176, 144)).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(seen.encode(frame))
        out.mux(seen.encode(None))
        _speak(out, heard)
    return with_place(file.getvalue())


def phone_sound(codec: str, format: str) -> bytes:
    """A second of speech; what lies in boxes tells its place."""
    file = io.BytesIO()
    with av.open(file, "w", format=format) as out:
        _speak(out, _sound_stream(out, codec))
    return with_place(file.getvalue()) if format in ("3gp", "3g2", "mp4", "ipod") else file.getvalue()


def _sound_stream(out: av.container.OutputContainer, codec: str) -> av.audio.stream.AudioStream:
    rate = {"libopencore_amrnb": 8000, "libvo_amrwbenc": 16000}.get(codec, 44100)
    stream = out.add_stream(codec, rate=rate, layout="mono")
    if codec == "libopencore_amrnb":
        stream.bit_rate = 12_200
    assert isinstance(stream, av.audio.stream.AudioStream)
    return stream


def _speak(out: av.container.OutputContainer, stream: av.audio.stream.AudioStream) -> None:
    for number in range(50):
        count = stream.rate // 50
        frame = AudioFrame(format="s16", layout="mono", samples=count)
        frame.planes[0].update(b"".join(struct.pack("<h", i * 37 % 9000) for i in range(count)))
        frame.sample_rate, frame.pts, frame.time_base = stream.rate, number * count, Fraction(1, stream.rate)
        out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def with_place(film: bytes) -> bytes:
    """As Androids end it, and «loci» as 3GPP wants it (TS 26.244, 8.9)."""
    moov = film.rindex(b"moov") - 4
    end = moov + int.from_bytes(film[moov : moov + 4], "big")
    xyz = len(ISO6709).to_bytes(2, "big") + b"\x15\xc7" + ISO6709.encode()
    loci = bytes(4) + b"\x15\xc7Vyborgshire\0\0" + struct.pack(">3i", 37 << 16, 55 << 16, 0) + b"earth\0\0"
    udta = _box(b"udta", _box(b"\xa9xyz", xyz) + _box(b"loci", loci))
    return film[:moov] + _box(b"moov", film[moov + 8 : end] + udta) + film[end:]


def _box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + name + body


def as_phones_say(film: bytes, major: bytes, *others: bytes) -> bytes:
    """The same with the brands that phones write."""
    size = int.from_bytes(film[:4], "big")
    said = b"".join((major, bytes(4), *(others or (major,))))
    return _box(b"ftyp", said) + film[size:] if size == len(said) + 8 else _moved(film, size, said)


def _moved(film: bytes, size: int, said: bytes) -> bytes:
    """The list of places counts from the beginning: the head keeps its length."""
    room = size - 8 - len(said)
    return _box(b"ftyp", said + said[:4] * (room // 4)) + film[size:] if room >= 0 else film


def tagged(sound: bytes) -> bytes:
    title = b"TIT2" + (8).to_bytes(4, "big") + b"\0\0\0Zapis 1"
    return b"ID3\x03\0\0\0\0\0" + bytes((len(title),)) + title + sound


NB, WB = "libopencore_amrnb", "libvo_amrwbenc"
h263_amr = partial(phone_film, "h263", NB)
h263_aac = partial(phone_film, "h263", "aac")
mpeg4_amr = partial(phone_film, "mpeg4", NB)
h264_amr = partial(phone_film, "libx264", NB)
mpeg4_aac = partial(phone_film, "mpeg4", "aac")
h264_aac = partial(phone_film, "libx264", "aac")
amr = partial(phone_sound, NB, "amr")
adts = partial(phone_sound, "aac", "adts")


# Documents


def package(contents: str, *parts: str, names: str = "[Content_Types].xml") -> bytes:
    """An office's file whose list of contents is called `names`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        out.writestr(names, contents)
        for part in parts:
            out.writestr(part, b"<x/>")
    return file.getvalue()


def said(part: str, kind: str, quote: str = '"') -> str:
    return (
        f"<Types><Default Extension={quote}rels{quote} ContentType={quote}application/xml{quote}/>"
        f"<Override PartName={quote}/{part}{quote} ContentType={quote}{kind}{quote}/></Types>"
    )


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
WITH_MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"
SLIDES = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"


def word_online(part: str = "word/document2.xml", names: str = "[Content_Types].xml", quote: str = '"') -> bytes:
    return package(said(part, WORD, quote), part, names=names)


def excel_of_a_program(part: str = "xl/Workbook.xml", names: str = "[Content_Types].xml") -> bytes:
    return package(said(part, EXCEL), part, names=names)


def locked_office() -> bytes:
    return samples.compound("EncryptedPackage")


FORM = (
    b'------WebKitFormBoundary7MA4YWxkTrZu0gW\r\nContent-Disposition: form-data; name="file"; filename="r.pdf"\r\n'
    b"Content-Type: application/pdf\r\n\r\n"
)
FORM_END = b"\r\n------WebKitFormBoundary7MA4YWxkTrZu0gW--\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\nConnection: close\r\n\r\n"


def pdf_behind(junk: bytes, after: bytes = b"") -> bytes:
    return junk + samples.pdf() + after


RUSSIAN = (
    "Общий анализ крови\r\nГемоглобин 132 г/л\r\nШумов в сердце нет. Жалобы на боль в груди.\r\n"
    "Заключение: здоров, Ёлкин А.А.\r\n"
)
TABLE = "╔════════╦══════╗\r\n║ Ширина ║  12  ║\r\n╚════════╩══════╝\r\nШейный отдел без изменений\r\n"


def text_in(encoding: str, mark: bytes = b"", text: str = RUSSIAN) -> bytes:
    return mark + text.encode(encoding)


def dicom_without_preamble(*, is_explicit: bool = True) -> bytes:
    """The elements at once, as scanners of the nineties wrote them."""
    elements = [
        (8, 8, b"CS", b"ORIGINAL\\PRIMARY "),
        (8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.4\0"),
        (8, 0x60, b"CS", b"MR"),
    ]
    return b"".join(_element(*one, is_explicit=is_explicit) for one in elements) + b"\xff" * 60


def _element(group: int, number: int, kind: bytes, value: bytes, *, is_explicit: bool) -> bytes:
    if is_explicit:
        return struct.pack("<HH2sH", group, number, kind, len(value)) + value
    return struct.pack("<HHI", group, number, len(value)) + value


def dicom_behind(preamble: bytes) -> bytes:
    return preamble.ljust(128, b"\0") + samples.dicom()[128:]


class Taken(NamedTuple):
    name: str
    make: Callable[[], bytes]
    mimetype: str
    stored: str  # under which name
    plays: bool = True


TEXT, PDF, DICOM, ZIP = "text/plain", "application/pdf", "application/dicom", "application/zip"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
GP, GP_SOUND, MP4, M4A, AMR = "video/3gpp", "audio/3gpp", "video/mp4", "audio/mp4", "audio/amr"

FILMS = (
    Taken("VID_0001.3gp", h263_amr, GP, "VID_0001.3gp", plays=False),
    Taken("VID_0002.3gp", h263_aac, GP, "VID_0002.3gp", plays=False),
    Taken("VIDEO0003.3gp", mpeg4_amr, GP, "VIDEO0003.3gp", plays=False),
    Taken("MOV004.3gp", h264_amr, GP, "MOV004.3gp", plays=False),
    Taken("MOV005.mp4", h264_amr, GP, "MOV005.3gp", plays=False),
    Taken("MOV006.3gpp", mpeg4_aac, MP4, "MOV006.mp4", plays=False),
    Taken("VID_20140101.3gp", h264_aac, MP4, "VID_20140101.mp4"),
    Taken("без имени", h263_amr, GP, "без имени.3gp", plays=False),
    Taken("brand.3gp", lambda: as_phones_say(h264_amr(), b"3gp5", b"3gp5"), GP, "brand.3gp", plays=False),
    Taken("brand.3g2", lambda: as_phones_say(mpeg4_amr(), b"3g2a", b"3g2a"), GP, "brand.3g2", plays=False),
    Taken("video.3g2", partial(phone_film, "mpeg4", "aac", "3g2"), MP4, "video.mp4", plays=False),
    Taken("old.mov", partial(phone_film, "h263", NB, "mov"), "video/quicktime", "old.mov", plays=False),
)
SOUNDS = (
    Taken("Voice 003.amr", amr, AMR, "Voice 003.amr", plays=False),
    Taken("Запись", amr, AMR, "Запись.amr", plays=False),
    Taken("Voice.3gp", partial(phone_sound, NB, "3gp"), GP_SOUND, "Voice.3gp", plays=False),
    Taken("Voice.3gpp", partial(phone_sound, NB, "3gp"), GP_SOUND, "Voice.3gpp", plays=False),
    Taken("Voice.m4a", partial(phone_sound, NB, "3gp"), GP_SOUND, "Voice.3gp", plays=False),
    Taken("Voice2.3gp", partial(phone_sound, "aac", "3gp"), M4A, "Voice2.m4a"),
    Taken("Recording.aac", adts, M4A, "Recording.m4a"),
    Taken("Recording", adts, M4A, "Recording.m4a"),
    Taken("Recording.m4a", adts, M4A, "Recording.m4a"),
    Taken("Song.aac", lambda: tagged(adts()), M4A, "Song.m4a"),
    Taken("Recording 9.aac", partial(phone_sound, "aac", "ipod"), M4A, "Recording 9.m4a"),
    Taken("AUD-WA001.opus", samples.ogg, "audio/ogg", "AUD-WA001.opus", plays=False),
    Taken("voice.weba", samples.webm, "audio/webm", "voice.weba", plays=False),
    Taken("memo.wav", samples.wav, "audio/wav", "memo.wav"),
)
DOCUMENTS = (
    *(
        Taken(name, samples.pdf, PDF, f"{name.rstrip('.')}.pdf")
        for name in (
            "MRI.Smith", "Анализ крови.v2", "Выписка Иванов.А.С", "УЗИ.Петрова", "КТ от 27.05.24", "scan.p1",
            "ЭКГ.final", "invitro.com", "Report.J.R", "осмотр.ЛОР", "Заключение №1.", "выписка.2024г",
        )
    ),
    Taken("выписка.docx", locked_office, DOCX, "выписка.docx"),
    Taken("таблица.xlsx", locked_office, XLSX, "таблица.xlsx"),
    Taken("online.docx", word_online, DOCX, "online.docx"),
    Taken("online", partial(word_online, "word/document3.xml"), DOCX, "online.docx"),
    Taken("КАПС.DOCX", partial(word_online, "WORD/DOCUMENT.XML", "[CONTENT_TYPES].XML"), DOCX, "КАПС.DOCX"),
    Taken("1c.docx", partial(word_online, "word\\document.xml", quote="'"), DOCX, "1c.docx"),
    Taken("mis.xlsx", excel_of_a_program, XLSX, "mis.xlsx"),
    Taken("mis2.xlsx", partial(excel_of_a_program, "xl/book.xml", "[content_types].xml"), XLSX, "mis2.xlsx"),
    Taken("таблица.ods", lambda: samples.archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"),
          "application/vnd.oasis.opendocument.spreadsheet", "таблица.ods"),
    Taken("form.pdf", partial(pdf_behind, FORM), PDF, "form.pdf"),
    Taken("form2.pdf", partial(pdf_behind, FORM, FORM_END), PDF, "form2.pdf"),
    Taken("http.pdf", partial(pdf_behind, ANSWER), PDF, "http.pdf"),
    Taken("bom.pdf", partial(pdf_behind, b"\xef\xbb\xbf\r\n"), PDF, "bom.pdf"),
    Taken("far.pdf", partial(pdf_behind, b"junk\0" * 200), PDF, "far.pdf"),
    Taken("lab", partial(pdf_behind, b"\x02\x03lab\r\n"), PDF, "lab.pdf"),
    Taken("unicode.txt", partial(text_in, "utf-16-le", b"\xff\xfe"), TEXT, "unicode.txt"),
    Taken("be.txt", partial(text_in, "utf-16-be", b"\xfe\xff"), TEXT, "be.txt"),
    Taken("bare.txt", partial(text_in, "utf-16-le"), TEXT, "bare.txt"),
    Taken("bare be", partial(text_in, "utf-16-be"), TEXT, "bare be.txt"),
    Taken("dos.txt", partial(text_in, "cp866"), TEXT, "dos.txt"),
    Taken("dos capitals.txt", partial(text_in, "cp866", text=RUSSIAN.upper()), TEXT, "dos capitals.txt"),
    Taken("dos table.txt", partial(text_in, "cp866", text=TABLE), TEXT, "dos table.txt"),
    Taken("koi8.txt", partial(text_in, "koi8-r"), TEXT, "koi8.txt"),
    Taken("mac.txt", partial(text_in, "mac-cyrillic"), TEXT, "mac.txt"),
    Taken("windows.txt", partial(text_in, "cp1251"), TEXT, "windows.txt"),
    Taken("давление.csv", partial(text_in, "cp1251", text="дата;верхнее\r\n1.05;120\r\n"), TEXT, "давление.csv"),
    Taken("SER00002.IMA", samples.dicom, DICOM, "SER00002.IMA"),
    Taken("IM-0001-0001", samples.dicom, DICOM, "IM-0001-0001.dcm"),
    Taken("MR.1.2.840.113619.2.55.3", samples.dicom, DICOM, "MR.1.2.840.113619.2.55.3.dcm"),
    Taken("снимок.dic", samples.dicom, DICOM, "снимок.dic"),
    Taken("old.dcm", dicom_without_preamble, DICOM, "old.dcm"),
    Taken("old.ima", partial(dicom_without_preamble, is_explicit=False), DICOM, "old.ima"),
    Taken("vendor.dcm", partial(dicom_behind, b"Exported by Workstation 7.1"), DICOM, "vendor.dcm"),
    Taken("tiff.dcm", partial(dicom_behind, b"II*\0\x08\0\0\0"), DICOM, "tiff.dcm"),
    Taken("диск.zip", samples.zip_, ZIP, "диск.zip"),
)  # fmt: skip

REFUSED: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("выписка", locked_office, "locked"),
    ("презентация.pptx", locked_office, "locked"),
    ("макрос.docx", lambda: package(said("word/document.xml", WITH_MACROS), "word/document.xml"), "dangerous"),
    ("слайды.pptx", lambda: package(said("ppt/presentation.xml", SLIDES), "ppt/presentation.xml"), "slides"),
    ("слайды.odp", lambda: samples.archive(mimetype=b"application/vnd.oasis.opendocument.presentation"), "slides"),
    ("письмо.pages", lambda: samples.archive(**{"Index__Document.iwa": b"x"}), "unknown"),
    ("страница.pdf", lambda: samples.html() + samples.pdf(), "dangerous"),
    ("страница.html", samples.html, "dangerous"),
    ("страница.txt", partial(text_in, "utf-16-le", b"\xff\xfe", "<html><script>alert(1)</script>"), "dangerous"),
    ("скрипт.txt", lambda: b"#!/bin/sh\nrm -rf /\n", "dangerous"),
    ("снимок.dcm", lambda: dicom_behind(b"MZ\x90\0"), "dangerous"),
    ("фото.exe", samples.jpeg, "dangerous"),
    ("архив.rar", lambda: b"Rar!\x1a\x07\x00" + bytes(50), "archive"),
    ("архив.7z", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(50), "archive"),
    ("снимок.bmp", lambda: as_bytes(picture(64, 48), "BMP"), "other_picture"),
    ("скан.tif", lambda: as_bytes(picture(64, 48), "TIFF"), "other_picture"),
    ("фото.avif", lambda: as_bytes(picture(64, 48), "AVIF"), "other_picture"),
    ("видео.webm", samples.webm_film, "other_film"),
    ("видео.avi", lambda: b"RIFF\0\0\1\0AVI LIST" + bytes(99), "other_film"),
    ("песня.flac", lambda: b"fLaC\0\0\0\x22" + bytes(99), "other_sound"),
    ("далеко.pdf", partial(pdf_behind, b"\x01junk" * 400), "unknown"),
    ("анализ.docx", samples.pdf, "belies"),
)


# Pictures that viewers show though something is wrong with them


def long_screen() -> bytes:
    """Messages down to the end of a scrolled screen, and red at its top."""
    image = picture(1080, 14_000)
    image.paste((255, 0, 0), (0, 0, 1080, 400))
    return as_bytes(image, "PNG")


def ecg() -> bytes:
    """Twelve leads, one after another: lines of three points, and green where it begins."""
    image = picture(12_000, 1500)
    image.paste((0, 128, 0), (0, 0, 800, 1500))
    return as_bytes(image, "PNG")


def large_jpeg(width: int = 12_000, height: int = 9000) -> bytes:
    """Of a sensor of 108 megapixels."""
    return as_bytes(picture(width, height), "JPEG", quality=85)


def without_end(file: bytes) -> bytes:
    return file[: file.rindex(b"\xff\xd9")]


def torn(file: bytes, part: float = 0.6) -> bytes:
    return file[: int(len(file) * part)]


def photo(**more: object) -> bytes:
    """With its place, and hard enough that half of the bytes are half of the picture."""
    return as_bytes(samples.noisy(320, 240), "JPEG", exif=samples.camera_data(), quality=85, **more)


def _between(file: bytes, junk: bytes) -> bytes:
    """Bytes where the next segment should begin."""
    end = 4 + int.from_bytes(file[4:6], "big")
    return file[:end] + junk + file[end:]


def _film_in_place_of_the_end() -> bytes:
    """A motion photo whose end was lost: its film, with a place of its own, seems to belong to the picture."""
    return without_end(photo()) + h264_aac()


def two_frames(format: str) -> bytes:
    frames = [picture(160, 120), picture(160, 120).rotate(180)]
    return as_bytes(frames[0], format, save_all=True, append_images=frames[1:], duration=400, loop=0)


def _noisy_png() -> bytes:
    return as_bytes(samples.noisy(320, 240), "PNG", exif=samples.camera_data())


def _wrong_sum() -> bytes:
    file = bytearray(_noisy_png())
    at = file.index(b"eXIf")
    file[at + 60] ^= 1
    return bytes(file)


WITH_FAULTS: dict[str, Callable[[], bytes]] = {
    "no end.jpg": lambda: without_end(photo()),
    "no end, progressive.jpg": lambda: without_end(photo(progressive=True)),
    "no end, grey.jpg": lambda: without_end(samples.grey_jpeg()),
    "half.jpg": lambda: torn(photo()),
    "most, progressive.jpg": lambda: torn(photo(progressive=True), 0.8),
    "zeros between.jpg": lambda: _between(photo(), bytes(7)),
    "words between.jpg": lambda: _between(photo(), b"junk of a scanner"),
    "place between.jpg": lambda: _between(photo(), ISO6709.encode()),
    "film in place of the end.jpg": _film_in_place_of_the_end,
    "no end.png": lambda: _noisy_png()[:-12],
    "half.png": lambda: torn(_noisy_png()),
    "wrong sum.png": _wrong_sum,
    "zero before the end.gif": lambda: two_frames("GIF")[:-1] + b"\0;",
    "zeros before the end.gif": lambda: samples.gif()[:-1] + bytes(9) + b";",
    "no end.gif": lambda: two_frames("GIF")[:-1],
    "unfinished.gif": lambda: torn(two_frames("GIF"), 0.9),
    "unfinished second.gif": lambda: torn(samples.gif(), 0.5),
}
