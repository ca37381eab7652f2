"""Pictures: decoded whole, and drawn anew as what every engine shows, upright and without a word about the camera."""

from __future__ import annotations

import re
import struct
from contextlib import suppress
from io import BytesIO
from itertools import islice
from math import ceil, sqrt
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageFile, ImageSequence
from PIL.Image import Resampling, Transpose
from PIL.JpegImagePlugin import JpegImageFile

from . import file_types
from .errors import DecodeRefused
from .file_types import Type
from .metadata import GPS, cleaned, tells, webp
from .moving import seconds_of
from .type_detection import detect_type

MOST_PIXELS = 64_000_000  # that are decoded
MOST_IN_JPEG = 220_000_000  # that are decoded at a half, a quarter or an eighth: phones' sensors have 200 megapixels
MOST_COEFFICIENTS = 400 * 1024 * 1024  # bytes: a progressive JPEG is kept whole until its last scan
MOST_REDRAWN = 24_000_000  # pixels of an original that has to be drawn anew
MOST_FRAMES = 300
SHOWN, THUMBNAIL = 2560, 480  # px, the longest side
STRIP = 3  # times as long as wide: a screen that was scrolled, an ECG
MOST_OF_STRIP = 12_000_000  # pixels: by its longer side it would be squeezed until nobody can read it
LONGEST = 65_000  # px that JPEG has room for
TALL, WIDE = 5 / 4, 3 / 2  # of a strip's thumbnail: as the chat shows pictures
SQUARE = 512  # px, of a portrait
ORIENTATION = 0x0112
UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
PLUGINS = {
    file_types.JPEG: ["JPEG"],
    file_types.PNG: ["PNG"],
    file_types.WEBP: ["WEBP"],
    file_types.GIF: ["GIF"],
    file_types.HEIC: ["HEIF"],
}

Image.MAX_IMAGE_PIXELS = None  # it only warns up to twice its limit: ours is checked before anything is decoded
ImageFile.LOAD_TRUNCATED_IMAGES = True  # as every viewer: what has arrived is shown


def open_image(type: Type, source: Path, folder: Path) -> dict[str, Any]:
    sent = source.read_bytes()
    original = _cleaned(type, sent)
    try:
        image = _opened(type, original or sent)
        if original and _has_place(image):  # we cleaned it, another reader looks
            original = None
        drawn = _drawn(image)
    except (OSError, SyntaxError, ValueError) as error:
        if original and type is file_types.JPEG and _is_beyond_us(original):
            return _stored(original, sent, folder)  # of X-ray machines: it is only downloaded
        # A WebP without its end is shown by browsers as far as it goes; our reader shows nothing of it.
        is_unfinished = type is file_types.WEBP and webp.is_unfinished(sent)
        raise DecodeRefused(DecodeRefused.UNSUPPORTED if is_unfinished else DecodeRefused.BROKEN) from error
    answer = _stored(original, sent, folder) if original else _redrawn(type, sent, folder)
    _save_jpeg(drawn, folder / "shown.jpg", quality=85)
    answer |= {"shown": "shown.jpg", "width": drawn.width, "height": drawn.height}
    if type is file_types.GIF or original:
        stored = (folder / "cleaned").read_bytes() if "original" in answer else sent
        answer["seconds"] = seconds_of(type, stored)
    return answer | {"thumbnail": save_thumbnail(drawn, folder)}


def _cleaned(type: Type, sent: bytes) -> bytes | None:
    """None for what is not sound, though viewers show it: nobody can say where in it a place may lie."""
    try:
        original = cleaned(type, sent)
        return None if tells(original) else original
    except (ValueError, IndexError, struct.error):
        return None


def _has_place(image: Image.Image) -> bool:
    with suppress(Exception):  # damaged camera data have no reader
        return bool(image.getexif().get_ifd(GPS))
    return False


def _stored(original: bytes, sent: bytes, folder: Path) -> dict[str, Any]:
    if original == sent:
        return {}
    (folder / "cleaned").write_bytes(original)
    return {"original": "cleaned"}


