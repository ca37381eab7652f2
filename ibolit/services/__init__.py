"""The outside world: one contract each, an embedded default, a real provider. This page is the table of contents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app
from werkzeug.local import LocalProxy

from ..config import Settings
from .antivirus import Antivirus, antivirus_from
from .calls import Calls, InProcessCalls
from .mail import Mailer, mailer_from
from .outbox import Outbox
from .payments import Gateway, gateway_from
from .realtime import InProcessHub, Realtime, Turnstile
from .sms import Sms, sms_from
from .storage import Storage, storage_from
from .uploads import Uploads


@dataclass
class Services:
    sms: Sms
    mail: Mailer
    realtime: Realtime
    calls: Calls
    storage: Storage
    uploads: Uploads  # on their way; what has arrived moves to the storage
    antivirus: Antivirus
    payments: Gateway
    outbox: Outbox  # what the demo senders wrote; empty in production


def services_from(app: Flask, settings: Settings) -> Services:
    outbox, turnstile = Outbox(settings.data), Turnstile(settings.sockets_max)
    return Services(
        sms=sms_from(settings, outbox),
        mail=mailer_from(app, settings, outbox),
        realtime=InProcessHub(turnstile=turnstile),
        calls=InProcessCalls(turnstile),
        storage=storage_from(settings),
        uploads=Uploads(settings.data / "uploads"),
        antivirus=antivirus_from(settings),
        payments=gateway_from(settings),
        outbox=outbox,
    )


current_services = cast(Services, LocalProxy(lambda: current_app.extensions["ibolit_services"]))
