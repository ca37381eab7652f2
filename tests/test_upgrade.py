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
    'case $1 in routes) [ ! -e {root}/unset ] || {{ echo "Error: SEAL_KEY: must be a secret" >&2; exit 1; }} ;;\n'
    'backup) cp {root}/clinic "$2" ;; restore) cp "$3" {root}/clinic ;; esac\n'
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
            (self.home / ".venv/bin/pip", CALLED + "[ ! -e {root}/offline ] || exit 1\n"),
        ):
            path.write_text(words.format(root=root))
            path.chmod(0o755)
        self.clinic = root / "clinic"
        self.clinic.write_text("before")

    def publish(self, version: str, changed: str = "version") -> None:
        (self.maker / changed).parent.mkdir(exist_ok=True)
        (self.maker / changed).write_text(version)
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
    (copy,) = (server.root / "backups").glob("before-way-back-*")
    assert copy.read_text() == "spoilt by the second"
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


def test_without_its_packages_there_is_no_upgrade(server: Server) -> None:
    server.publish("second")
    (server.root / "offline").touch()
    code, told = server.upgrade()
    assert (code, server.version, server.branch, server.called[-1]) == (1, "first", "main", "systemctl start")
    assert "Nothing was upgraded: not all of it came." in told
    assert "there is no way back to go" in server.upgrade("back")[1]  # which would lose what is written since
    (server.root / "offline").unlink()
    assert (server.upgrade()[0], server.version) == (0, "second")


def test_without_its_settings_there_is_no_upgrade(server: Server) -> None:
    """The new version asks for one that is not there: the clinic goes on with the old one, and its packages."""
    server.publish("second")
    (server.root / "unset").touch()
    code, told = server.upgrade()
    assert (code, server.version, server.branch) == (1, "first", "main"), told
    assert server.called[-2:] == ["pip install -q --disable-pip-version-check --require-hashes -r", "systemctl start"]
    assert "Nothing was upgraded: Error: SEAL_KEY: must be a secret" in told
    assert "there is no way back to go" in server.upgrade("back")[1]
    (server.root / "unset").unlink()
    assert (server.upgrade()[0], server.version) == (0, "second")


def test_a_way_back_that_fails_is_told_and_goes_on(server: Server) -> None:
    server.publish("second")
    server.upgrade()
    (server.root / "offline").touch()
    code, told = server.upgrade("back")
    assert (code, "The clinic stays shut." in told) == (1, True)
    (server.root / "offline").unlink()
    assert (server.upgrade("back")[0], server.version, server.called[-1]) == (0, "first", "systemctl start")


def test_without_a_branch_there_is_no_upgrade(server: Server) -> None:
    """As an older guide's way back left it."""
    server.publish("second")
    server._git(server.home, "checkout", "-q", "--detach")
    code, told = server.upgrade()
    assert (code, server.called) == (1, [])
    assert told.startswith("Nothing was upgraded: no branch is checked out in ")


def test_what_was_copied_to_the_server_is_named(server: Server) -> None:
    server.publish("second", "deploy/ibolit.service")
    assert server.upgrade()[1].endswith("until you copy them anew:\ndeploy/ibolit.service\n")
