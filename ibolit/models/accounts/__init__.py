"""How ways to sign in change: phone, e-mail, password, and numbers that were given to somebody else."""

from . import reassigned_number
from .lost_phone import refuse_while_phone_is_new, replace_lost_phone
from .security_event import (
    PriorCredentials,
    SecurityEvent,
    SecurityEventKind,
    change_password,
    change_phone,
    prove_email,
    replace_phone,
    request_data_copy,
)

__all__ = [
    "PriorCredentials",
    "SecurityEvent",
    "SecurityEventKind",
    "change_password",
    "change_phone",
    "prove_email",
    "reassigned_number",
    "refuse_while_phone_is_new",
    "replace_lost_phone",
    "replace_phone",
    "request_data_copy",
]
