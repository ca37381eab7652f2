"""What the demo people sent: drawn, written and hummed here, so that no real patient's file is in the house."""

from __future__ import annotations

import io
import math
import random
import struct
import wave
from collections.abc import Iterator

RESULTS = (
    ("WBC", "6.2", "4.0 - 9.0", "10^9/l"),
    ("RBC", "4.6", "3.9 - 4.7", "10^12/l"),
    ("HGB", "138", "120 - 140", "g/l"),
    ("PLT", "241", "180 - 320", "10^9/l"),
    ("ESR", "9", "2 - 15", "mm/h"),
    ("GLU", "5.1", "4.1 - 5.9", "mmol/l"),
    ("CHOL", "6.1  *", "3.0 - 5.2", "mmol/l"),
    ("LDL", "3.9  *", "0.0 - 3.3", "mmol/l"),
    ("HDL", "1.5", "1.1 - 2.2", "mmol/l"),
)
TUNE = ((220.0, 0.7), (247.0, 0.5), (262.0, 0.9), (247.0, 0.5), (220.0, 1.2))  # hertz, seconds
RATE = 16_000  # samples a second


def rash() -> bytes:
    """A forearm with a red spot, as a JPEG."""
    from PIL import Image, ImageDraw, ImageFilter

    chance = random.Random(1)  # noqa: S311  a drawing, the same every time
    photo = Image.new("RGB", (960, 1280), (196, 204, 206))
    arm = ImageDraw.Draw(photo)
    arm.polygon([(210, 0), (720, 0), (800, 1280), (120, 1280)], fill=(226, 184, 160))
    arm.polygon([(600, 0), (720, 0), (800, 1280), (690, 1280)], fill=(206, 160, 136))
    photo = photo.filter(ImageFilter.GaussianBlur(24))
    spots = ImageDraw.Draw(photo)
    for _ in range(130):
        angle, far = chance.uniform(0, 2 * math.pi), abs(chance.gauss(0, 80))
        x, y, size = 450 + far * math.cos(angle), 650 + 1.3 * far * math.sin(angle), chance.uniform(5, 26)
        redness = chance.randint(80, 125)
        spots.ellipse((x - size, y - size, x + size, y + size), fill=(208, redness, redness - 10))
    told = io.BytesIO()
    photo.filter(ImageFilter.GaussianBlur(7)).save(told, "JPEG", quality=85)
    return told.getvalue()


def results() -> bytes:
    """A page from a laboratory. Its names are Latin, as an analyser prints them: no font is needed."""
    lines = [
        "BT /F1 20 Tf 60 770 Td (LABORATORY REPORT) Tj ET",
        "BT /F1 11 Tf 60 748 Td (Complete blood count, lipids) Tj ET",
    ]
    for number, row in enumerate(RESULTS):
        y = 700 - 28 * number
        lines += [f"BT /F1 13 Tf {x} {y} Td ({word}) Tj ET" for x, word in zip((60, 180, 300, 430), row, strict=True)]
        lines.append(f"0.8 G 60 {y - 9} m 535 {y - 9} l S")
    page = "\n".join(lines).encode()
    return _pdf(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )


def humming() -> bytes:
    """Nobody's voice: a tune of a few seconds, as a WAV."""
    told = io.BytesIO()
    with wave.open(told, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(b"".join(struct.pack("<h", sample) for sample in _tune()))
    return told.getvalue()


def _tune() -> Iterator[int]:
    for pitch, seconds in TUNE:
        length = int(RATE * seconds)
        for at in range(length):
            loudness = 7000 * math.sin(math.pi * at / length)
            turn = 2 * math.pi * pitch * at / RATE
            yield int(loudness * (math.sin(turn) + 0.3 * math.sin(2 * turn)))


def _pdf(*objects: bytes) -> bytes:
    """The least that is a PDF: its objects, and where each begins."""
    told, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(told))
        told += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(told)
    told += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    told += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(told)
