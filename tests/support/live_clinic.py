"""A demo clinic of one's own: bin/run on a free port with an empty folder, to be visited, killed and started again."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from argon2 import PasswordHasher
from overheard import overheard

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "CLOCK_OFFSET", "REGISTRATION", "IBOLIT_ENV", "TEST_POSTGRES")
PASSWORD = "ibolit-demo"
FRESH = 240  # seconds: in the demo clinic a consultation begins in a few minutes, and another one ends


class LiveClinic:
    """The settings are bin/run's own, whatever database the rest of the tests are using, and those that are given.

    `begin_with` is a filled folder to copy: filling one takes longer than all the rest of a start.
    """

    def __init__(self, data: Path, begin_with: Path | None = None, **settings: str) -> None:
        self.settings = settings
        self.begin_with = begin_with
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.data = data / "clinic"
        self.log = data / "clinic.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, deadline: float = 120) -> None:
        if self.begin_with and not self.data.exists():
            shutil.copytree(self.begin_with, self.data)
        env = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        env |= {"PORT": str(self.port), "IBOLIT_DATA": str(self.data)} | self.settings
        with self.log.open("ab") as told:
            # A session of its own: at the end bin/run is stopped together with everything it started.
            self.process = subprocess.Popen(
                [ROOT / "bin" / "run"], env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=told, stderr=told,
                start_new_session=True,
            )  # fmt: skip
        self._wait_until_healthy(deadline)

    def stop(self, sent: signal.Signals = signal.SIGTERM) -> None:
        process = self.process
        if process is None:
            return
        for one in (sent, signal.SIGKILL):
            try:
                os.killpg(process.pid, one)
                process.wait(15)
            except ProcessLookupError:
                break
            except subprocess.TimeoutExpired:
                continue
        process.wait()
        told = overheard(self.log.read_text())
        assert told == [], told

    def kill(self) -> None:
        """As a power cut would: nobody is told."""
        self.stop(signal.SIGKILL)

    def _wait_until_healthy(self, deadline: float) -> None:
        assert self.process is not None
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"bin/run ended with {self.process.returncode}:\n{self.log.read_text()[-3000:]}")
            try:
                with urlopen(self.url + "/healthz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError(f"the clinic was not healthy after {deadline:.0f} s:\n{self.log.read_text()[-3000:]}")


def filled_clinic(shared: Path) -> Path:
    """The folder of a demo clinic that ran and stopped, for all test processes that share `shared`, and never old."""
    with (shared / "filled.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = [path for path in shared.glob("filled-*") if time.time() - int(path.name.partition("-")[2]) < FRESH]
        folder = made[0] if made else shared / f"filled-{time.time():.0f}"
        clinic = LiveClinic(folder)
        if not made:
            folder.mkdir()
            clinic.start()
            clinic.stop()
            _ease_passwords(clinic.data)
    return clinic.data


def _ease_passwords(data: Path) -> None:
    """The same password, hashed so that it costs nothing to look at: people come in hundreds of times."""
    easy = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with closing(sqlite3.connect(data / "ibolit.db")) as database, database:
        database.execute("UPDATE user SET password_hash = ? WHERE password_hash <> ''", (easy,))


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
