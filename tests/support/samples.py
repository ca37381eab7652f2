"""Files as people attach them, made here: each function gives the bytes of one, and SAMPLES lists the honest ones.

What was photographed or filmed «happened» at LATITUDE, LONGITUDE: PLACES are the traces of it that a cleaned file must
not hold.
"""

from __future__ import annotations

import hashlib
import io
import struct
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import pillow_heif
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.stream import Stream
from av.video.frame import VideoFrame
from PIL import Image, ImageCms, ImageDraw
from PIL.Image import Exif
from PIL.PngImagePlugin import PngInfo
from PIL.TiffImagePlugin import IFDRational

LATITUDE, LONGITUDE = (55, 45, 20_8443), (37, 37, 3_4567)  # degrees, minutes, seconds × 10,000
ISO6709 = "+55.7579+037.6176/"
FLIGHT = b"GPS(55.7579,37.6176,19)"  # as drones write it second by second, into a track of subtitles
XMP = (
    b'<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description exif:GPSLatitude="55,45.347N"'
    b' photoshop:City="Vyborgshire"/></x:xmpmeta><?xpacket end="w"?>'
)
PLACES = (
    struct.pack("<II", LATITUDE[2], 10_000),
    struct.pack(">II", LATITUDE[2], 10_000),
    struct.pack("<II", LONGITUDE[2], 10_000),
    struct.pack(">II", LONGITUDE[2], 10_000),
    ISO6709.encode(),
    FLIGHT,
    b"GPSLatitude",
    b"Vyborgshire",
)
RED, GREEN, BLUE, YELLOW = (220, 30, 30), (30, 170, 60), (30, 60, 220), (235, 215, 40)

# Pictures


