"""Pictures: decoded whole, and drawn anew as what every engine shows, upright and without a word about the camera."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms
from PIL.Image import Resampling, Transpose

from . import file_types
from .errors import DecodeRefused
from .file_types import Type
from .metadata import GPS, cleaned
from .type_detection import detect_type

MOST_PIXELS = 64_000_000
SHOWN, THUMBNAIL = 2560, 480  # px, the longest side
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


def open_image(type: Type, source: Path, folder: Path) -> dict[str, Any]:
    sent = source.read_bytes()
    original = cleaned(type, sent)
    image = _opened(type, original)
    drawn = _drawn(image)
    _refuse_location(image, original)
    drawn.save(folder / "shown.jpg", "JPEG", quality=85, progressive=True)
    answer = {"shown": "shown.jpg", "width": drawn.width, "height": drawn.height}
    if original != sent:
        (folder / "cleaned").write_bytes(original)
        answer["original"] = "cleaned"
    return answer | {"thumbnail": save_thumbnail(drawn, folder)}


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
    square.save(folder / "square.jpg", "JPEG", quality=85, progressive=True)
    return {"square": "square.jpg"}


def save_thumbnail(image: Image.Image, folder: Path) -> str:
    _within(THUMBNAIL, image).save(folder / "thumbnail.jpg", "JPEG", quality=75, progressive=True)
    return "thumbnail.jpg"


def _opened(type: Type, file: bytes) -> Image.Image:
    if type is file_types.HEIC:
        import pillow_heif

        pillow_heif.options.DECODE_THREADS = 2
        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    if type is file_types.WEBP:
        _refuse_bomb(*_size_of_webp(file))  # its library takes the memory as soon as it opens
    image = Image.open(BytesIO(file), formats=PLUGINS[type])
    _refuse_bomb(*image.size)
    return image


def _refuse_bomb(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
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
    image.draft(image.mode, (SHOWN, SHOWN))  # a JPEG is decoded at a half, a quarter… when that is enough
    image.load()
    orientation, profile = _orientation_of(image), image.info.get("icc_profile")
    drawn = _in_srgb(_flat(_within(SHOWN, _plain(image))), profile)
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
    scale = side / max(image.size)
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


def _refuse_location(image: Image.Image, original: bytes) -> None:
    """We cleaned it, another reader looks."""
    if image.getexif().get_ifd(GPS) or b"GPSLatitude" in original:
        raise DecodeRefused(DecodeRefused.BROKEN)
