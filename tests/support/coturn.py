"""A real coturn of one's own on the loopback: a relay to be started, stopped and started again."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

SECRET = "relay-secret-of-the-tests"


class Coturn:
    """Only for tests: allow-loopback-peers must never be set where anybody else can reach it."""

    def __init__(self, folder: Path, port: int | None = None, *, udp: bool = True) -> None:
        self.port = port or free_port()
        self.udp = udp  # without it as behind a filter that lets only TCP pass
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def url(self) -> str:
        return f"turn:127.0.0.1:{self.port}?transport=udp"

    def start(self) -> None:
        lines = (
            f"listening-port={self.port}",
            "listening-ip=127.0.0.1",
            "relay-ip=127.0.0.1",
            "use-auth-secret",
            f"static-auth-secret={SECRET}",
            "realm=ibolit.test",
            "allow-loopback-peers",
            "no-multicast-peers",
            "no-tls",
            "no-dtls",
            "no-cli",
            *(() if self.udp else ("no-udp",)),
            "min-port=49152",
            "max-port=65535",
            f"pidfile={self.folder}/turn.pid",
            f"userdb={self.folder}/turn.sqlite",
            f"log-file={self.folder}/turn.log",
            "simple-log",
        )
        config = self.folder / "turn.conf"
        config.write_text("\n".join(lines) + "\n")
        self.process = subprocess.Popen(
            ["turnserver", "-c", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
        )
        self._wait()

    def stop(self) -> None:
        """As a cable that is cut: nobody is told."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _wait(self, deadline: float = 15) -> None:
        """It listens by TCP on the same port."""
        end = time.monotonic() + deadline
        while time.monotonic() < end:
            assert self.process is not None
            assert self.process.poll() is None, "coturn ended by itself"
            with socket.socket() as probe:
                probe.settimeout(0.2)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise RuntimeError("coturn does not listen")


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])
