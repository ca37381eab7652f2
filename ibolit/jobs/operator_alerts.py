"""What an operator must hear of at once: by push, else by mail, else by SMS."""

from __future__ import annotations

import logging

from flask import render_template

from ..config import current_settings
from ..database import release
from ..extensions import db
from ..models import Delivery, Job, PushSubscription, User
from ..rendering import link_to
from ..services.codes import fingerprint
from ..services.push import PushOptions
from . import pushes, sending

log = logging.getLogger(__name__)

HALF_A_DAY = 12 * 3600  # seconds a push is worth


def tell_of_sms(job: Job) -> None:
    """Half of the day's SMS are gone: somebody may be making the clinic pay."""
    operator, listening = db.session.get_one(User, job.subject_id), PushSubscription.reaching(job.subject_id)
    words = {"gone": Delivery.sms_today(), "most": current_settings.sms_daily_max, "link": link_to("operator.index")}
    phone, email = operator.phone, operator.email
    log.warning("half of the day's SMS are gone: %d of %d", words["gone"], words["most"])
    told: dict[str, object] = {
        "title": render_template("push/half_of_sms.txt", **words).strip(),
        "body": "",
        "url": "/operator",
        "tag": "sms-of-the-day",
    }
    letter, text = sending.render_mail("half_of_sms", **words), render_template("sms/half_of_sms.txt", **words)
    release()
    outcome = pushes.send_to(listening, told, PushOptions(HALF_A_DAY, fingerprint("push:sms-of-the-day")[:32], True))
    pushes.note_outcome(outcome)
    if outcome.delivered:
        return
    if email is not None:
        sending.send_mail(job, email, letter)
    else:
        sending.send_sms(job, phone, text)
