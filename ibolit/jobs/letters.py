"""SMS and e-mail that people wait for. Nothing of their content or address is ever logged: «SMS №12 sent»."""

from __future__ import annotations

import logging

from flask import render_template

from .. import errors, phones
from ..config import current_settings
from ..extensions import db
from ..models import Channel, Delivery, DeliveryState, EmailProof, Job, LoginCode, User
from ..models.accounts import reassigned_number
from ..models.delivery import LEFT_BY_STRANGERS
from ..rendering import link_to
from ..services import current_services
from ..services.mail import MailFailed
from ..services.sms import SmsFailed, parts_of

log = logging.getLogger(__name__)


class Undeliverable(Exception):
    """Repeating cannot help."""


class NoMoreToday(Undeliverable):
    """The clinic pays for no more SMS until midnight."""


def send_login_code(job: Job) -> None:
    """The newest living code of a phone; in `invite` mode unknown phones get nothing, and nobody can tell."""
    code = db.session.get(LoginCode, job.subject_id)
    if code is None or not code.can_be_typed() or not code.is_newest():
        raise Undeliverable("the code is no longer needed")
    if not code.is_invited():
        raise Undeliverable("the phone is not invited")
    if not current_settings.sends_sms_to(code.phone):
        code.send_by_mail_too()
        return
    text = render_template("sms/login_code.txt", code=code.digits, host=current_settings.public_host)
    db.session.commit()  # no transaction stays open while the provider thinks
    try:
        send_sms(job, code.phone, text, leave=0 if code.has_own else LEFT_BY_STRANGERS)
    except (Undeliverable, SmsFailed):
        code.send_by_mail_too()
        db.session.commit()
        raise


def mail_login_code(job: Job) -> None:
    """The second way, for who has proved an address: the SMS did not go out or did not arrive."""
    code = db.session.get(LoginCode, job.subject_id)
    user = User.by_phone(code.phone) if code is not None else None
    if code is None or user is None or user.email is None or not user.email_is_settled or not code.can_be_typed():
        raise Undeliverable("the code is no longer needed")
    letter, email = written("login_code", code=code.digits), user.email
    db.session.commit()
    send_mail(job, email, letter)


def mail_owner_code(job: Job) -> None:
    """To who has proved the address long ago: somebody holds his number now, perhaps he himself."""
    code = db.session.get(LoginCode, job.subject_id)
    user = reassigned_number.account_of(code) if code is not None else None
    if code is None or user is None or user.email is None or not user.email_is_settled or not code.proves_phone():
        raise Undeliverable("the code is no longer needed")
    letter, email = written("owner_code", code=reassigned_number.digits_of(code)), user.email
    db.session.commit()
    send_mail(job, email, letter)


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
        raise Undeliverable("no SMS goes to this country")
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
    """Written down before the provider hears of it; False when he has taken it already. Raises Undeliverable."""
    if delivery.is_over:
        return False
    try:
        delivery.begin(parts, country, leave=leave)
    except errors.OutcomeUnknown:
        raise Undeliverable("nobody knows whether it arrived") from None
    except errors.DailyLimitReached:
        raise NoMoreToday("daily limit") from None
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
