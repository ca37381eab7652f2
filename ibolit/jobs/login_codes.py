"""Codes and links that prove a phone or an address, on their way by SMS and mail."""

from __future__ import annotations

from flask import render_template

from ..config import current_settings
from ..database import release
from ..extensions import db
from ..models import EmailProof, Job, LoginCode, User
from ..models.accounts import reassigned_number
from ..models.delivery import LEFT_BY_STRANGERS
from ..rendering import link_to
from ..services.sms import SmsFailed
from . import sending


def send_login_code(job: Job) -> None:
    """The newest living code of a phone; in `invite` mode unknown phones get nothing, and nobody can tell."""
    code = db.session.get(LoginCode, job.subject_id)
    if code is None or not code.is_redeemable() or not code.is_newest():
        raise sending.Undeliverable("the code is no longer needed")
    if not code.is_invited():
        raise sending.Undeliverable("the phone is not invited")
    if not current_settings.sends_sms_to(code.phone):
        code.mail_as_well()
        return
    words = "sms/change_code.txt" if code.is_for_change else "sms/login_code.txt"
    text = render_template(words, code=code.digits, host=current_settings.public_host)
    release()  # no transaction stays open while the provider thinks
    try:
        sending.send_sms(job, code.phone, text, leave=0 if code.has_own else LEFT_BY_STRANGERS)
    except (sending.Undeliverable, SmsFailed):
        code.mail_as_well()
        db.session.commit()
        raise


def mail_login_code(job: Job) -> None:
    """The second way, for who has proved an address: the SMS did not go out or did not arrive."""
    code = db.session.get(LoginCode, job.subject_id)
    user = User.by_phone(code.phone) if code is not None else None
    if code is None or user is None or user.email is None or not user.email_is_settled or not code.is_redeemable():
        raise sending.Undeliverable("the code is no longer needed")
    letter, email = sending.render_mail("login_code", code=code.digits), user.email
    release()
    sending.send_mail(job, email, letter)


def mail_owner_code(job: Job) -> None:
    """To who has proved the address long ago: somebody holds the number now, perhaps still its owner."""
    code = db.session.get(LoginCode, job.subject_id)
    user = reassigned_number.account_of(code) if code is not None else None
    if code is None or user is None or user.email is None or not user.email_is_settled or not code.proves_phone():
        raise sending.Undeliverable("the code is no longer needed")
    letter, email = sending.render_mail("owner_code", code=reassigned_number.digits_of(code)), user.email
    release()
    sending.send_mail(job, email, letter)


def send_email_proof(job: Job) -> None:
    proof = db.session.get(EmailProof, job.subject_id)
    if proof is None or not proof.is_alive():
        raise sending.Undeliverable("the link is no longer needed")
    letter = sending.render_mail("email_proof", link=link_to("account.prove_email", id=proof.id, token=proof.token))
    release()
    sending.send_mail(job, proof.email, letter)
