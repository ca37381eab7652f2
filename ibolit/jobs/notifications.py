"""Notifications of people who may be away: by SMS, or by mail when it can wait until they read their letters.

Who can be pushed to comes here only when no push arrived, or for what is too dear to be missed.
"""

from __future__ import annotations

from datetime import datetime

from flask import render_template

from ..extensions import db
from ..models import Channel, Job, Notification, NotificationKind
from ..models.delivery import MONEY_KINDS, REFUND_KINDS
from ..models.job import PAUSES
from ..rendering import link_to
from ..services import clock
from ..services.mail import MailFailed
from ..services.sms import SmsFailed
from . import sending

ACCOUNT_DOORS = {
    NotificationKind.COPY_READY: "my_data.copy",
    NotificationKind.COPY_FAILED: "my_data.copy",
    NotificationKind.COMING_OF_AGE: "relatives.index",
}


def deliver(job: Job) -> None:
    """A crash between the sending and its note repeats it, and never loses it."""
    notification = Notification.to_deliver(job.subject_id)
    if notification is not None and job.attempts == 1:  # repeated it goes the way it went
        notification.expedite()
    if notification is None or not is_due(job, notification, notification.sms_not_before(), by_sms=True):
        return
    try:
        channel = _send(job, notification)
    except (sending.Undeliverable, SmsFailed, MailFailed) as failure:
        if isinstance(failure, sending.Undeliverable) or job.attempts > len(PAUSES):
            notification.give_up(str(failure))
            db.session.commit()
        raise
    notification.mark_delivered(channel)


def is_due(job: Job, notification: Notification, waits_until: datetime | None = None, *, by_sms: bool = False) -> bool:
    """False when it comes later, or is no news any more; True when it is ours to send."""
    morning = notification.rests_until(by_sms=by_sms and notification.channel is Channel.SMS)
    later = morning or waits_until
    if morning is not None:
        notification.hold(morning)
    if later is not None:
        job.repeat_in(later - clock.now())
        return False
    if notification.is_stale or not notification.claim():
        notification.mark_stale()
        return False
    return True


def address_of(notification: Notification) -> tuple[str, dict[str, object]]:
    """The door it leads to."""
    if notification.chats > 1:
        return "messages.index", {}
    if notification.kind is NotificationKind.URGENT_UNOPENED:
        return "operator.index", {}  # an operator opens no chat
    if notification.kind in ACCOUNT_DOORS:
        return ACCOUNT_DOORS[notification.kind], {}
    is_of_days = notification.consultation_id is None and notification.kind in REFUND_KINDS
    if is_of_days or (notification.kind in MONEY_KINDS and notification.has_lost_place):
        return "account.payments", {}
    if notification.consultation_id is None:
        return "chat.show", {"id": notification.chat_id}
    consultation = notification.consultation
    if consultation is not None and consultation.side_of(notification.user) is None:
        return "chat.show", {"id": consultation.chat_id}  # who is no side of it sees it by its card there
    return "short_links.show", {"id": notification.consultation_id}


def _send(job: Job, notification: Notification) -> Channel:
    """No transaction stays open while the provider thinks."""
    door, values = address_of(notification)
    words = {"notification": notification, "link": link_to(door, **values)}
    phone, email = notification.user.phone, notification.user.email
    if notification.channel is Channel.MAIL and email is not None:
        letter = sending.render_mail("notification", **words)
        db.session.commit()
        sending.send_mail(job, email, letter)
        return Channel.MAIL
    text = render_template("sms/notification.txt", **words)
    db.session.commit()
    sending.send_sms(job, phone, text)
    return Channel.SMS
