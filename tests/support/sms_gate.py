"""What gate.smsaero.ru would be: keeps what it was told, answers as the test wishes, also not at all."""

from __future__ import annotations

import json
import socket

from local_server import Answers, LocalServer

ACCEPTED = json.dumps({"success": True, "data": {"id": 1}, "message": None})


class Gate(LocalServer):
    def __init__(self) -> None:
        self.status, self.answer = 200, ACCEPTED
        self.headers: dict[str, str] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.drops = False  # takes the SMS and breaks the line instead of an answer
        self.fate = 0  # of every SMS, as SMS Aero numbers them
        gate = self

        class Handler(Answers):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path.endswith("/status"):
                    self.say(200, json.dumps({"success": True, "data": {"id": body["id"], "status": gate.fate}}))
                    return
                gate.requests.append((self.path, self.headers["Authorization"], body))
                gate.may_answer.wait(10)
                if gate.drops:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.say(gate.status, gate.answer)

            def say(self, status: int, answer: str) -> None:
                self.send_response(status)
                for name, value in gate.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.encode())

        super().__init__(Handler)
        self.may_answer.set()
        self.url = f"{self.host}/v2/sms/send"
        self.status_url = f"{self.host}/v2/sms/status"

    @property
    def texts(self) -> list[str]:
        return [body["text"] for _, _, body in self.requests]
