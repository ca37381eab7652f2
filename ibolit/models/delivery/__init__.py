"""What is sent to people who may be away: notifications, push subscriptions, and what became of an SMS
or a mail at its provider."""

from .delivery import LEFT_BY_INVITATIONS, LEFT_BY_STRANGERS, Delivery, DeliveryState
from .kinds import (
    MONEY_KINDS,
    REFUND_KINDS,
    VALID_STATES,
    WAITING_IS_NEWS_FOR,
    Channel,
    NotificationKind,
    NotificationState,
)
from .notification import Notification
from .push_subscription import PushSubscription

__all__ = [
    "LEFT_BY_INVITATIONS",
    "LEFT_BY_STRANGERS",
    "MONEY_KINDS",
    "REFUND_KINDS",
    "VALID_STATES",
    "WAITING_IS_NEWS_FOR",
    "Channel",
    "Delivery",
    "DeliveryState",
    "Notification",
    "NotificationKind",
    "NotificationState",
    "PushSubscription",
]