def _redrawn(type: Type, sent: bytes, folder: Path) -> dict[str, Any]:
    """The picture itself, written anew in all its points and with nothing beside them."""
    image = _opened(type, sent)
    kept = type if type in (file_types.GIF, file_types.PNG) else file_types.JPEG
    scale = min(1.0, sqrt(MOST_REDRAWN / (image.width * image.height)))
    if type is file_types.GIF:
        frames, seconds = _frames(image)
        frames[0].save(folder / "cleaned", "GIF", save_all=True, append_images=frames[1:], duration=seconds, loop=0)
    else:
        whole = _upright(image, scale, keeps_transparency=kept is file_types.PNG)
        if kept is file_types.PNG:
            whole.save(folder / "cleaned", "PNG")
        else:
            _save_jpeg(whole, folder / "cleaned", quality=92)
    return {"original": "cleaned", "kind": kept.kind, "mimetype": kept.mimetype, "ending": kept.ending}


def _frames(image: Image.Image) -> tuple[list[Image.Image], list[int]]:
    """Those that have arrived, and how long each stands, in milliseconds."""
    frames, seconds = list[Image.Image](), list[int]()
    with suppress(OSError, EOFError, SyntaxError, ValueError, IndexError, struct.error):
        for frame in islice(ImageSequence.Iterator(image), MOST_FRAMES):
            frames.append(frame.convert("RGBA"))
            frames[-1].info = {}
            seconds.append(int(frame.info.get("duration", 100)))
    if not frames:
        raise DecodeRefused(DecodeRefused.BROKEN)
    return frames, seconds


def _is_beyond_us(jpeg: bytes) -> bool:
    """Lossless, arithmetic and of 12 bits: sound, and not for browsers."""
    found = re.search(rb"\xff([\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf])..(.)", jpeg, re.DOTALL)
    return found is not None and (found[1] not in (b"\xc0", b"\xc1", b"\xc2") or found[2] != b"\x08")


