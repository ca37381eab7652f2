"""One SMS or mail of a job, sent through its provider. Neither content nor address is ever logged: «SMS №12 sent»."""

from __future__ import annotations

import logging

from flask import render_template

from .. import errors, phones
from ..config import current_settings
from ..extensions import db
from ..models import Channel, Delivery, DeliveryState, Job
from ..services import current_services
from ..services.mail import MailFailed
from ..services.sms import SmsFailed, parts_of

log = logging.getLogger(__name__)


class Undeliverable(Exception):
    """Not sent, and repeating cannot help."""


class DailySmsLimitReached(Undeliverable):
    """SMS_DAILY_MAX is used up until midnight in the clinic."""


def render_mail(name: str, **words: object) -> dict[str, str]:
    """Subject, text and html of the letter of that name."""
    return {
        "subject": render_template(f"mail/{name}/subject.txt", **words).strip(),
        "text": render_template(f"mail/{name}/body.txt", **words),
        "html": render_template(f"mail/{name}/body.html", **words),
    }


def send_mail(job: Job, email: str, letter: dict[str, str]) -> None:
    """Raises Undeliverable, or MailFailed when it may be tried again."""
    delivery = Delivery.of(job, Channel.MAIL)
    if not _begin(delivery):
        return
    try:
        current_services.mail.send(email, **letter, key=f"dispatch-{delivery.id}")
    except MailFailed as failure:
        _note(delivery, failure)
        raise
    _arrive(delivery, "")
    log.info("mail №%d sent", job.id)


def send_sms(job: Job, phone: str | None, text: str, *, leave: int = 0) -> None:
    """Raises Undeliverable, or SmsFailed when it may be tried again; one in `leave` of today's is left to others."""
    if phone is None:
        raise Undeliverable("there is no phone")
    if not current_settings.sends_sms_to(phone):
        raise Undeliverable("no SMS goes to this country, or to a landline")
    delivery, parts = Delivery.of(job, Channel.SMS), parts_of(text)
    if not _begin(delivery, parts, phones.country_of(phone), leave):
        return
    try:
        reference = current_services.sms.send(phone, text)
    except SmsFailed as failure:
        _note(delivery, failure, parts)
        raise
    _arrive(delivery, reference)
    log.info("SMS №%d sent", job.id)


def _begin(delivery: Delivery, parts: int = 1, country: str = "", leave: int = 0) -> bool:
    """Commits before the provider is asked; False when the provider has it already. Raises Undeliverable."""
    if delivery.is_over:
        return False
    try:
        delivery.begin(parts, country, leave=leave)
    except errors.OutcomeUnknown:
        raise Undeliverable("nobody knows whether it arrived") from None
    except errors.DailyLimitReached:
        raise DailySmsLimitReached("daily limit") from None
    finally:
        db.session.commit()
    return True


def _note(delivery: Delivery, failure: SmsFailed | MailFailed, parts: int = 1) -> None:
    """Raises Undeliverable when repeating cannot help or must not be done."""
    if failure.unknown:
        delivery.note_unknown(str(failure))
    else:
        delivery.fail(str(failure), parts, for_good=failure.permanent)
    db.session.commit()
    if failure.permanent:
        raise Undeliverable(str(failure)) from None
    if delivery.state is DeliveryState.UNKNOWN:
        raise Undeliverable("nobody knows whether it arrived") from None


def _arrive(delivery: Delivery, reference: str) -> None:
    delivery.record_sent(reference)
    db.session.commit()
