"""Upgrade, way back and upgrade again, as the guide says it, in a clone whose clinic is a stand-in."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from live_clinic import ROOT

CALLED = '#!/bin/sh\necho "$(basename "$0") $*" >> {root}/called\n'
# A clinic of one line: a backup copies it, a restore puts it back.
IBOLIT = CALLED + (
    '[ ! -e {root}/full ] || exit 1\n'
    'case $1 in backup) cp {root}/clinic "$2" ;; restore) cp "$3" {root}/clinic ;; esac\n'
)  # fmt: skip


class Server:
    def __init__(self, root: Path) -> None:
        self.root, self.home, self.maker = root, root / "home", root / "maker"
        self._git(root, "init", "-q", "-b", "main", str(self.maker))
        self.publish("first")
        self._git(root, "clone", "-q", str(self.maker), str(self.home))
        (root / "bin").mkdir()
        (root / "backups").mkdir()
        (self.home / ".venv/bin").mkdir(parents=True)
        for path, words in (
            (root / "bin/ibolit", IBOLIT),
            (root / "bin/systemctl", CALLED),
            (self.home / ".venv/bin/pip", CALLED),
        ):
            path.write_text(words.format(root=root))
            path.chmod(0o755)
        self.clinic = root / "clinic"
        self.clinic.write_text("before")

    def publish(self, version: str) -> None:
        (self.maker / "version").write_text(version)
        (self.maker / ".gitignore").write_text(".venv\n")
        self._git(self.maker, "add", "-A")
        self._git(self.maker, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", version)

    def upgrade(self, *args: str) -> tuple[int, str]:
        (self.root / "called").write_text("")
        env = os.environ | {"IBOLIT_HOME": str(self.home), "IBOLIT_BACKUPS": str(self.root / "backups")}
        env["PATH"] = f"{self.root / 'bin'}:{env['PATH']}"
        done = subprocess.run(["sh", ROOT / "deploy/ibolit-upgrade", *args], env=env, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    @property
    def version(self) -> str:
        return (self.home / "version").read_text()

    @property
    def called(self) -> list[str]:
        return [line.rpartition(" ")[0] or line for line in (self.root / "called").read_text().splitlines()]

    @property
    def branch(self) -> str:
        return self._git(self.home, "rev-parse", "--abbrev-ref", "HEAD").strip()

    def _git(self, where: Path, *args: str) -> str:
        return subprocess.run(["git", *args], cwd=where, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


def test_upgrade_way_back_and_upgrade_again(server: Server) -> None:
    server.publish("second")
    assert server.upgrade()[0] == 0
    assert (server.version, server.called[:2]) == ("second", ["systemctl stop", "ibolit backup"])
    server.clinic.write_text("spoilt by the second")
    # Newer by its name: whoever takes the last of a folder takes this one.
    (server.root / "backups/zzz-of-somebody-else.tar.gz").write_text("another clinic")
    code, told = server.upgrade("back")
    assert (code, server.version, server.clinic.read_text(), server.branch) == (0, "first", "before", "main"), told
    assert server.called[-1] == "systemctl start"
    server.publish("third")
    assert server.upgrade()[0] == 0
    assert (server.version, server.branch) == ("third", "main")


def test_nothing_new_is_said_and_nothing_is_touched(server: Server) -> None:
    code, told = server.upgrade()
    assert (code, told) == (0, "Nothing was upgraded: this is the newest version of main.\n")
    assert server.called == []
    code, told = server.upgrade("back")
    assert (code, told) == (1, "Nothing was upgraded here: there is no way back to go.\n")
    assert server.called == []


def test_without_a_backup_there_is_no_upgrade(server: Server) -> None:
    server.publish("second")
    (server.root / "full").touch()
    code, told = server.upgrade()
    assert (code, server.version, server.called[-1]) == (1, "first", "systemctl start")
    assert "Nothing was upgraded: there is no backup." in told


def test_what_was_changed_here_is_not_lost(server: Server) -> None:
    server.publish("second")
    (server.home / "version").write_text("mended on the spot")
    code, told = server.upgrade()
    assert (code, server.version, server.called) == (1, "mended on the spot", [])
    assert "were changed here" in told
