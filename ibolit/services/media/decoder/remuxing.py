"""Sound and film into a fresh container: the streams as they are, bit for bit, and no word beside them."""

from __future__ import annotations

from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from . import kinds
from .boxes import boxes, tells_only_what_plays
from .kinds import Type
from .refusals import Refused

# Ready to play from its first byte, and without a track of time codes.
OPTIONS = {"movflags": "+faststart", "write_tmcd": "0"}
MUXERS = {kinds.MP4: "mp4", kinds.MOV: "mov", kinds.M4A: "ipod"}
SOUNDS = {"aac", "mp3", "mp3float", "alac", "ac3", "eac3"}
RAW_SOUNDS = "pcm_"  # QuickTime only


def remux(film: InputContainer, seen: VideoStream | None, type: Type, target: Path) -> None:
    with bare(type, target) as out:
        streams = {stream.index: _copy(out, stream) for stream in _kept(film, seen, type)}
        if not streams:
            raise Refused(Refused.BROKEN)
        last: dict[int, int] = {}
        for packet in film.demux(*(film.streams[index] for index in streams)):
            if packet.dts is None:
                continue  # the end
            index = packet.stream_index
            _put_in_order(packet, last.get(index))
            last[index] = packet.dts
            packet.stream = streams[index]
            out.mux(packet)
    _blank_words(target)
    if not tells_only_what_plays(target):
        raise Refused(Refused.BROKEN)


def _blank_words(target: Path) -> None:
    """The muxer signs its work; without that a clean file is known by having no box for words."""
    with target.open("r+b") as file:
        for moov in boxes(file, 0, target.stat().st_size):
            for box in boxes(file, moov.body, moov.end) if moov.name == b"moov" else ():
                if box.name == b"udta":
                    file.seek(box.start + 4)
                    file.write(b"free" + bytes(box.end - box.body))


def bare(type: Type, target: Path) -> OutputContainer:
    return av.open(str(target), "w", format=MUXERS[type], options=OPTIONS)


def _kept(film: InputContainer, seen: VideoStream | None, type: Type) -> list[Stream]:
    sounds = [
        stream for stream in film.streams.audio if stream.codec_context and _fits(stream.codec_context.name, type)
    ]
    return [*([seen] if seen else []), *sounds]


def _fits(codec: str, type: Type) -> bool:
    return codec in SOUNDS or (type is kinds.MOV and codec.startswith(RAW_SOUNDS))


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
