"""Sound and films: opened, begun to be decoded, and written anew without what tells where they were made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL.Image import Image

from . import file_types
from .errors import DecodeRefused
from .file_types import Type
from .images import MOST_PIXELS, THUMBNAIL, save_thumbnail
from .mp4_boxes import has_only_playback_boxes
from .remuxing import remux

DEMUXERS = {
    file_types.MP3: "mp3",
    file_types.OGG: "ogg",
    file_types.WAV: "wav",
    file_types.WEBM: "matroska",
    file_types.MP4: "mov",
    file_types.MOV: "mov",
    file_types.THREE_GP: "mov",
    file_types.AAC: "aac",
    file_types.AMR: "amr",
}
CLEANED = {file_types.AMR, file_types.MP4, file_types.MOV, file_types.THREE_GP}  # of the others later
OF_OLD_PHONES = {"h263", "amrnb", "amrwb", "amr_nb", "amr_wb"}
# What the phones of all these years play. All other sound is made playable by the worker.
HEARD = {
    file_types.MP3: {"mp3", "mp3float"},
    file_types.M4A: {"aac"},
    file_types.WAV: {"pcm_s16le", "pcm_u8"},
}
COVERS = {"mjpeg", "png", "bmp", "gif", "webp"}  # pictures of a song, not films
TRIED = 100  # packets in which a decoder must find its way
WATCHED = 50  # frames in which a film should leave the dark it begins in
DARK = 40  # of 255


def open_media(type: Type, source: Path, folder: Path) -> tuple[Type, dict[str, Any]]:
    """What it is in truth, and what is to be said of it."""
    with opened(type, source) as film:
        seen = _picture_of(film)
        if seen is None and not film.streams.audio:
            raise DecodeRefused(DecodeRefused.BROKEN)
        answer: dict[str, Any] = {"seconds": _said_by(film) or _counted_in(type, source)}
        if seen is None:
            _refuse_silence(film)
            refined = _kind_of_sound(type, _codec_of(film.streams.audio[0]))
            answer["plays"] = refined in HEARD and _codec_of(film.streams.audio[0]) in HEARD[refined]
        elif type in file_types.IN_BOXES:
            refined, answer["plays"] = _kind_of_film(type, seen), _plays_everywhere(seen)
            answer |= _looked_at(film, seen, folder)
        else:
            raise DecodeRefused(DecodeRefused.OTHER_FILM)  # of these we take the sound only
    if refined is not type or type in CLEANED:
        answer |= _cleaned(type, refined, source, folder)
    return refined, answer


def _kind_of_sound(type: Type, codec: str) -> Type:
    if type not in file_types.IN_BOXES:
        return file_types.M4A if type is file_types.AAC else type
    return file_types.THREE_GP_SOUND if codec in OF_OLD_PHONES else file_types.M4A


def _kind_of_film(type: Type, seen: VideoStream) -> Type:
    """Every engine plays H.264 in MP4, many refuse it in QuickTime. MP4 has no word for old phones' codecs."""
    if _plays_everywhere(seen):
        return file_types.MP4
    if type is file_types.MOV:
        return type
    codecs = {_codec_of(seen), *(_codec_of(stream) for stream in seen.container.streams.audio[:1])}
    return file_types.THREE_GP if codecs & OF_OLD_PHONES else file_types.MP4


def _cleaned(type: Type, refined: Type, source: Path, folder: Path) -> dict[str, Any]:
    stays = refined in (type, file_types.M4A, file_types.THREE_GP_SOUND)
    if stays and type in file_types.IN_BOXES and has_only_playback_boxes(source):
        return {}
    target = folder / "cleaned"
    with opened(type, source) as film:
        remux(film, _picture_of(film), refined, target)
    return {} if target.read_bytes() == source.read_bytes() else {"original": target.name}


@contextmanager
def opened(type: Type, source: Path) -> Iterator[InputContainer]:
    """As what it was told to be and nothing else: lists of addresses are formats too. Reads this file only."""
    with source.open("rb") as file, av.open(file, "r", format=DEMUXERS[type], metadata_errors="ignore") as film:
        yield film


