"""What a notification says beside its kind: questions that the words of pushes, SMS and letters ask."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ...services import clock
from .kinds import NotificationKind

if TYPE_CHECKING:
    from .notification import Notification

SAID_IN_MINUTES = timedelta(hours=1)  # a meeting so near is told by how long it is until then
MAY_WAIT_FOR_PAYMENT = (NotificationKind.MOVED, NotificationKind.WAITS)


class NotificationSummary:
    """A notification's facet for its words."""

    @property
    def is_about_several_chats(self: Notification) -> bool:
        return self.chats > 1

    @property
    def awaits_payment(self: Notification) -> bool:
        """The time of the consultation is agreed on, and only the money is missing."""
        return self.kind in MAY_WAIT_FOR_PAYMENT and self.consultation is not None and self.consultation.awaits_payment

    @property
    def is_within_the_hour(self: Notification) -> bool:
        """A reminder of what begins so soon that minutes are told, not the time of day."""
        if self.kind is not NotificationKind.NEAR or self.moment is None:
            return False
        return self.moment - clock.now() <= SAID_IN_MINUTES

    @property
    def waits_until(self: Notification) -> datetime | None:
        """Until when the other side, which is late, asks to be waited for."""
        if self.kind is not NotificationKind.LATE or self.consultation is None:
            return None
        return self.consultation.late_until(self.consultation.other_than(self.user))

    @property
    def is_about_unpaid(self: Notification) -> bool:
        """The consultation had a price, so that its time passed unpaid; a free one passed unconfirmed."""
        return self.consultation is not None and bool(self.consultation.price)

    @property
    def is_about_choice(self: Notification) -> bool:
        """Nobody has chosen one of the times that were proposed."""
        return self.consultation is not None and self.consultation.was_choice

    @property
    def is_about_extra_payment(self: Notification) -> bool:
        """Another payment had bought the same consultation before."""
        return self.consultation is not None and self.consultation.is_paid
