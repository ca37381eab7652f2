"""systemd's part of the guide, in a folder that stands for a server: starts what a unit says, and stops it.

`python systemctl.py ROOT start|stop|restart ibolit`, `… enable --now ibolit`. A service counts as started when it says
so (Type=notify), and as stopped when the last of its processes is gone: they all hold the lock it was started with.
"""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

PATIENCE = 100  # seconds


class Unit:
    def __init__(self, root: Path, name: str) -> None:
        self.root = root
        self.lines = (root / "etc/systemd/system" / f"{name}.service").read_text()
        self.run = root / "run" / name
        self.run.parent.mkdir(exist_ok=True)

    def start(self) -> None:
        lock = os.open(self.run, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for command in self._all("ExecStartPre"):
            subprocess.run(command, env=self._environ(), cwd=self._place("WorkingDirectory"), check=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            address = f"{self.run}.said"
            Path(address).unlink(missing_ok=True)
            told.bind(address)
            told.settimeout(PATIENCE)
            with (self.root / "run/journal").open("ab") as journal:
                process = subprocess.Popen(
                    self._all("ExecStart")[0], cwd=self._place("WorkingDirectory"), stdin=subprocess.DEVNULL,
                    env=self._environ() | {"NOTIFY_SOCKET": address}, stdout=journal, stderr=journal,
                    pass_fds=[lock], start_new_session=True,
                )  # fmt: skip
            os.write(lock, f"{process.pid}\n".encode())
            while b"READY=1" not in told.recv(4096):
                pass

    def stop(self) -> None:
        if not self.run.exists():
            return
        with self.run.open("r+") as lock:
            os.kill(int(lock.readline()), signal.SIGTERM)
            fcntl.flock(lock, fcntl.LOCK_EX)
        self.run.unlink()

    def _all(self, name: str) -> list[list[str]]:
        return [shlex.split(self._here(line)) for line in re.findall(rf"^{name}=(.+)$", self.lines, re.MULTILINE)]

    def _place(self, name: str) -> str:
        return self._all(name)[0][0]

    def _environ(self) -> dict[str, str]:
        settings = shlex.split(Path(self._place("EnvironmentFile")).read_text(), comments=True)
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | dict(line.split("=", 1) for line in settings)

    def _here(self, words: str) -> str:
        return words.replace("/srv/", f"{self.root}/srv/").replace("/etc/", f"{self.root}/etc/")


if __name__ == "__main__":
    root, *words = sys.argv[1:]
    verb, name = words[0], words[-1]
    unit = Unit(Path(root), name)
    if verb in ("stop", "restart"):
        unit.stop()
    if verb in ("start", "restart") or "--now" in words:
        unit.start()
