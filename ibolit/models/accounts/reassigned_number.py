"""Numbers are resold: where nobody was signed in for half a year, a code on the phone alone opens nothing old.

Whoever holds the number shows that it is still theirs, or begins anew; the old account then stays without a phone until
the office gives it one.
"""

from __future__ import annotations

from datetime import date

from ... import errors
from ...extensions import db
from ...normalization import key_of
from ...services.codes import code_for, is_code
from ..invitations import LoginCode, PhoneHolder
from ..job import Job, JobKind
from ..people import LimitKind, RateLimitHit, User
from .security_event import SecurityEvent, SecurityEventKind

FEWEST_WORDS = 2  # of a name that shows anything: who has bought a number may guess «Анна»


def account_of(code: LoginCode) -> User | None:
    """Whose ways in this proof opens; None for who is new, or says so."""
    return None if code.holder is PhoneHolder.NEW else User.by_phone(code.phone)


def asks_owner(code: LoginCode) -> bool:
    user = User.by_phone(code.phone) if code.holder is None else None
    return user is not None and user.phone_may_be_reassigned


def may_prove_by_name(user: User) -> bool:
    return len(user.name_key.split()) >= FEWEST_WORDS


def prove_by_name(code: LoginCode, user: User, typed: str, born: date | None = None) -> None:
    """And by the birth date where it is known. Three tries a day.

    Raises TooManyAttempts, NameDoesNotMatch or OwnerDoesNotMatch, which does not say which of the two is wrong; commit
    also then: the try counts.
    """
    RateLimitHit.count(LimitKind.OWNER_NAME, str(user.id))
    if not may_prove_by_name(user) or not _is_name_of(user, typed) or user.birth_date not in (None, born):
        raise errors.NameDoesNotMatch if user.birth_date is None else errors.OwnerDoesNotMatch
    code.holder = PhoneHolder.OWNER


def mail_code(code: LoginCode, user: User) -> None:
    """To the address the owner has proved; another code than that of the SMS. Raises TooManyAttempts."""
    if user.email_is_settled and not Job.was_added(JobKind.OWNER_BY_MAIL, code.id, since=code.created_at):
        RateLimitHit.count(LimitKind.OWNER_MAIL, str(user.id))
        Job.add(JobKind.OWNER_BY_MAIL, code.id)


def is_mailed(code: LoginCode) -> bool:
    return Job.was_added(JobKind.OWNER_BY_MAIL, code.id, since=code.created_at)


def digits_of(code: LoginCode) -> str:
    return code_for("owner", code.id, code.nonce)


def prove_by_mail(code: LoginCode, digits: str) -> None:
    """Raises TooManyAttempts or CodeIsWrong; commit also then: the try counts."""
    RateLimitHit.count(LimitKind.OWNER_CODE, str(code.id))
    if not is_mailed(code) or not is_code("owner", code.id, code.nonce, digits):
        raise errors.MailedCodeIsWrong
    code.holder = PhoneHolder.OWNER


def release_phone(user: User) -> None:
    """Its new holder begins an empty account; what is old waits for the office. Raises CodeIsSpent.

    Somebody may have signed in by mail at this very moment: then the number is theirs, and nobody gets it.
    """
    db.session.refresh(user, with_for_update={"of": User})
    if not user.phone_may_be_reassigned:
        raise errors.CodeIsSpent
    before, user.phone = user.phone, None
    db.session.flush()
    SecurityEvent.announce(user, SecurityEventKind.PHONE_LEFT)
    user.note_phone_change(before)


def _is_name_of(user: User, typed: str) -> bool:
    """Word by word in any order; a patronymic may be missing on either side."""
    known, told = set(user.name_key.split()), set(key_of(typed).split())
    return len(known & told) >= FEWEST_WORDS and (known <= told or told <= known)
