"""The server under measurement: gunicorn with its own settings, one process, a SQLite file in a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).parent.parent
OURS = ("DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "CLOCK_OFFSET", "BIND", "ACCESS_LOG", "SOCKETS_MAX")
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    port: int
    pid: int  # of the one process that answers, not of its master

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def megabytes(self, what: str = "VmRSS") -> float:
        """VmRSS is what it holds now, VmHWM the most it held since forget_peak()."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition(f"{what}:")[2].split()[0]) / 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@contextmanager
def running(data: Path, environment: str = "test", access_log: Path | None = None) -> Iterator[Server]:
    """With `access_log`, every answer leaves a line there: path, microseconds, bytes of the body."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--log-level", "warning"]
    if access_log:
        command += ["--access-logfile", str(access_log), "--access-logformat", "%(U)s %(D)s %(B)s"]
    env = settings(port, data) | {"IBOLIT_ENV": environment}
    said = data.with_suffix(".log")
    try:
        with said.open("wb") as log, started([*command, "wsgi:app"], port, env, log) as server:
            yield server
    finally:
        _complain(said)


@contextmanager
def started(command: list[str], port: int, env: dict[str, str], errors: BinaryIO | None = None) -> Iterator[Server]:
    """What the command runs, from its first answer to its end; its first child is who answers."""
    process = subprocess.Popen(command, cwd=ROOT, env=env, stderr=errors, start_new_session=True)
    try:
        wait_until_ready(port)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Server(port, int(children[0]))
    finally:
        stop(process)


def settings(port: int, data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in OURS}
    return kept | {"PORT": str(port), "IBOLIT_DATA": str(data)}


def wait_until_ready(port: int, patience: float = 60) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            if connection.recv(1024).startswith(b"HTTP/1.1 200"):
                return
        time.sleep(0.005)
    raise RuntimeError("the server did not become ready")


def stop(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
            return


def _complain(said: Path) -> None:
    """A healthy server says nothing; the beginning of what it said is enough to see what went wrong."""
    words = said.read_text(errors="replace")
    if words:
        print(f"The server said {len(words.splitlines())} lines, first of them:\n{words[:1500]}", file=sys.stderr)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
