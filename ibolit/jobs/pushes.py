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
from ..services.push import Browser, Handling, PushFailed, PushGone
from . import notifications

log = logging.getLogger(__name__)

TRIES = 2  # then the SMS, which is waiting to be sent


@dataclass
class Outcome:
    arrived: list[int] = field(default_factory=list)
    dead: list[tuple[int, str]] = field(default_factory=list)
    doubt: PushFailed | None = None


def push(job: Job) -> None:
    """A crash between the sending and its note repeats it: on the screen it takes its own place."""
    notification = Notification.to_push(job.subject_id)
    if notification is None or not notifications.is_due(job, notification):
        return
    listening = PushSubscription.reaching(notification.user_id)
    told, handling = _told(notification), _handling(notification)
    db.session.commit()
    outcome = send_to(listening, told, handling)
    note(outcome)
    log.info("push №%d: %d sent, %d gone", job.id, len(outcome.arrived), len(outcome.dead))
    if not outcome.arrived and outcome.doubt is not None and job.attempts < TRIES:
        db.session.commit()
        raise outcome.doubt
    _go_on(notification, has_arrived=bool(outcome.arrived))


def send_to(listening: Sequence[PushSubscription], told: dict[str, object], handling: Handling) -> Outcome:
    outcome = Outcome()
    for one in listening:
        try:
            current_services.push.send(Browser(one.endpoint, one.p256dh, one.auth), told, handling)
        except PushGone:
            outcome.dead.append((one.id, one.endpoint))
        except PushFailed as failure:
            log.info("a push failed: %s", failure)
            outcome.doubt = outcome.doubt if failure.permanent else failure
        else:
            outcome.arrived.append(one.id)
    return outcome


def note(outcome: Outcome) -> None:
    PushSubscription.note_arrivals(outcome.arrived)
    for id, endpoint in outcome.dead:
        PushSubscription.note_death(id, endpoint)


def _go_on(notification: Notification, *, has_arrived: bool) -> None:
    if notification.goes_both_ways:
        return  # its SMS has a job of its own
    if has_arrived:
        notification.arrive(Channel.PUSH)
    elif notification.is_of_messages:
        notification.await_reading()
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


def _handling(notification: Notification) -> Handling:
    """The push service sees the topic, so it names nothing."""
    ttl = int((notification.worth_keeping_until - clock.now()).total_seconds())
    return Handling(max(0, ttl), fingerprint(f"push:{_tag(notification)}")[:32], notification.is_urgent)


def _tag(notification: Notification) -> str:
    """What takes whose place on the screen."""
    if notification.chats > 1:
        return "messages"
    if notification.consultation_id is None:
        return f"chat-{notification.chat_id}"
    # Devices show earlier pushes under this tag: another name would put a second one beside them.
    return f"talk-{notification.consultation_id}"
