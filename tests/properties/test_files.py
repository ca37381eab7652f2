"""Whatever is cut, padded, flipped, doubled or moved in a file: an answer comes and comes in time, it is one that the
doors know, and of what loses its place no place is kept.

LONG_TESTS=1 tries 10,000 files and prints what became of them; FUZZ=8 others.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

import odd_files
import pytest
import samples
from decoder_farm import DecoderFarm
from mutations import cut, doubled, flipped, flipped_at_the_head, padded, without_a_piece

from ibolit.services import media
from ibolit.services.media import OF_FILES, file_types

SEED = int(os.environ.get("FUZZ", "23"))
SHORT, LONG, PARTS = 250, 10_000, 10
LARGEST = 400_000  # bytes of what is changed here
CRASHED = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL}  # the door says «не получается»
PLACES = (*samples.PLACES, b"loci\0")
# Documents keep what was written into them; the tags of these sounds are left, too.
KEEPS = {
    one.mimetype for one in (*file_types.DOCUMENTS, file_types.MP3, file_types.OGG, file_types.WAV, file_types.WEBM)
}


@cache
def corpus() -> list[tuple[str, bytes]]:
    makes: list[tuple[str, Callable[[], bytes]]] = [*samples.SAMPLES.items(), *odd_files.WITH_FAULTS.items()]
    makes += [(one.name, one.make) for one in (*odd_files.FILMS, *odd_files.SOUNDS, *odd_files.DOCUMENTS)]
    recorded = Path(__file__).parent.parent / "recorded" / "files"
    files = [(name, samples.of(make)) for name, make in makes]
    files += [(path.name.partition("-")[2], path.read_bytes()) for path in sorted(recorded.iterdir())]
    return [(name, file) for name, file in files if len(file) <= LARGEST]


def told(file: bytes, chance: Random) -> bytes:
    """The place in words, where it should not be."""
    at = chance.choice((len(file), chance.randrange(len(file))))
    return file[:at] + samples.ISO6709.encode() + file[at:]


CHANGES = (cut, flipped, flipped, flipped_at_the_head, padded, told, without_a_piece, doubled)


def fates_of(count: int, seed: int, folder: Path) -> Counter[str]:
    """What became of so many files. Asserts on the way."""
    chance, fates = Random(seed), Counter[str]()
    source = folder / "sent"
    with DecoderFarm() as farm:
        for number in range(count):
            name, file = chance.choice(corpus())
            change = chance.choice(CHANGES)
            file = change(file, chance)
            ending = media._ending_of(chance.choice((name, name, "", "photo.jpg", "film.mp4")))
            source.write_bytes(file)
            told = f"{number} of seed {seed}: {name}, {change.__name__}, as «{ending}»"
            fates[fate_of(farm.examine(source, ending, folder), file, folder, told)] += 1
            for path in folder.iterdir():
                path.unlink()
    return fates


def fate_of(answer: dict[str, object], file: bytes, folder: Path, told: str) -> str:
    if "died" in answer:
        assert answer["died"] in CRASHED, told
        return "crashed"
    if "refused" in answer:
        assert answer["refused"] in OF_FILES, told
        return str(answer["refused"])
    type = next(one for one in file_types.TYPES if one.mimetype == answer["mimetype"])
    kept = [folder / str(answer[key]) for key in ("original", "shown", "thumbnail") if key in answer]
    if "original" not in answer:
        kept.append(folder / "sent")
    for path in kept:
        assert path.stat().st_size, told
        if type.mimetype not in KEEPS:
            assert [place for place in PLACES if place in path.read_bytes()] == [], f"{told}: {path.name}"
    return "taken"


def test_whatever_is_done_to_a_file_it_gets_an_answer_and_keeps_no_place(tmp_path: Path) -> None:
    fates = fates_of(SHORT, SEED, tmp_path)
    assert fates["taken"] > SHORT / 4  # or nothing was looked at


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_files_get_answers_and_keep_no_place(tmp_path: Path, part: int) -> None:
    fates = fates_of(LONG // PARTS, SEED + 1 + part, tmp_path)
    print(dict(fates.most_common()))
    assert fates["taken"] > LONG / PARTS / 4