def picture(width: int = 640, height: int = 480) -> Image.Image:
    """Red and green above, blue and yellow below: any turn shows."""
    image = Image.new("RGB", (width, height), RED)
    draw = ImageDraw.Draw(image)
    draw.rectangle((width // 2, 0, width, height // 2), fill=GREEN)
    draw.rectangle((0, height // 2, width // 2, height), fill=BLUE)
    draw.rectangle((width // 2, height // 2, width, height), fill=YELLOW)
    return image


def noisy(width: int, height: int) -> Image.Image:
    """As hard to decode as a photo."""
    noise = Image.effect_noise((width // 4, height // 4), 60).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(picture(width, height), noise.convert("RGB"), 0.4)


def camera_data(orientation: int = 1) -> Exif:
    """What a phone writes into a photo: its name, the time, how it was held, and where."""
    exif = Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Apple", "iPhone 12", orientation
    exif.get_ifd(0x8769).update({0x9003: "2026:05:04 10:11:12", 0x920A: IFDRational(26, 5)})
    exif.get_ifd(0x8825).update({1: "N", 2: _place(LATITUDE), 3: "E", 4: _place(LONGITUDE), 29: "2026:05:04"})
    return exif


def _place(degrees: tuple[int, int, int]) -> tuple[IFDRational, IFDRational, IFDRational]:
    # The last one as 10,000ths, unreduced: what the raw search looks for.
    return IFDRational(degrees[0], 1), IFDRational(degrees[1], 1), IFDRational(degrees[2], 10_000)


def jpeg(width: int = 640, height: int = 480, orientation: int = 1, *, hard: bool = False) -> bytes:
    """With everything that may tell the place: Exif, XMP, IPTC, and a second picture after the end."""
    plain = as_bytes((noisy if hard else picture)(width, height), "JPEG", exif=camera_data(orientation), quality=90)
    iptc = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\x10\x1c\x02\x5a\0\x0bVyborgshire"
    more = _segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP) + _segment(0xED, iptc)
    after_exif = 4 + int.from_bytes(plain[4:6], "big")
    return plain[:after_exif] + more + plain[after_exif:] + b"\0\0\0\x18ftypmp42" + ISO6709.encode()


def plain_jpeg(width: int = 640, height: int = 480) -> bytes:
    """Nothing to remove."""
    return as_bytes(picture(width, height), "JPEG")


def grey_jpeg() -> bytes:
    return as_bytes(picture().convert("L"), "JPEG")


def cmyk_jpeg() -> bytes:
    return as_bytes(picture().convert("CMYK"), "JPEG")


def png(width: int = 640, height: int = 480) -> bytes:
    """With transparency, a colour profile, Exif and XMP."""
    image = picture(width, height).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 40, 40))
    text = PngInfo()
    text.add_itxt("XML:com.adobe.xmp", XMP.decode())
    text.add_text("Comment", f"made at {ISO6709}")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return as_bytes(image, "PNG", exif=camera_data(), pnginfo=text, icc_profile=profile)


def deep_png() -> bytes:
    """16 bits a sample, as an X-ray is exported."""
    grey = Image.linear_gradient("L").convert("I").point(lambda value: value * 257)
    return as_bytes(grey.convert("I;16"), "PNG", exif=camera_data())


def webp() -> bytes:
    return as_bytes(picture(), "WEBP", exif=camera_data(), xmp=XMP)


def moving_webp() -> bytes:
    return as_bytes(picture(), "WEBP", save_all=True, append_images=[picture().rotate(180)], duration=100)


def gif() -> bytes:
    """Two frames, and XMP as Adobe writes it: not in blocks, with a ramp of lengths after it."""
    plain = as_bytes(picture().quantize(16), "GIF", save_all=True, append_images=[picture().rotate(180).quantize(16)])
    ramp = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return plain[:-1] + b"!\xff\x0bXMP DataXMP" + XMP + ramp + b";"


def heic(width: int = 640, height: int = 480, orientation: int = 1, *, hard: bool = False) -> bytes:
    heif = pillow_heif.from_pillow((noisy if hard else picture)(width, height))
    heif.info["exif"] = camera_data(orientation).tobytes()
    heif.info["xmp"] = XMP
    file = io.BytesIO()
    heif.save(file, quality=70, enc_params={"preset": "ultrafast"})
    return file.getvalue()


def as_bytes(image: Image.Image, format: str, **more: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **more)
    return file.getvalue()


def _segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


# Documents


def pdf(pages: int = 1, password: bytes = b"") -> bytes:
    """A4 pages with a grey half and words; with a password nobody can look inside."""
    numbers = range(4, 4 + 2 * pages, 2)
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Kids[%s]/Count %d>>" % (b" ".join(b"%d 0 R" % number for number in numbers), pages),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    key = _PdfLock(password)
    for number in numbers:
        objects[number] = (
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
            % (number + 1)
        )
        words = b"".join(b"BT /F 12 Tf 40 %d Td (Hemoglobin 140 g/l) Tj ET " % (40 + 14 * line) for line in range(50))
        drawing = key.lock(number + 1, b"0.5 g 0 421 595 421 re f 0 g " + words)
        objects[number + 1] = b"<</Length %d>>stream\n%s\nendstream" % (len(drawing), drawing)
    return _pdf_of(objects, key.entry)


def _pdf_of(objects: dict[int, bytes], more: bytes) -> bytes:
    file, places = b"%PDF-1.4\n", []
    for number, body in sorted(objects.items()):
        places.append(len(file))
        file += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer<</Size %d/Root 1 0 R%s>>" % (len(objects) + 1, more)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return file + head + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(file)


class _PdfLock:
    """The standard handler of PDF 1.4: 40-bit RC4."""

    PADDING = bytes.fromhex("28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a")

    def __init__(self, password: bytes) -> None:
        self.key = b""
        self.entry = b""
        if not password:
            return
        padded = (password + self.PADDING)[:32]
        owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
        self.key = hashlib.md5(padded + owner + b"\xfc\xff\xff\xff" + b"ibolit").digest()[:5]
        user = _rc4(self.key, self.PADDING)
        lock = b"/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>/ID[<%s><%s>]"
        self.entry = lock % tuple(part.hex().encode() for part in (owner, user, b"ibolit", b"ibolit"))

    def lock(self, number: int, stream: bytes) -> bytes:
        if not self.key:
            return stream
        return _rc4(hashlib.md5(self.key + number.to_bytes(3, "little") + b"\0\0").digest()[:10], stream)


def _rc4(key: bytes, data: bytes) -> bytes:
    box, j = list(range(256)), 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    out = bytearray()
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def archive(**files: bytes) -> bytes:
    """A ZIP; a name's double underline stands for a slash."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, body in files.items():
            out.writestr(name.replace("__", "/"), body)
    return file.getvalue()


def zip_() -> bytes:
    return archive(scan1=plain_jpeg(80, 60), scan2=plain_jpeg(60, 80))


def docx() -> bytes:
    return archive(**{"[Content_Types].xml": b"<Types/>", "word__document.xml": b"<w:document/>"})


def xlsx() -> bytes:
    return archive(**{"[Content_Types].xml": b"<Types/>", "xl__workbook.xml": b"<workbook/>"})


def pptx() -> bytes:
    return archive(**{"[Content_Types].xml": b"<Types/>", "ppt__presentation.xml": b"<p:presentation/>"})


def odt() -> bytes:
    return archive(mimetype=b"application/vnd.oasis.opendocument.text", **{"content.xml": b"<office/>"})


def doc() -> bytes:
    return compound("WordDocument")


def xls() -> bytes:
    return compound("Workbook")


def installer() -> bytes:
    """An MSI is a compound file like DOC and XLS."""
    return compound("Binary.icon")


def compound(stream: str) -> bytes:
    """An OLE compound file: one sector of allocation, one of directory, eight of the stream."""
    free, end = 0xFFFFFFFF, 0xFFFFFFFE
    header = struct.pack(
        "<8s16sHHHHH6xIIIIIIIIII", bytes.fromhex("d0cf11e0a1b11ae1"), b"", 0x3E, 3, 0xFFFE, 9, 6,
        0, 1, 1, 0, 4096, end, 0, end, 0, 0,
    ) + struct.pack("<108I", *[free] * 108)  # fmt: skip
    chains = [0xFFFFFFFD, end, *range(3, 10), end]
    table = struct.pack("<128I", *chains, *[free] * (128 - len(chains)))
    directory = _entry("Root Entry", 5, end, 0, child=1) + _entry(stream, 2, 2, 4096) + bytes(256)
    return header + table + directory + bytes(4096)


def _entry(name: str, type: int, start: int, size: int, child: int = 0xFFFFFFFF) -> bytes:
    coded = name.encode("utf-16-le")
    nobody = 0xFFFFFFFF
    return struct.pack(
        "<64sHBBIII16sI8s8sIQ", coded, len(coded) + 2, type, 1, nobody, nobody, child, b"", 0, b"", b"", start, size
    )


def rtf() -> bytes:
    return rb"{\rtf1\ansi\ansicpg1251 \'c7\'e0\'ea\'eb\'fe\'f7\'e5\'ed\'e8\'e5}"


def txt() -> bytes:
    return "Заключение: здоров.\r\nГемоглобин\t<140 г/л\n".encode()


def txt_cp1251() -> bytes:
    return "Заключение: здоров.\r\n".encode("cp1251")


def dicom() -> bytes:
    """Only the head: explicit little endian, a patient's name."""
    group = struct.pack("<HH2sH", 2, 0x10, b"UI", 20) + b"1.2.840.10008.1.2.1\0"
    head = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(group)) + group
    return bytes(128) + b"DICM" + head + struct.pack("<HH2sH", 0x10, 0x10, b"PN", 4) + b"Test"


# Sound and films


def wav(seconds: float = 1.0) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(b"".join(struct.pack("<h", (i * 97) % 8000) for i in range(int(8000 * seconds))))
    return file.getvalue()


def mp3(seconds: float = 1.0) -> bytes:
    return sound("mp3", "libmp3lame", seconds)


def m4a(seconds: float = 1.0) -> bytes:
    return _as_android_ends_it(sound("ipod", "aac", seconds))


def ogg(seconds: float = 1.0) -> bytes:
    return sound("ogg", "libopus", seconds)


def webm(seconds: float = 1.0) -> bytes:
    """As Chrome's MediaRecorder writes it: Opus, and no length said."""
    return sound("webm", "libopus", seconds, options={"live": "1"})


def voice_of_firefox() -> bytes:
    """3.2 seconds of its fake microphone, by Firefox ESR 153 itself."""
    return (Path(__file__).parent.parent / "recorded" / "voice-of-firefox.webm").read_bytes()


def fragments(seconds: float = 1.0) -> bytes:
    """As Safari's MediaRecorder writes it: AAC in an MP4 of pieces."""
    return sound("mp4", "aac", seconds, options={"movflags": "frag_keyframe+empty_moov+default_base_moof"})


def sound(format: str, codec: str, seconds: float, options: dict[str, str] | None = None) -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format=format, options=options or {}) as out:
        stream = out.add_stream(codec, rate=48000, layout="mono")
        for frame in _tone(seconds):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def _tone(seconds: float) -> Iterator[AudioFrame]:
    left, at = int(48000 * seconds), 0
    while left > 0:
        count = min(960, left)
        frame = AudioFrame(format="s16", layout="mono", samples=count)
        frame.planes[0].update(_wave(count))
        frame.sample_rate, frame.pts, frame.time_base = 48000, at, Fraction(1, 48000)
        yield frame
        at, left = at + count, left - count


@cache
def _wave(count: int) -> bytes:
    return b"".join(struct.pack("<h", i * 37 % 9000) for i in range(count))


def mp4(seconds: float = 1.0, turned: int = 0, size: tuple[int, int] = (320, 240), **more: str) -> bytes:
    """H.264 and AAC, as an Android films, with its place; `turned` as the phone was held."""
    return _as_android_ends_it(film("mp4", "libx264", seconds, turned, size, **more))


def mov(seconds: float = 1.0, turned: int = 0) -> bytes:
    """H.264 in QuickTime, as an older iPhone films."""
    return film("mov", "libx264", seconds, turned)


def hevc_mov(seconds: float = 1.0, turned: int = 0) -> bytes:
    """As an iPhone films."""
    return film("mov", "libx265", seconds, turned)


def webm_film() -> bytes:
    return film("webm", "libvpx", 0.2, voice="libopus")


def film(
    format: str,
    codec: str,
    seconds: float,
    turned: int = 0,
    size: tuple[int, int] = (320, 240),
    voice: str = "aac",
    pixels: str = "yuv420p",
    bit_rate: str = "",
) -> bytes:
    file = io.BytesIO()
    options = {"movflags": "use_metadata_tags"} if format == "mov" else {}
    with av.open(file, "w", format=format, options=options) as out:
        if format == "mov":
            out.metadata["com.apple.quicktime.location.ISO6709"] = ISO6709
        fast = {"preset": "ultrafast", "x265-params": "log-level=none:pools=1"} if codec.startswith("libx26") else {}
        seen = out.add_stream(codec, rate=25, options=fast | ({"b": bit_rate} if bit_rate else {}))
        seen.width, seen.height, seen.pix_fmt = *size, pixels
        if turned:
            seen.set_display_rotation(turned)
        heard = out.add_stream(voice, rate=48000, layout="mono")
        told = None if format == "webm" else out.add_mux_stream("mov_text")
        frames = [
            VideoFrame.from_image((noisy if bit_rate else picture)(*size)).reformat(format=pixels) for _ in "1234"
        ]
        for number in range(max(1, int(seconds * 25))):
            frame = frames[number % len(frames)]
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(seen.encode(frame))
        out.mux(seen.encode(None))
        for tone in _tone(seconds):
            out.mux(heard.encode(tone))
        out.mux(heard.encode(None))
        if told is not None:
            out.mux(_subtitle(told))
    return file.getvalue()


def _subtitle(stream: Stream) -> Packet:
    packet = Packet(len(FLIGHT).to_bytes(2, "big") + FLIGHT)
    packet.stream, packet.time_base = stream, Fraction(1, 1000)
    packet.pts, packet.dts, packet.duration = 0, 0, 500
    return packet


def _as_android_ends_it(film: bytes) -> bytes:
    """The place in the last box, «©xyz»."""
    moov = film.rindex(b"moov") - 4
    place = len(ISO6709).to_bytes(2, "big") + b"\x15\xc7" + ISO6709.encode()
    udta = _box(b"udta", _box(b"\xa9xyz", place))
    return film[:moov] + _box(b"moov", film[moov + 8 :] + udta)


def _box(name: bytes, body: bytes) -> bytes:
    return (len(body) + 8).to_bytes(4, "big") + name + body


# What is not let in


def bomb(side: int = 30_000) -> bytes:
    """A PNG of some kilobytes and 900 megapixels."""
    row = zlib.compressobj(9)
    packed = b"".join(row.compress(bytes(1 + side // 8)) for _ in range(side)) + row.flush()
    head = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", packed) + _chunk(b"IEND", b"")


def _chunk(name: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + name + body + zlib.crc32(name + body).to_bytes(4, "big")


def html() -> bytes:
    return b"<!DOCTYPE html><html><script>alert(document.cookie)</script></html>"


def svg() -> bytes:
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def exe() -> bytes:
    return b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0" + bytes(112) + b"PE\0\0\x64\x86" + bytes(200)


def jpeg_and_html() -> bytes:
    """A good photo for who decodes it, a page with a script for who guesses: in a comment and after the end."""
    plain = plain_jpeg()
    return plain[:2] + _segment(0xFE, b"<html><script>alert(1)</script>") + plain[2:] + html()


def gif_and_zip() -> bytes:
    """A picture at its beginning, an archive at its end (a «GIFAR»)."""
    return gif() + zip_()


def pdf_and_html() -> bytes:
    return pdf() + html()


@cache
def of(make: Callable[[], bytes]) -> bytes:
    """The bytes of a sample, made once a run."""
    return make()


# The names are those that people's phones and programs give.
SAMPLES: dict[str, Callable[[], bytes]] = {
    "photo.jpg": jpeg,
    "plain.jpeg": plain_jpeg,
    "grey.jpg": grey_jpeg,
    "print.jpg": cmyk_jpeg,
    "screen.png": png,
    "xray.png": deep_png,
    "picture.webp": webp,
    "sticker.webp": moving_webp,
    "moving.gif": gif,
    "IMG_0001.HEIC": heic,
    "results.pdf": pdf,
    "letter.docx": docx,
    "table.xlsx": xlsx,
    "letter.odt": odt,
    "letter.doc": doc,
    "table.xls": xls,
    "letter.rtf": rtf,
    "note.txt": txt,
    "old note.txt": txt_cp1251,
    "scans.zip": zip_,
    "slice.dcm": dicom,
    "song.mp3": mp3,
    "memo.m4a": m4a,
    "memo.ogg": ogg,
    "memo.wav": wav,
    "memo.webm": webm,
    "film.mp4": mp4,
    "film.mov": mov,
    "IMG_0002.MOV": hevc_mov,
}
