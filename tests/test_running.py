"""docs/running.md is followed to the letter: its settings, and every command of ours that needs no other machine."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

pytestmark = pytest.mark.guide

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "running.md").read_text()
DEPLOY = ROOT / "deploy"

# What the guide leaves to the operator.
OWN = {
    "SMSAERO_EMAIL": "it@clinic.example", "SMSAERO_KEY": "key", "SMSAERO_SIGN": "Aurora", "SMTP_HOST": "127.0.0.1",
    "SMTP_USER": "clinic", "SMTP_PASSWORD": "word", "YOOKASSA_SHOP_ID": "100500", "CLINIC_INN": "7707083893",
    "CLINIC_OGRN": "1027700132195",
}  # fmt: skip
# Of the commands in the guide these run anywhere; the others install packages, or speak to systemd and to the network.
OURS = re.compile(r"(ibolit |\(umask 027|\.venv/bin/flask )")
ELSEWHERE = re.compile(r"ibolit doctor|ibolit-….tar.gz")
# What is copied of the program to another place and published there as the next version.
PROGRAM = ("ibolit", "migrations", "deploy", "wsgi.py", "gunicorn.conf.py", "manifest.webmanifest", "requirements.txt")
MIGRATION = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "the_second", "{head}"
def upgrade(): op.create_table("of_the_second", sa.Column("id", sa.Integer))
"""


def blocks(of: str = GUIDE) -> Iterator[str]:
    """The commands: indented lines outside lists, in their order; lines that go on belong together."""
    for line in of.splitlines():
        if re.match(r" {4}\S", line):
            yield line.strip()


def chapter(name: str) -> str:
    return GUIDE.partition(f"## {name}\n")[2].partition("\n## ")[0]


def settings() -> list[str]:
    lines = list(blocks())
    return lines[lines.index("SECRET_KEY_FILE=/etc/ibolit/secret-key") : lines.index("FLASK_APP=ibolit:create_app") + 1]


def commands() -> list[str]:
    return [line for line in blocks() if OURS.match(line) and not ELSEWHERE.search(line)]


class Server:
    """A folder that stands for the machine of the guide."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = ROOT
        for folder in ("etc/ibolit", "etc/systemd/system", "var/lib/ibolit", "var/backups/ibolit", "usr/local/bin"):
            (root / folder).mkdir(parents=True)
        for folder in (root / "var/lib/ibolit", root / "var/backups/ibolit"):
            folder.chmod(0o700)
        shutil.copy(DEPLOY / "ibolit", root / "usr/local/bin/ibolit")

    def here(self, words: str) -> str:
        """The guide's places are in this folder."""
        for place in ("/etc/ibolit/", "/etc/systemd/", "/var/lib/ibolit", "/var/backups/ibolit", "/usr/local/bin/"):
            words = words.replace(place, f"{self.root}{place}")
        return words

    def run(self, command: str, *, fails: bool = False) -> str:
        environ = {
            "PATH": f"{self.root}/usr/local/bin:{os.environ['PATH']}",
            "IBOLIT_HOME": str(self.home),
            "IBOLIT_BACKUPS": f"{self.root}/var/backups/ibolit",
            "IBOLIT_SETTINGS": f"{self.root}/etc/ibolit/settings",
            "IBOLIT_ACCOUNT": subprocess.check_output(["id", "-un"], text=True).strip(),
            "LANG": "C.UTF-8",
        }
        command = self.here(command)
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.home, env=environ, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode != 0) is fails, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def settle(self, **more: object) -> None:
        """The file of settings, as the guide shows it."""
        assert Path(sys.executable).parent == ROOT / ".venv" / "bin"  # which the guide's commands name
        lines = [
            f"{name}={OWN.get(name, '')}" if value == "…" else line
            for line in settings()
            for name, _, value in [line.partition("=")]
        ]
        lines += [f"{name}={value}" for name, value in more.items()]
        (self.root / "etc/ibolit/settings").write_text(self.here("\n".join(lines)) + "\n")
        (self.root / "etc/ibolit/yookassa-key").write_text("secret")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server(tmp_path_factory.mktemp("server"))
    server.settle()
    return server


class Maker:
    """Where the clinic's program comes from, and goes on being written."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir()
        self._git("init", "-q", "-b", "main")
        for name in PROGRAM:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, place / name)
        (place / ".gitignore").write_text(".venv\n__pycache__/\n")
        self.publish("first")

    def publish(self, version: str) -> None:
        self._git("add", "-A")
        self._git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", version)

    def publish_a_table(self, version: str) -> None:
        head = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
        (self.place / "migrations/versions/the_second.py").write_text(MIGRATION.format(head=head))
        self.publish(version)

    def _git(self, *words: str) -> None:
        subprocess.run(["git", *words], cwd=self.place, check=True, capture_output=True)


class OpenClinic(Server):
    """With a program of its own, brought by git, somebody in it, and its unit started."""

    def __init__(self, root: Path, maker: Maker) -> None:
        super().__init__(root)
        self.home = root / "srv/ibolit"
        subprocess.run(["git", "clone", "-q", str(maker.place), str(self.home)], check=True, capture_output=True)
        (self.home / ".venv").symlink_to(ROOT / ".venv")
        systemctl = root / "usr/local/bin/systemctl"
        script = ROOT / "tests/support/systemctl.py"
        systemctl.write_text(f'#!/bin/sh\nexec {sys.executable} {script} {root} "$@"\n')
        systemctl.chmod(0o755)
        self.port = free_port()
        self.settle(PORT=self.port, WORKER_THREADS=0)
        for command in commands():
            if re.search("make-secret|db upgrade|add-operator", command):
                self.run(command)
        for command in ("cp deploy/ibolit.service /etc/systemd/system/", "systemctl enable --now ibolit"):
            assert command in blocks()
            self.run(command)

    @property
    def version(self) -> str:
        return self.run("git log -1 --format='%D %s'").strip()

    def wait_until_it_answers(self) -> None:
        """systemd is told that gunicorn listens; the program behind it comes, and takes its place, a moment later."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=60)) as line:
            line.request("GET", "/login")
            line.getresponse()

    def has_the_new_table(self) -> bool:
        (database,) = (self.root / "var/lib/ibolit").glob("*.db")
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'of_the_second'").fetchone())


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path / "maker")


