"""Converts a recording of any container to AAC in M4A, which every phone plays."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from . import file_types
from .errors import DecodeRefused
from .remuxing import M4A, bare
from .type_detection import detect_type
from .video import heard, opened

RATE, BITS = 32_000, 40_000  # a second: speech loses nothing at it, five minutes are 1.5 MB
FRAME = 1024  # samples in a frame of AAC


def to_voice(source: Path, folder: Path, most_seconds: float) -> dict[str, Any]:
    """The length is counted in samples: a recorder's file often says none."""
    type = detect_type(source)
    if type not in file_types.AUDIO_AND_VIDEO:
        raise DecodeRefused(DecodeRefused.UNKNOWN)
    target, samples = folder / "voice.m4a", 0
    with opened(type, source) as spoken, bare(M4A, target) as out:
        if not spoken.streams.audio:
            raise DecodeRefused(DecodeRefused.BROKEN)
        stream = out.add_stream("aac", rate=RATE, layout="mono", bit_rate=BITS)
        for frame in _resampled(heard(spoken, spoken.streams.audio[0])):
            frame.pts, frame.time_base = samples, Fraction(1, RATE)  # one after another, whatever gaps it had
            samples += frame.samples
            if samples > most_seconds * RATE:
                raise DecodeRefused(DecodeRefused.TOO_LONG)
            out.mux(stream.encode(frame))
        if not samples:
            raise DecodeRefused(DecodeRefused.BROKEN)
        out.mux(stream.encode(None))
    return {"voice": target.name, "seconds": samples / RATE}


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    resampler = AudioResampler(format="fltp", layout="mono", rate=RATE, frame_size=FRAME)
    for frame in frames:
        frame.pts = None
        yield from resampler.resample(frame)
    yield from resampler.resample(None)