def heard(film: InputContainer, stream: AudioStream, most: int | None = None) -> Iterator[AudioFrame]:
    """Damaged pieces are passed over, as a player does."""
    for packet in islice(film.demux(stream), most):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _picture_of(film: InputContainer) -> VideoStream | None:
    for stream in film.streams.video:
        if not stream.disposition & Disposition.attached_pic and _codec_of(stream) not in COVERS:
            return stream
    return None


def _codec_of(stream: VideoStream | AudioStream) -> str:
    """Empty for what the library does not know."""
    return stream.codec_context.name if stream.codec_context else ""


def _said_by(film: InputContainer) -> float | None:
    return max(0.0, film.duration / av.time_base) if film.duration else None


def _counted_in(type: Type, source: Path) -> float | None:
    """A recording that was made live does not say how long it is, and one without an index cannot be wound back."""
    last = 0.0
    with opened(type, source) as film:
        for packet in film.demux():
            if packet.pts is not None and packet.time_base:
                last = max(last, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return last or None


def _refuse_silence(film: InputContainer) -> None:
    if not _codec_of(film.streams.audio[0]):
        raise DecodeRefused(DecodeRefused.UNSUPPORTED)  # nothing here can hear it
    if not any(frame.samples for frame in heard(film, film.streams.audio[0], TRIED)):
        raise DecodeRefused(DecodeRefused.BROKEN)


def _plays_everywhere(seen: VideoStream) -> bool:
    sounds = [_codec_of(stream) for stream in seen.container.streams.audio[:1]]
    return (
        _codec_of(seen) == "h264"
        and seen.codec_context.pix_fmt in ("yuv420p", "yuvj420p")
        and set(sounds) <= {"aac", "mp3", "mp3float"}
    )


def _looked_at(film: InputContainer, seen: VideoStream, folder: Path) -> dict[str, Any]:
    if not _codec_of(seen):
        raise DecodeRefused(DecodeRefused.UNSUPPORTED)
    if seen.codec_context.width * seen.codec_context.height > MOST_PIXELS:
        raise DecodeRefused(DecodeRefused.TOO_LARGE)
    frame = _good_frame(film, seen)
    width, height = _size_of(frame, seen)
    image = _upright(frame, width, height)
    if frame.rotation % 180:
        width, height = height, width
    return {"thumbnail": save_thumbnail(image, folder), "width": width, "height": height}


def _good_frame(film: InputContainer, seen: VideoStream) -> VideoFrame:
    """The first that is not dark; or the first."""
    frames = islice(_frames(film, seen), WATCHED)
    first = next(frames, None)
    if first is None:
        raise DecodeRefused(DecodeRefused.BROKEN)
    return next((frame for frame in chain([first], frames) if not _is_dark(frame)), first)


def _frames(film: InputContainer, seen: VideoStream) -> Iterator[VideoFrame]:
    for packet in islice(film.demux(seen), TRIED):
        try:
            yield from packet.decode()
        except av.error.InvalidDataError:
            continue


def _is_dark(frame: VideoFrame) -> bool:
    grey = frame.reformat(width=64, height=64, format="gray")
    return max(bytes(grey.planes[0])) < DARK


def _size_of(frame: VideoFrame, seen: VideoStream) -> tuple[int, int]:
    """As it plays: some cameras film narrow and have it stretched."""
    aspect = seen.sample_aspect_ratio or 1
    return max(1, round(frame.width * aspect)) if 0 < aspect < 16 else frame.width, frame.height


def _upright(frame: VideoFrame, width: int, height: int) -> Image:
    scale = min(1.0, THUMBNAIL / max(width, height))
    small = frame.reformat(width=max(1, round(width * scale)), height=max(1, round(height * scale)), format="rgb24")
    image: Image = small.to_image()  # type: ignore[no-untyped-call]
    return image.rotate(frame.rotation, expand=True)
