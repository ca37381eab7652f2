"""The outside world: one contract each, an embedded default, a real provider. This page is the table of contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from ..config import Settings
from .antivirus import Antivirus, antivirus_from
from .calls import Calls, InProcessCalls
from .demo_outbox import DemoOutbox
from .mail import Mailer, mailer_from
from .payments import Gateway, gateway_from
from .push import Push, push_from
from .realtime import ConnectionLimit, InProcessHub, Realtime
from .sms import Sms, sms_from
from .storage import Storage, storage_from
from .uploads import Uploads


@dataclass
class Services:
    sms: Sms
    mail: Mailer
    push: Push
    realtime: Realtime
    calls: Calls
    storage: Storage
    uploads: Uploads  # on their way; what has arrived moves to the storage
    antivirus: Antivirus
    payments: Gateway
    outbox: DemoOutbox  # what the demo senders wrote; empty in production


def services_from(app: Flask, settings: Settings) -> Services:
    outbox, connection_limit = DemoOutbox(settings.data), ConnectionLimit(settings.sockets_max)
    return Services(
        sms=sms_from(settings, outbox),
        mail=mailer_from(app, settings, outbox),
        push=push_from(settings, outbox),
        realtime=InProcessHub(connection_limit=connection_limit),
        calls=InProcessCalls(connection_limit),
        storage=storage_from(settings),
        uploads=Uploads(settings.data / "uploads"),
        antivirus=antivirus_from(settings),
        payments=gateway_from(settings),
        outbox=outbox,
    )


current_services = cast(Services, LocalProxy(lambda: current_app.extensions["ibolit_services"]))
