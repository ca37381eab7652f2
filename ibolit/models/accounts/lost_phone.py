"""Another number instead of a lost one, given by the office, which may have mistyped a digit.

docs/product.md, «Ways in»: for 72 hours nothing is carried away or lost by it.
"""

from __future__ import annotations

from sqlalchemy import select

from ... import errors
from ...extensions import db
from ...services import clock
from ..people import Device, User
from .security_event import SecurityEvent, SecurityEventKind, replace_phone


def replace_lost_phone(user: User, phone: str) -> None:
    """Who held the lost one is signed out everywhere. Raises NumberIsAnothers."""
    replace_phone(user, phone)
    Device.end_others(user, None)


def refuse_while_phone_is_new(user: User) -> None:
    """No copy, no erasure, no second change. Raises PhoneIsNew."""
    event = SecurityEvent
    kinds = SecurityEventKind.PHONE, SecurityEventKind.PHONE_GIVEN
    by_office = event.kind.in_(kinds), event.device_id.is_(None), event.undone_at.is_(None)
    lately = event.at > clock.now() - event.UNDO_WITHIN
    if db.session.scalar(select(event.id).where(event.user_id == user.id, *by_office, lately).limit(1)) is not None:
        raise errors.PhoneIsNew
