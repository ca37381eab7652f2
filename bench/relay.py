"""A wire with a meter: passes bytes between a browser and the server, and counts what the server sent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Meter:
    def __init__(self) -> None:
        self.bytes = 0
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        with self._lock:
            self.bytes += count


@contextmanager
def metered(port: int) -> Iterator[tuple[int, Meter]]:
    """The port to visit instead of the server's own."""
    meter = Meter()
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=_let_in, args=(door, port, meter), daemon=True).start()
        yield int(door.getsockname()[1]), meter


def _let_in(door: socket.socket, port: int, meter: Meter) -> None:
    with suppress(OSError):  # the door is closed
        while True:
            browser, _ = door.accept()
            server = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=_pass, args=(browser, server, Meter()), daemon=True).start()
            threading.Thread(target=_pass, args=(server, browser, meter), daemon=True).start()


def _pass(source: socket.socket, sink: socket.socket, meter: Meter) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            meter.add(len(data))
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
