"""What people must learn who may not be looking: by SMS, or by mail when it can wait until they read their letters."""

from __future__ import annotations

from flask import render_template

from ..extensions import db
from ..models import Channel, Job, Notification
from ..models.job import PAUSES
from ..rendering import link_to
from ..services.mail import MailFailed
from ..services.sms import SmsFailed
from . import letters


def deliver(job: Job) -> None:
    """A crash between the sending and its note repeats it, and never loses it."""
    notification = Notification.to_deliver(job.subject_id)
    if notification is None:
        return
    if notification.is_stale:
        notification.grow_stale()
        return
    # Whoever learns it otherwise before this line is spared the SMS and the letter.
    try:
        _send(job, notification)
    except (letters.Undeliverable, SmsFailed, MailFailed) as failure:
        if isinstance(failure, letters.Undeliverable) or job.attempts > len(PAUSES):
            notification.give_up(str(failure))
            db.session.commit()
        raise
    notification.arrive()


def _send(job: Job, notification: Notification) -> None:
    """No transaction stays open while the provider thinks."""
    words = {"notification": notification, "link": _link_of(notification)}
    phone, email = notification.user.phone, notification.user.email
    if notification.channel is Channel.MAIL and email is not None:
        letter = letters.written("notification", **words)
        db.session.commit()
        letters.send_mail(job, email, letter)
    else:
        text = render_template("sms/notification.txt", **words)
        db.session.commit()
        letters.send_sms(job, phone, text)


def _link_of(notification: Notification) -> str:
    if notification.consultation_id is None:
        return link_to("chat.show", id=notification.chat_id)
    return link_to("short.show", id=notification.consultation_id)
