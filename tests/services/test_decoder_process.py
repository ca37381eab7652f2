"""The child that decodes dies, hangs, eats and lies; whoever asked it hears that we could not, and goes on."""

from __future__ import annotations

import json
import os
import random
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import samples
from samples import SAMPLES

from ibolit.services import media
from ibolit.services.media import Unreadable, decoder_process

Stub = Callable[[str], None]

PRELUDE = """
import json, os, signal, sys
job = json.load(sys.stdin)
def answer(**said):
    print(json.dumps(said), flush=True)
"""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stub:
    """In place of the decoder, another program."""

    def put(program: str) -> None:
        monkeypatch.setattr(decoder_process, "COMMAND", [sys.executable, "-P", "-s", "-c", PRELUDE + program])

    return put


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "sent"
    path.write_bytes(samples.of(samples.jpeg))
    return path


def reason_for(source: Path) -> str:
    with pytest.raises(Unreadable) as caught:
        media.examine(source, "photo.jpg", source.parent)
    return caught.value.reason


DEATHS = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "a wrong address": "os.kill(os.getpid(), signal.SIGSEGV)",
    "an exception": "raise RuntimeError('the patient is called …')",
    "silence": "",
    "eats memory": "from decoder.limits import apply_limits; apply_limits(9, 10**8, 10**6); bytearray(10**9)",
    "eats time": "from decoder.limits import apply_limits; apply_limits(1, 10**9, 10**6)\nwhile True: pass",
    "garbage": "os.write(1, bytes(range(256)))",
    "garbage without an end": "while True: os.write(1, b'a' * 9999)",
    "nesting": "os.write(1, b'[' * 10**5 + b'\\n')",
    "no object": "print('[]')",
    "no kind": "answer(mimetype='image/jpeg', ending='.jpg')",
    "an unknown kind": "answer(kind='program', mimetype='image/jpeg', ending='.jpg')",
    "a word with a header in it": "answer(kind='picture', mimetype='image/jpeg\\r\\nSet-Cookie: a', ending='.jpg')",
    "an unknown refusal": "answer(refused=['empty'])",
    "a refusal that is ours to say": "answer(refused='busy')",
    "a file elsewhere": "answer(kind='picture', mimetype='image/jpeg', ending='.jpg', shown='../../etc/passwd')",
    "a file that is not there": "answer(kind='picture', mimetype='image/jpeg', ending='.jpg', shown='shown.jpg')",
    "a link to a secret": "os.symlink('/etc/passwd', job['folder'] + '/shown.jpg')\n"
    "answer(kind='picture', mimetype='image/jpeg', ending='.jpg', shown='shown.jpg')",
    "a length without an end": "answer(kind='audio', mimetype='audio/ogg', ending='.ogg', seconds=float('nan'))",
    "a size of words": "answer(kind='picture', mimetype='image/jpeg', ending='.jpg', width='640')",
}


@pytest.mark.parametrize("program", DEATHS.values(), ids=DEATHS)
def test_a_child_that_dies_or_lies_proves_no_damage(stub: Stub, photo: Path, program: str) -> None:
    stub(program)
    assert reason_for(photo) == Unreadable.UNSUPPORTED


@pytest.mark.parametrize(
    "program", ["", "answer(voice='voice.m4a', seconds=1)", "answer(voice=1)", "answer(seconds=1)"], ids=str
)
def test_a_voice_that_is_not_there_is_not_invented(stub: Stub, photo: Path, program: str) -> None:
    stub(program)
    with pytest.raises(Unreadable, match=Unreadable.UNSUPPORTED):
        media.to_voice(photo, photo.parent, 300)


