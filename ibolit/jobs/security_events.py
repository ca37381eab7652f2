"""A way in has changed: told at once by SMS, mail and push, whatever the hour, in words that name nothing medical."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

from flask import render_template

from ..database import release
from ..extensions import db
from ..models import Channel, Delivery, Job, JobKind, SecurityEvent
from ..rendering import link_to
from ..services import clock
from ..services.codes import fingerprint
from ..services.push import PushOptions
from . import pushes, sending

log = logging.getLogger(__name__)

HOUR = 3600


def send_sms(job: Job) -> None:
    change = _told_of(job)
    text = render_template("sms/security_event.txt", **_words(change, Channel.SMS))
    phone = change.older_phone
    release()
    try:
        sending.send_sms(job, phone, text)
    except sending.DailySmsLimitReached:  # this news is worth three days
        job.repeat_in(Delivery.next_day() - clock.now())


def send_mail(job: Job) -> None:
    """To the address as it was before the change."""
    change = _told_of(job)
    if change.email is None:
        raise sending.Undeliverable("there was no address")
    letter, email = sending.render_mail("security_event", **_words(change, Channel.MAIL)), change.email
    release()
    sending.send_mail(job, email, letter)


def push(job: Job) -> None:
    """To the older devices; who is reached by none of them, and by no letter, gets an SMS."""
    change = _told_of(job)
    listening = change.listening()
    words = _words(change, Channel.PUSH)
    address = urlsplit(str(words["link"]))
    told: dict[str, object] = {
        "title": render_template("push/security_event.txt", **words).strip(),
        "body": "",
        "url": f"{address.path}?{address.query}" if address.query else address.path,
        "tag": f"way-{change.id}",
    }
    release()
    outcome = pushes.send_to(listening, told, PushOptions(24 * HOUR, fingerprint(f"push:way-{change.id}")[:32], True))
    pushes.note_outcome(outcome)
    if not outcome.delivered and change.email is None and not Job.was_added(JobKind.SECURITY_SMS, change.id, change.at):
        Job.add(JobKind.SECURITY_SMS, change.id)
    log.info("push №%d: %d sent, %d gone", job.id, len(outcome.delivered), len(outcome.gone))


def _told_of(job: Job) -> SecurityEvent:
    change = db.session.get(SecurityEvent, job.subject_id)
    if change is None or change.undone_at is not None:
        raise sending.Undeliverable("it is undone")
    return change


def _words(change: SecurityEvent, channel: Channel) -> dict[str, object]:
    token = change.token_for(channel)
    link = link_to("not_me.show", id=change.id, token=token) if token else link_to("account.index")
    return {"change": change, "link": link, "may_undo": bool(token)}