def to_square(source: Path, folder: Path, crop: str) -> dict[str, Any]:
    """The start, the middle or the end of the longer side is kept."""
    type = detect_type(source)
    if type not in PLUGINS:
        raise DecodeRefused(DecodeRefused.UNKNOWN)
    drawn = _drawn(_opened(type, source.read_bytes()))
    side, spare = min(drawn.size), max(drawn.size) - min(drawn.size)
    offset = {"start": 0, "end": spare}.get(crop, spare // 2)
    left, top = (offset, 0) if drawn.width > drawn.height else (0, offset)
    square = _within(SQUARE, drawn.crop((left, top, left + side, top + side)))
    square.info = {}
    _save_jpeg(square, folder / "square.jpg", quality=85)
    return {"square": "square.jpg"}


def save_thumbnail(image: Image.Image, folder: Path) -> str:
    """Of a long strip its top, or its beginning."""
    if image.height > STRIP * image.width:
        image = image.crop((0, 0, image.width, round(TALL * image.width)))
    elif image.width > STRIP * image.height:
        image = image.crop((0, 0, round(WIDE * image.height), image.height))
    _save_jpeg(_within(THUMBNAIL, image), folder / "thumbnail.jpg", quality=75)
    return "thumbnail.jpg"


def _save_jpeg(image: Image.Image, path: Path, quality: int) -> None:
    """Words that stood where a JPEG has its points become points, and at the same quality the same words again."""
    image.save(path, "JPEG", quality=quality, progressive=True)
    if tells(path.read_bytes()):
        image.save(path, "JPEG", quality=quality - 3, progressive=True)


def _opened(type: Type, file: bytes) -> Image.Image:
    if type is file_types.HEIC:
        import pillow_heif

        pillow_heif.options.DECODE_THREADS = 2
        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    if type is file_types.WEBP:
        _refuse_bomb(*_size_of_webp(file))  # its library takes the memory as soon as it opens
    image = Image.open(BytesIO(file), formats=PLUGINS[type])
    if isinstance(image, JpegImageFile):
        _refuse_bomb(*image.size, most=MOST_IN_JPEG)
        _refuse_coefficients(image)
        if image.width * image.height > MOST_PIXELS:  # a half may still be too much: then a quarter, or an eighth
            scale = sqrt(MOST_PIXELS / (image.width * image.height)) / 2
            image.draft(image.mode, (ceil(image.width * scale), ceil(image.height * scale)))
    _refuse_bomb(*image.size)
    return image


def _refuse_bomb(width: int, height: int, most: int = MOST_PIXELS) -> None:
    if width * height > most:
        raise DecodeRefused(DecodeRefused.TOO_LARGE)


def _refuse_coefficients(image: JpegImageFile) -> None:
    """Two bytes for every sample of every colour; most cameras keep half or a quarter of the colours."""
    if not image.info.get("progressive"):
        return
    samples = [across * down for _, across, down, _ in image.layer]
    if 2 * image.width * image.height * sum(samples) / max(samples) > MOST_COEFFICIENTS:
        raise DecodeRefused(DecodeRefused.TOO_LARGE)


def _size_of_webp(file: bytes) -> tuple[int, int]:
    kind, body = file[12:16], file[20:30]
    if kind == b"VP8X":
        return int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF


def _drawn(image: Image.Image) -> Image.Image:
    """Made small first: turning and colours then cost a fraction."""
    scale = _scale_of(*image.size)
    width, height = (max(1, ceil(side * scale)) for side in image.size)
    image.draft(image.mode, (width, height))  # a JPEG is decoded at a half, a quarter… when that is enough
    return _upright(image, min(1.0, width / image.width, height / image.height))


def _scale_of(width: int, height: int) -> float:
    """By its longer side; a strip by the number of its points."""
    longer, shorter = max(width, height), min(width, height)
    if longer <= STRIP * shorter:
        return min(1.0, SHOWN / longer)
    return min(1.0, sqrt(MOST_OF_STRIP / (width * height)), LONGEST / longer)


def _upright(image: Image.Image, scale: float, *, keeps_transparency: bool = False) -> Image.Image:
    image.load()
    orientation, profile = _orientation_of(image), image.info.get("icc_profile")
    small = _resized(_plain(image), scale)
    drawn = small if keeps_transparency and small.mode == "RGBA" else _in_srgb(_flat(small), profile)
    if orientation in UPRIGHT:
        drawn = drawn.transpose(UPRIGHT[orientation])
    drawn.info = {}  # comments would be written again
    return drawn


def _orientation_of(image: Image.Image) -> int:
    with suppress(Exception):  # damaged camera data do not make a photo unreadable
        return int(image.getexif().get(ORIENTATION, 1))
    return 1


def _plain(image: Image.Image) -> Image.Image:
    """As a mode that can be made smaller without loss of colour or transparency."""
    if image.mode.startswith("I"):  # 16 bits; a usual conversion would cut instead of scale
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.mode in ("P", "PA") or "transparency" in image.info:
        return image.convert("RGBA")
    return image.convert("L") if image.mode == "1" else image


def _within(side: int, image: Image.Image) -> Image.Image:
    return _resized(image, side / max(image.size))


def _resized(image: Image.Image, scale: float) -> Image.Image:
    if scale >= 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Resampling.BICUBIC, reducing_gap=2.0)


def _flat(image: Image.Image) -> Image.Image:
    """On white: a scan without a background would be black letters on black."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    flat = Image.new("RGB", image.size, "white")
    flat.paste(image, mask=image.getchannel("A"))
    flat.info = image.info
    return flat


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        with suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):  # damaged, or of another kind of colours
            its = ImageCms.ImageCmsProfile(BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(its):
                to = ImageCms.createProfile("sRGB")
                converted = ImageCms.profileToProfile(image, its, to, outputMode="RGB")
                if converted is not None:
                    return converted
    return image if image.mode == "RGB" else image.convert("RGB")