@pytest.fixture
def open_clinic(tmp_path: Path, maker: Maker) -> Iterator[OpenClinic]:
    clinic = OpenClinic(tmp_path / "server", maker)
    yield clinic
    clinic.run("systemctl stop ibolit")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_guide_leaves_nothing_unnamed() -> None:
    assert {line.partition("=")[0] for line in settings() if line.endswith("=…")} == set(OWN)


def test_guide_has_the_commands_it_should() -> None:
    words = {
        re.sub(r".*?(ibolit|flask --app ibolit.ops.keys) ", "", line.split(" >")[0], count=1).split()[0]
        for line in commands()
    }
    assert words >= {
        "make-secret",
        "db",
        "add-operator",
        "add-doctor",
        "people",
        "invite",
        "import",
        "backup",
        "restore",
        "forget",
    }


def test_guide_is_followed_in_a_fresh_folder(server: Server) -> None:
    patients = server.root / "patients.csv"
    patients.write_text("Имя;Телефон\nПётр;+7 916 000-00-04\n")
    told = {command: server.run(command.replace("patients.csv", str(patients))) for command in commands()}
    assert (server.root / "etc/ibolit/secret-key").stat().st_size > 60
    assert set(re.findall(r"/etc/ibolit/([\w-]+)", GUIDE)) <= {
        path.name for path in (server.root / "etc/ibolit").iterdir()
    }
    people = told["ibolit people"].splitlines()
    assert [line.split()[0] for line in people] == ["doctor", "operator"]
    assert all("has not entered yet" in line for line in people)
    assert [line for line in told.values() if "1 are invited, 0 not." in line]
    assert "Whole: the database and 0 files" in "".join(told.values())
    assert len(list((server.root / "var/backups/ibolit").iterdir())) >= 1

    looked = server.run("ibolit doctor", fails=True)  # nobody here sends SMS or has a certificate
    found = {name: state for state, name in re.findall(r"^(ok   |WRONG)  (.{14})", looked, re.MULTILINE)}
    assert (
        found["database      "]
        == found["migrations    "]
        == found["secret key    "]
        == found["storage       "]
        == "ok   "
    )
    assert "Traceback" not in looked


@pytest.mark.long
def test_guide_upgrades_goes_back_and_upgrades_again(open_clinic: OpenClinic, maker: Maker) -> None:
    install, upgrade, _doctor, back = blocks(chapter("Upgrade, and the way back"))
    open_clinic.run(install)
    assert "Nothing was upgraded: this is the newest version of main." in open_clinic.run(upgrade)
    maker.publish_a_table("second")
    assert "Upgraded." in open_clinic.run(upgrade)
    assert open_clinic.version.startswith("HEAD -> main")
    assert (open_clinic.version.endswith("second"), open_clinic.has_the_new_table()) == (True, True)

    open_clinic.wait_until_it_answers()
    (archive,) = (open_clinic.root / "var/backups/ibolit").glob("before-upgrade-*.tar.gz")
    told = open_clinic.run(f"ibolit restore --force /var/backups/ibolit/{archive.name}", fails=True)
    assert "iBolit is running on this clinic: stop it first" in told

    assert str(archive) in open_clinic.run(back)
    assert open_clinic.version.startswith("HEAD -> main")
    assert (open_clinic.version.endswith("first"), open_clinic.has_the_new_table()) == (True, False)
    assert "Nothing was upgraded here" in open_clinic.run(back, fails=True)

    maker.publish("third")
    assert "Upgraded." in open_clinic.run(upgrade)
    assert (open_clinic.version.endswith("third"), open_clinic.has_the_new_table()) == (True, True)


def test_every_command_named_in_the_guide_exists(server: Server) -> None:
    known = set(re.findall(r"^  ([a-z-]+) ", server.run("ibolit --help"), re.MULTILINE))
    named = set(re.findall(r"(?:^ {4}|`)ibolit ([a-z][a-z-]+)", GUIDE, re.MULTILINE))
    named |= set(re.findall(r"`((?:change|hide|show)-doctor)`", GUIDE))
    assert named <= known, named - known
    assert len(named) >= 12


def test_every_file_named_in_the_guide_is_there() -> None:
    for name in set(re.findall(r"deploy/([\w.-]+\w)", GUIDE)):
        assert (DEPLOY / name).is_file(), name


def test_every_setting_is_in_the_table() -> None:
    """And nothing stands there that the app does not read."""
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z][A-Z0-9_]+)"', (ROOT / "ibolit" / "config.py").read_text()))
    told = set(re.findall(r"`([A-Z][A-Z0-9_]{3,})", GUIDE[GUIDE.index("## Settings") : GUIDE.index("## Payments")]))
    told |= {"FLASK_DEBUG", "CLOCK_OFFSET", "WEB_PROCESSES"}  # refused in production
    assert read <= told, read - told


def test_wrapper_tells_where_it_failed(server: Server) -> None:
    assert "No such command 'cure'" in server.run("ibolit cure", fails=True)
    assert "cannot be read" not in server.run("IBOLIT_SETTINGS=/nowhere ibolit people", fails=True)
