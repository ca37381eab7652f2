"""Whoever answers byte by byte, for ever: no time-out between two bytes ever passes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

PAUSE = 0.02  # seconds between two bytes


class DrippingServer:
    """Says `before` at once, then `drop` again and again, a byte at a time.

    With `turns` it is asked line by line, as a mail server is: each word that a line may begin with has its answer, and
    the one whose answer is None drips.
    """

    def __init__(self, before: bytes = b"", drop: bytes = b"x", turns: dict[bytes, bytes | None] | None = None) -> None:
        self.before, self.drop, self.turns = before, drop, turns
        self.was_hung_up = threading.Event()
        self.is_over = threading.Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listening.getsockname()[1])
        self.host = f"http://127.0.0.1:{self.port}"
        self.lines: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def stop(self) -> None:
        self.is_over.set()
        for line in (self.listening, *self.lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        for thread in self.threads:
            thread.join(10)

    def _accept(self) -> None:
        while not self.is_over.is_set():
            try:
                line, _ = self.listening.accept()
            except OSError:
                return
            self.lines.append(line)
            self.threads.append(threading.Thread(target=self._answer, args=(line,)))
            self.threads[-1].start()

    def _answer(self, line: socket.socket) -> None:
        try:
            line.sendall(self.before)
            if self.turns is not None:
                self._take_turns(line, self.turns)
            self._drip(line)
        except OSError:
            self.was_hung_up.set()

    def _take_turns(self, line: socket.socket, turns: dict[bytes, bytes | None]) -> None:
        """Until the turn that drips."""
        with line.makefile("rb") as said:
            for words in said:
                for begins, answer in turns.items():
                    if words.startswith(begins):
                        if answer is None:
                            return
                        line.sendall(answer)
        raise OSError("the other side has gone")

    def _drip(self, line: socket.socket) -> None:
        at = 0
        while not self.is_over.wait(PAUSE):
            line.sendall(self.drop[at : at + 1])
            at = (at + 1) % len(self.drop)
