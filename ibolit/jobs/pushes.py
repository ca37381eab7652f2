"""What people must learn who may not be looking, by push: at once, free of charge, in words that name nobody.

Where none arrives it goes on by SMS or mail. Nothing of the database is held while a push service thinks.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import render_template

from ..extensions import db
from ..models import Channel, ChatMember, Job, JobKind, Notification, PushSubscription
from ..rendering import link_to
from ..services import clock, current_services
from ..services.codes import fingerprint
from ..services.push import PushFailed, PushGone, PushOptions, PushTarget
from . import notifications

log = logging.getLogger(__name__)

TRIES = 2  # then the SMS, which is waiting to be sent


@dataclass
class PushOutcome:
    delivered: list[int] = field(default_factory=list)
    gone: list[tuple[int, str]] = field(default_factory=list)
    failure: PushFailed | None = None


def push(job: Job) -> None:
    """A crash between the sending and its note repeats it: on the screen it takes its own place."""
    notification = Notification.to_push(job.subject_id)
    if notification is None or not notifications.is_due(job, notification):
        return
    listening = PushSubscription.reaching(notification.user_id)
    told, options = _told(notification), _options(notification)
    db.session.commit()
    outcome = send_to(listening, told, options)
    note_outcome(outcome)
    log.info("push №%d: %d sent, %d gone", job.id, len(outcome.delivered), len(outcome.gone))
    if not outcome.delivered and outcome.failure is not None and job.attempts < TRIES:
        db.session.commit()
        raise outcome.failure
    _go_on(notification, has_arrived=bool(outcome.delivered))


def send_to(listening: Sequence[PushSubscription], told: dict[str, object], options: PushOptions) -> PushOutcome:
    outcome = PushOutcome()
    for one in listening:
        try:
            current_services.push.send(PushTarget(one.endpoint, one.p256dh, one.auth), told, options)
        except PushGone:
            outcome.gone.append((one.id, one.endpoint))
        except PushFailed as failure:
            log.info("a push failed: %s", failure)
            outcome.failure = outcome.failure if failure.permanent else failure
        else:
            outcome.delivered.append(one.id)
    return outcome


def note_outcome(outcome: PushOutcome) -> None:
    PushSubscription.note_delivered(outcome.delivered)
    for id, endpoint in outcome.gone:
        PushSubscription.note_gone(id, endpoint)


def _go_on(notification: Notification, *, has_arrived: bool) -> None:
    if notification.is_push_and_sms:
        return  # its SMS has a job of its own
    if has_arrived:
        notification.mark_delivered(Channel.PUSH)
    elif notification.is_about_messages:
        notification.schedule_sms_if_unread()
    elif not notification.may_be_sent():
        notification.give_up("no push arrived")
    else:
        Job.add(JobKind.NOTIFICATION, notification.id)


def _told(notification: Notification) -> dict[str, object]:
    """A path and no site: the worker of the page knows its own."""
    door, values = notifications.address_of(notification)
    named = notification.named_doctor
    return {
        "title": render_template("push/notification.txt", notification=notification).strip(),
        "body": named.name if named else "",
        "url": urlsplit(link_to(door, **values)).path,
        "tag": _tag(notification),
        "unread": ChatMember.unread_of(notification.user),
    }


def _options(notification: Notification) -> PushOptions:
    """The push service sees the topic, so it names nothing."""
    ttl = int((notification.worth_keeping_until - clock.now()).total_seconds())
    return PushOptions(max(0, ttl), fingerprint(f"push:{_tag(notification)}")[:32], notification.is_urgent)


def _tag(notification: Notification) -> str:
    """What takes whose place on the screen."""
    if notification.chats > 1:
        return "messages"
    if notification.consultation_id is None:
        return f"chat-{notification.chat_id}"
    # Devices show earlier pushes under this tag: another name would put a second one beside them.
    return f"talk-{notification.consultation_id}"
