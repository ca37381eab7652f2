"""E-mail addresses as people type them, kept in one spelling: lower case, a domain in its own letters."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

from .normalization import plain

LONGEST = 254


class NotAnEmail(ValueError):
    pass


class NotAscii(NotAnEmail):
    """Letters other than Latin before the «@». Hardly any server takes them (SMTPUTF8), and most of these are slips."""


def parse(typed: str) -> str:
    """«Anna@КЛИНИКА.рф», «anna@xn--80apagcdp.xn--p1ai» → «anna@клиника.рф». Raises NotAnEmail or NotAscii."""
    words = plain(typed)
    try:
        read = validate_email(words, check_deliverability=False)
    except EmailNotValidError:
        raise NotAnEmail from None
    if not read.local_part.isascii():
        raise NotAscii
    email = read.normalized.lower()
    if len(email) > LONGEST or len(read.ascii_email or "") > LONGEST:
        raise NotAnEmail
    return email
