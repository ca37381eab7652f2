"""Of what people are notified."""

from __future__ import annotations

from ibolit.extensions import db
from ibolit.models import Notification, NotificationKind, User


def told(user: User) -> list[NotificationKind]:
    """The kinds of the person's notifications, since the last forgetting, in their order."""
    kinds = db.select(Notification.kind).where(Notification.user_id == user.id).order_by(Notification.id)
    return list(db.session.scalars(kinds))
