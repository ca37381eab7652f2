"""Sound and film into a fresh container: the streams as they are, bit for bit, and no word beside them."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from . import file_types
from .errors import DecodeRefused
from .file_types import Type
from .metadata import COORDINATES
from .mp4_boxes import boxes, has_only_playback_boxes

# Ready to play from its first byte, and without a track of time codes.
OPTIONS = {"movflags": "+faststart", "write_tmcd": "0"}
M4A, MP4, MOV, THREE_GP, AMR = "ipod", "mp4", "mov", "3gp", "amr"

MUXERS = {
    file_types.MOV: MOV,
    file_types.THREE_GP: THREE_GP,
    file_types.THREE_GP_SOUND: THREE_GP,
    file_types.AMR: AMR,
}


def remux(film: InputContainer, seen: VideoStream | None, type: Type, target: Path) -> None:
    """Raises DecodeRefused when the container cannot hold it: that is our inability, no damage."""
    try:
        _written(film, seen, _muxer_for(film, type), target)
    except (av.error.FFmpegError, ValueError) as error:
        raise DecodeRefused(DecodeRefused.UNSUPPORTED) from error
    if type in file_types.IN_BOXES:
        _blank_words(target)
        if not has_only_playback_boxes(target):
            raise DecodeRefused(DecodeRefused.UNSUPPORTED)
    if COORDINATES.search(target.read_bytes()):  # a damaged table takes what lies beside a frame for a part of it
        raise DecodeRefused(DecodeRefused.UNSUPPORTED)


def _written(film: InputContainer, seen: VideoStream | None, muxer: str, target: Path) -> None:
    with bare(muxer, target) as out:
        streams = _copied(film, seen, out)
        last: dict[int, int] = {}
        for packet in film.demux(*(film.streams[index] for index in streams)):
            if packet.dts is None:
                continue  # the end
            index = packet.stream_index
            _put_in_order(packet, last.get(index))
            last[index] = packet.dts
            packet.stream = streams[index]
            out.mux(packet)


def _blank_words(target: Path) -> None:
    """The muxer signs its work; without that a clean file is known by having no box for words."""
    with target.open("r+b") as file:
        for moov in boxes(file, 0, target.stat().st_size):
            for box in boxes(file, moov.body, moov.end) if moov.name == b"moov" else ():
                if box.name == b"udta":
                    file.seek(box.start + 4)
                    file.write(b"free" + bytes(box.end - box.body))


def bare(muxer: str, target: Path) -> OutputContainer:
    return av.open(str(target), "w", format=muxer, options={} if muxer == AMR else OPTIONS)


def _muxer_for(film: InputContainer, type: Type) -> str:
    """The one that says «M4A» knows only Apple's sounds; Chrome records Opus into MP4."""
    if type in MUXERS:
        return MUXERS[type]
    codec = film.streams.audio[0].codec_context if type is file_types.M4A else None
    return M4A if codec and codec.name in ("aac", "alac") else MP4


def _copied(film: InputContainer, seen: VideoStream | None, out: OutputContainer) -> dict[int, Stream]:
    """Second sounds that no engine knows are left out (iPhones record room and voice apart); the first is not."""
    streams, sounds = {}, film.streams.audio
    for stream in [*([seen] if seen else []), *sounds]:
        try:
            streams[stream.index] = _copy(out, stream)
        except (ValueError, AttributeError):  # the container has no word for it, or the library has none
            continue
    if (seen and seen.index not in streams) or (sounds and not any(one.index in streams for one in sounds)):
        raise DecodeRefused(DecodeRefused.UNSUPPORTED)
    return streams


def _copy(out: OutputContainer, stream: Stream) -> Stream:
    copy = out.add_stream_from_template(stream, opaque=True)
    if stream.codec_context.name == "hevc":
        copy.codec_context.codec_tag = "hvc1"  # the one of the two names that Apple plays
    return copy


def _put_in_order(packet: Packet[Stream], last: int | None) -> None:
    """Phones write moments twice; a muxer would refuse the whole film for it."""
    if last is not None and packet.dts is not None and packet.dts <= last:
        packet.dts = last + 1
        packet.pts = max(packet.pts or packet.dts, packet.dts)
