"""A push service and the browsers that listen to it: what arrives is read with the keys only they have."""

from __future__ import annotations

import base64
import json
import threading
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from local_server import Answers, LocalServer

from ibolit.extensions import db
from ibolit.models import Device, PushSubscription, User
from ibolit.services.push import WebPush


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Listener:
    """One browser: its address at the service, and its keys."""

    endpoint: str
    secret: bytes = b"sixteen bytes..."
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def told_to_the_clinic(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": text_of(point), "auth": text_of(self.secret)}

    def read(self, body: bytes) -> dict[str, Any]:
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        told: dict[str, Any] = json.loads(plain)
        return told


@dataclass(frozen=True)
class Arrival:
    path: str
    headers: dict[str, str]
    body: bytes


class PushService(LocalServer):
    """Answers as the test wishes; an address may answer otherwise than the rest, or not before it is let."""

    def __init__(self) -> None:
        self.status = 201
        self.status_at: dict[str, int] = {}
        self.headers: dict[str, str] = {}
        self.arrivals: list[Arrival] = []
        self.slow: set[str] = set()
        self.is_asked = threading.Event()
        service = self

        class Handler(Answers):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path in service.slow:
                    service.is_asked.set()
                    service.may_answer.wait(30)
                else:
                    headers = {name.lower(): value for name, value in self.headers.items()}
                    service.arrivals.append(Arrival(self.path, headers, body))
                self.send_response(service.status_at.get(self.path, service.status))
                for name, value in service.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

        super().__init__(Handler)

    def listener(self, name: str = "phone") -> Listener:
        return Listener(f"{self.host}/{name}")

    def told_to(self, listener: Listener) -> list[dict[str, Any]]:
        """What this browser could read, in the order of its arrival."""
        mine = [one for one in self.arrivals if listener.endpoint.endswith(one.path)]
        return [listener.read(one.body) for one in mine]


def connect(app: Flask, service: PushService) -> WebPush:
    """The clinic's own sender, which takes this service for one of those it may call."""
    settings = app.extensions["ibolit_settings"]
    return WebPush("", settings.data, settings.vapid_subject, (*settings.push_hosts, service.host))


def listen(service: PushService, user: User, name: str = "phone") -> Listener:
    """The person's phone is pushed to."""
    device, _ = Device.register(user, name)
    db.session.flush()
    listener = service.listener(name)
    told = listener.told_to_the_clinic
    PushSubscription.begin(device, told["endpoint"], told["p256dh"], told["auth"])
    db.session.commit()
    return listener
