"""What stands in the audit log of who is signed in here."""

from __future__ import annotations

from flask_login import current_user

from ..models import AuditAction, AuditEvent
from .client import client_address


def log_audit(action: AuditAction, subject_id: int | None, first: int | None = None, last: int | None = None) -> None:
    """Who is signed in here did it, or saw it; AuditEvent says what the numbers mean. Commit later."""
    AuditEvent.write(
        action, actor_id=current_user.id, subject_id=subject_id, first=first, last=last, address=client_address()
    )