@contextmanager
def hanging(stub: Stub, photo: Path) -> Iterator[None]:
    """A child that began and does not end."""
    pipe = photo.parent / "begun"
    os.mkfifo(pipe)
    stub(f"open({str(pipe)!r}, 'w').write(str(os.getpid()))\nsignal.pause()")
    with ThreadPoolExecutor(1) as elsewhere:
        reason = elsewhere.submit(reason_for, photo)
        number = int(pipe.read_text())  # waits until it has begun
        yield
        assert reason.result() == Unreadable.UNSUPPORTED
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_others_are_served_while_one_hangs(stub: Stub, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = decoder_process.COMMAND
    monkeypatch.setattr(media, "EXAMINING", 2)
    with hanging(stub, photo):
        monkeypatch.setattr(decoder_process, "COMMAND", usual)  # the hanging one has its own already
        assert media.examine(photo, "photo.jpg", photo.parent).kind == "picture"


def test_what_the_child_left_behind_dies_with_it(stub: Stub, photo: Path) -> None:
    """A process of its own making would go on with the patient's file."""
    stub(
        "began, begin = os.pipe()\n"
        "number = os.fork()\n"
        "if not number:\n    os.write(begin, b'.')\n    signal.pause()\n"
        "os.read(began, 1)\n"
        "open(job['folder'] + '/number', 'w').write(str(number))\n"
        "answer(refused='unknown')\n"
        "signal.pause()"
    )
    assert reason_for(photo) == Unreadable.UNKNOWN
    assert has_ended(int((photo.parent / "number").read_text()))


def has_ended(number: int) -> bool:
    try:
        process = os.pidfd_open(number)
    except ProcessLookupError:
        return True
    poll = select.poll()
    poll.register(process, select.POLLIN)
    try:
        return bool(poll.poll(5000))  # a signal takes its moment
    finally:
        os.close(process)


def test_a_picture_that_wants_too_much_memory_is_not_called_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real decoder at a real limit."""
    source = tmp_path / "sent"
    source.write_bytes(samples.as_bytes(samples.picture(6000, 5000), "PNG", compress_level=1))
    monkeypatch.setattr(decoder_process, "MEMORY", 90 * 1024 * 1024)
    assert reason_for(source) == Unreadable.UNSUPPORTED
    monkeypatch.undo()
    assert media.examine(source, "", tmp_path).width == 2560


def test_who_waits_too_long_for_a_decoder_hears_that_they_are_busy(
    stub: Stub, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub("raise SystemExit('nobody may start it')")
    monkeypatch.setattr(decoder_process, "PATIENCE", 0.01)
    for _ in range(decoder_process.MAX_PROCESSES):
        assert decoder_process._free.acquire(blocking=False)
    try:
        assert reason_for(photo) == Unreadable.BUSY
    finally:
        for _ in range(decoder_process.MAX_PROCESSES):
            decoder_process._free.release()
    assert reason_for(photo) == Unreadable.UNSUPPORTED  # and its place is free again


def test_a_machine_that_starts_no_process_is_busy(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_process, "COMMAND", ["/no/such/program"])
    assert reason_for(photo) == Unreadable.BUSY


def test_the_child_knows_no_secret_and_no_name(stub: Stub, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "of the clinic")
    seen = "dict(job=job, env=dict(os.environ), args=sys.argv, cwd=os.getcwd(), fds=os.listdir('/proc/self/fd'))"
    stub(f"open(job['folder'] + '/seen', 'w').write(json.dumps({seen}))")
    with pytest.raises(Unreadable):
        media.examine(photo, "Анализы Ивановой.JPG", photo.parent)
    file = (photo.parent / "seen").read_text()
    assert "of the clinic" not in file
    assert "Иванов" not in json.dumps(json.loads(file), ensure_ascii=False)
    told = json.loads(file)
    assert told["job"]["ending"] == "jpg"
    assert told["cwd"] == "/"
    assert len(told["fds"]) <= 5  # the three, the file written and the listing itself


def test_nothing_of_a_file_is_said_aloud(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("photo.jpg", "results.pdf", "film.mp4", "song.mp3"):
        source = tmp_path / "sent"
        source.write_bytes(samples.of(SAMPLES[name])[:900])
        reason_for(source)
    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_the_child_confines_itself() -> None:
    program = (
        "import json, resource, signal\n"
        "from decoder.limits import apply_limits\n"
        "apply_limits(7, 10**9, 10**6)\n"
        "limits = [getattr(resource, 'RLIMIT_' + name) for name in ('AS', 'CPU', 'FSIZE', 'CORE', 'NOFILE')]\n"
        "print(json.dumps([[resource.getrlimit(limit) for limit in limits], signal.alarm(0)]))"
    )
    limits, alarm = json.loads(said_by_child(program))
    assert limits == [[most, most] for most in (10**9, 7, 10**6, 0, 64)]
    assert 0 < alarm <= 12


def said_by_child(program: str) -> str:
    command = [*decoder_process.COMMAND[:-2], "-c", program]
    return subprocess.run(
        command, env=decoder_process.ENVIRONMENT, capture_output=True, text=True, check=True, cwd="/"
    ).stdout


def test_the_child_never_meets_the_clinic() -> None:
    program = (
        "import pkgutil, sys, decoder, importlib\n"
        "for one in pkgutil.walk_packages(decoder.__path__, 'decoder.'):\n"
        "    if not one.name.endswith('__main__'): importlib.import_module(one.name)\n"
        "print({name.split('.')[0] for name in sys.modules} & {'ibolit', 'flask', 'sqlalchemy'} or 'nobody')"
    )
    assert said_by_child(program).strip() == "nobody"


def test_the_parent_never_meets_a_decoder() -> None:
    program = (
        "import sys, ibolit.services.media\n"
        "print({name.split('.')[0] for name in sys.modules} & {'PIL', 'av', 'pillow_heif', 'pypdfium2'} or 'nobody')"
    )
    command = [sys.executable, "-c", program]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert said.stdout.strip() == "nobody"


def damaged(file: bytes, chance: random.Random) -> Iterator[bytes]:
    yield file[: chance.randrange(1, len(file))]
    flipped = bytearray(file)
    for _ in range(chance.randrange(1, 60)):
        flipped[chance.randrange(len(file))] ^= 1 << chance.randrange(8)
    yield bytes(flipped)


def test_damage_is_only_ever_unreadable(tmp_path: Path) -> None:
    """FUZZ=8 tries other damage."""
    chance = random.Random(int(os.environ.get("FUZZ", "3")))
    broken = [(name, file) for name, make in SAMPLES.items() for file in damaged(samples.of(make), chance)]

    def try_one(number: int) -> str:
        name, file = broken[number]
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "sent").write_bytes(file)
        try:
            media.examine(folder / "sent", name, folder)
        except Unreadable as refused:
            return refused.reason
        return "taken"

    with ThreadPoolExecutor(decoder_process.MAX_PROCESSES) as both:
        fates = list(both.map(try_one, range(len(broken))))
    assert {Unreadable.BROKEN, "taken"} <= set(fates)
    assert Unreadable.BUSY not in fates
