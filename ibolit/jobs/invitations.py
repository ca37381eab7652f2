"""Invitations on their way, and lists of patients turned into them."""

from __future__ import annotations

from datetime import timedelta

from flask import render_template

from ..extensions import db
from ..models import Channel, Delivery, Invitation, Job, PatientImport
from ..models.delivery import LEFT_BY_INVITATIONS
from ..models.job import PAUSES
from ..rendering import link_to
from ..services import clock
from ..services.mail import MailFailed
from ..services.sms import SmsFailed
from . import sending

MORNING = 10  # o'clock in the clinic: no invitation that had to wait comes at night


def send(job: Job) -> None:
    """A crash between the sending and its note repeats it once, with the same link."""
    invitation = Invitation.to_send(job.subject_id, job)
    if invitation is None:
        raise sending.Undeliverable("the invitation is no longer needed")
    channel = Channel.SMS if invitation.phone else Channel.MAIL
    delivery = Delivery.of(job, channel)
    invitation.leave(delivery)
    link = link_to("welcome.show", token=invitation.token)
    try:
        _send(job, invitation, link)
    except sending.DailySmsLimitReached:
        invitation.wait()
        job.repeat_in(Delivery.next_day(MORNING) - clock.now())
    except (sending.Undeliverable, SmsFailed, MailFailed) as failure:
        if isinstance(failure, sending.Undeliverable) or job.attempts > len(PAUSES):
            delivery.give_up()
            db.session.commit()
        raise


def invite_list(job: Job) -> None:
    """Some lines at a time: what they cause goes out before the next, so the way to the end can be watched."""
    patients = PatientImport.to_invite(job.subject_id)
    if patients is not None and patients.invite_some():
        job.repeat_in(timedelta())


def _send(job: Job, invitation: Invitation, link: str) -> None:
    """Whoever sends it commits before the provider is asked."""
    if invitation.phone:
        text = render_template("sms/invitation.txt", link=link)
        sending.send_sms(job, invitation.phone, text, leave=LEFT_BY_INVITATIONS)
    elif invitation.email:
        letter = sending.render_mail("invitation", link=link)
        sending.send_mail(job, invitation.email, letter)
