from collections.abc import Iterator
from pathlib import Path

import pytest

from .live import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for the whole module: sockets that a test leaves behind would be seen by the next one."""
    server = Server(tmp_path_factory.mktemp("gunicorn") / "log")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def impatient_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Looks after its sockets five times a second."""
    server = Server(tmp_path_factory.mktemp("gunicorn") / "log", tick=0.2)
    yield server
    server.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """For tests that stop it or count what is left in it. It waits only one second for a reader."""
    server = Server(tmp_path / "log", send_seconds=1)
    yield server
    if server.process.poll() is None:
        server.stop()
