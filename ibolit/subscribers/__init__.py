"""Who reacts to facts: live.py shows them on open screens, the worker is woken by new work."""

from __future__ import annotations

from flask import Flask

from ..events import (
    AccessChanged,
    ChatProlonged,
    ConsultationChanged,
    ConsultationStarted,
    DeviceEnded,
    MemberTyped,
    MessageChanged,
    MessageSent,
    PaymentChanged,
    ReceiptsMoved,
    Subscribers,
    WorkAdded,
)
from ..jobs.worker import Worker
from ..services import current_services
from . import live, notices


def subscribe(app: Flask) -> None:
    subscribers = Subscribers()
    app.extensions["ibolit_subscribers"] = subscribers
    subscribers.before_commit(ChatProlonged, notices.chat_prolonged)
    subscribers.before_commit(PaymentChanged, notices.payment_changed)
    subscribers.after_commit(MessageSent, live.message_sent)
    subscribers.after_commit(MessageChanged, live.message_changed)
    subscribers.after_commit(ReceiptsMoved, live.receipts_moved)
    subscribers.after_commit(AccessChanged, live.access_changed)
    subscribers.after_commit(PaymentChanged, live.payment_changed)
    subscribers.after_commit(ConsultationChanged, live.consultation_changed)
    subscribers.after_commit(ConsultationStarted, live.consultation_started)
    subscribers.after_commit(MemberTyped, live.member_typed)
    subscribers.after_commit(DeviceEnded, _close_sockets)
    worker = Worker(app, threads=max(1, app.extensions["ibolit_settings"].worker_threads))
    app.extensions["ibolit_worker"] = worker
    subscribers.after_commit(WorkAdded, lambda _: worker.wake())


def _close_sockets(fact: DeviceEnded) -> None:
    current_services.realtime.end_device(fact.device_id)
