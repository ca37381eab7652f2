"""Codes to relatives, and what time makes of who writes for whom."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import render_template

from ..database import release
from ..extensions import db
from ..faults import told
from ..formatting import when_for
from ..models import CodePurpose, FamilyCode, Job
from ..models.delivery import LEFT_BY_STRANGERS
from ..models.family import coming_of_age, office
from ..rendering import link_to
from ..services import clock
from . import sending

log = logging.getLogger(__name__)


def send_code(job: Job) -> None:
    """What it allows stands beside it, with no word of medicine and nobody's name."""
    code = db.session.get(FamilyCode, job.subject_id)
    if code is None or not code.is_redeemable():
        raise sending.Undeliverable("the code is no longer needed")
    consultation = code.consultation
    text = render_template(
        "sms/family_code.txt",
        purpose=code.purpose,
        code=code.digits,
        link=link_to("auth.index") if code.purpose is CodePurpose.PERMISSION else "",
        when=when_for(consultation.starts_at, consultation.patient.zone) if consultation else "",
    )
    phone = code.phone
    release()  # no transaction stays open while the provider thinks
    sending.send_sms(job, phone, text, leave=LEFT_BY_STRANGERS)


def process_due(job: Job) -> None:
    """At every full hour, so that midnight of the clinic is one of them. One that fails is tried again in an hour, and
    keeps nobody else waiting."""
    for step in (*coming_of_age.due_steps(), *office.due_steps()):
        try:
            step()
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            log.error("who writes for whom was not settled: %s", told(error))
    now = clock.now()
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    job.repeat_in(hour - now)
