"""What W3C's checker (vnu) says of pages; htmx's own attributes are no part of HTML and no fault."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from crawl import Form, Walk, standing_time
from flask.testing import FlaskClient
from live_clinic import ROOT
from page_text import without_chance
from werkzeug.test import TestResponse

JAR = ROOT / "tests" / "html" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
OF_HTMX = re.compile(r"Attribute “(hx-[\w-]+|ws-connect)” not allowed on element")
AT_ONCE = 400  # pages a run of Java
WHO_SEE_ALL = ("nobody", "patient-1", "doctor-1", "operator-0", "guest")


class Pages(Walk):
    """Every page of one person of each kind, whole; with `sends`, what follows their forms as well."""

    def __init__(self, data: Path, folder: Path, *, sends: bool) -> None:
        super().__init__(data, folder)
        self.sends = sends
        self.pages: dict[str, tuple[str, str]] = {}  # by what is in them: the address, the page

    def _ask(self, client: FlaskClient, method: str, address: str, **more: Any) -> TestResponse:
        answer = super()._ask(client, method, address, **more)
        if answer.mimetype == "text/html" and answer.text.lstrip().startswith("<!doctype"):
            digest = sha256(without_chance(answer.text).encode()).hexdigest()
            self.pages.setdefault(digest, (f"{method} {address}", answer.text))
        return answer

    def _visit(self, name: str, client: FlaskClient, starts: list[str]) -> None:
        if name in WHO_SEE_ALL:
            super()._visit(name, client, starts)

    def _send(self, name: str, client: FlaskClient, form: Form, page: str) -> None:
        if self.sends:
            super()._send(name, client, form, page)

    def _write(self, name: str, what: str, lines: list[str]) -> None:
        """Nothing is compared."""

    def _let_time_pass(self) -> None:
        """Nothing is shown by it."""


def pages_of_everybody(scratch: Path, *, sends: bool) -> list[tuple[str, str]]:
    """(address, HTML), each page once."""
    with standing_time():
        walk = Pages(scratch, scratch / "folder", sends=sends)
        walk.go()
    return list(walk.pages.values())


def complaints(pages: Iterable[tuple[str, str]], scratch: Path) -> dict[str, list[str]]:
    """What the checker says, and of which addresses."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    all_pages = list(pages)
    for first in range(0, len(all_pages), AT_ONCE):
        addresses: dict[str, str] = {}
        for number, (address, html) in enumerate(all_pages[first : first + AT_ONCE]):
            (scratch / f"{number:04}.html").write_text(html)
            addresses[f"{number:04}.html"] = address
        for message in _told([scratch / name for name in addresses]):
            if message["type"] != "info" and not OF_HTMX.match(message["message"]):
                where = addresses[message["url"].rpartition("/")[2]]
                found[f"{message['message']} {message.get('extract', '')}"].append(where)
    return found


def _told(paths: list[Path]) -> list[dict[str, str]]:
    command = ["java", "-Xss4m", "-jar", JAR, "--format", "json", "--exit-zero-always", *paths]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stderr
    messages: list[dict[str, str]] = json.loads(told)["messages"]
    return messages
