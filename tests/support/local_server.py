"""A server of this machine, for what stands in for the outside world."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    """Says nothing of what it does, and does not mind who hangs up."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # who would not wait is gone
            self.close_connection = True

    def log_message(self, *_args: object) -> None:
        pass


class LocalServer:
    """Its requests may be held back until `may_answer`; stopping lets them go."""

    def __init__(self, handler: type[Answers]) -> None:
        self.may_answer = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.host = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def stop(self) -> None:
        self.may_answer.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
