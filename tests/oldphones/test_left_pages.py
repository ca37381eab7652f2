"""A page that is left before it is whole is no fault."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from oldphones.walked import PYTHON

pytestmark = pytest.mark.oldphones


class Slow(BaseHTTPRequestHandler):
    """/slow shows its words and does not end before the test does."""

    over = Event()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(f"<p>{self.path}</p><a href='/slow'>on</a>".encode() + b" " * 4096)
        self.wfile.flush()
        if self.path == "/slow":
            self.over.wait(60)

    def log_message(self, *told: object) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        Slow.over.set()
        server.shutdown()


def test_webkit602_leaves_a_page_that_is_still_coming(address: str) -> None:
    visit = [PYTHON, str(Path(__file__).with_name("visit.py")), "webkit602", f"{address}/", "--strict"]
    steps = ["click a", "wait /slow", "open /next", "wait /next"]
    told = subprocess.run([*visit, *steps], capture_output=True, text=True, timeout=60)
    assert told.returncode == 0, told.stdout + told.stderr
