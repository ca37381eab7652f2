"""SMS and e-mail that people wait for. Nothing of their content or address is ever logged: «SMS №12 sent»."""

from __future__ import annotations

import logging

from flask import render_template

from ..config import current_settings
from ..extensions import db
from ..models import EmailProof, Job, LoginCode
from ..rendering import link_to
from ..services import current_services
from ..services.mail import MailFailed
from ..services.sms import SmsFailed

log = logging.getLogger(__name__)


class Undeliverable(Exception):
    """Repeating cannot help."""


def send_login_code(job: Job) -> None:
    """The newest living code of a phone; in `invite` mode unknown phones get nothing, and nobody can tell."""
    code = db.session.get(LoginCode, job.subject_id)
    if code is None or not code.can_be_typed() or LoginCode.newest_for(code.phone) is not code:
        raise Undeliverable("the code is no longer needed")
    if not code.is_invited():
        raise Undeliverable("the phone is not invited")
    text = render_template("sms/login_code.txt", code=code.digits, host=current_settings.public_host)
    db.session.commit()  # no transaction stays open while the provider thinks
    send_sms(job, code.phone, text)


def send_email_proof(job: Job) -> None:
    proof = db.session.get(EmailProof, job.subject_id)
    if proof is None or not proof.is_alive():
        raise Undeliverable("the link is no longer needed")
    letter = written("email_proof", link=link_to("account.prove_email", id=proof.id, token=proof.token))
    db.session.commit()
    send_mail(job, proof.email, letter)


def written(name: str, **words: object) -> dict[str, str]:
    """Subject, text and html of the letter of that name."""
    return {
        "subject": render_template(f"mail/{name}/subject.txt", **words).strip(),
        "text": render_template(f"mail/{name}/body.txt", **words),
        "html": render_template(f"mail/{name}/body.html", **words),
    }


def send_mail(job: Job, email: str, letter: dict[str, str]) -> None:
    """Raises Undeliverable, or MailFailed when it may be tried again."""
    try:
        current_services.mail.send(email, **letter)
    except MailFailed as failure:
        if failure.permanent:
            raise Undeliverable(str(failure)) from None
        raise
    log.info("mail №%d sent", job.id)


def send_sms(job: Job, phone: str, text: str) -> None:
    """Raises Undeliverable, or SmsFailed when it may be tried again."""
    try:
        current_services.sms.send(phone, text)
    except SmsFailed as failure:
        if failure.permanent:
            raise Undeliverable(str(failure)) from None
        raise
    log.info("SMS №%d sent", job.id)
