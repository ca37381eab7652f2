"""What must be told to people who may not be looking: notifications, push subscriptions, and what became of an SMS
or a mail at its provider."""

from .delivery import LEFT_BY_INVITATIONS, LEFT_BY_STRANGERS, Delivery, DeliveryState
from .kinds import AWAITED_FOR, GOES_BACK, TRUE_IN, Channel, NotificationKind, NotificationState
from .notification import Notification
from .push_subscription import PushSubscription

__all__ = [
    "AWAITED_FOR",
    "GOES_BACK",
    "LEFT_BY_INVITATIONS",
    "LEFT_BY_STRANGERS",
    "TRUE_IN",
    "Channel",
    "Delivery",
    "DeliveryState",
    "Notification",
    "NotificationKind",
    "NotificationState",
    "PushSubscription",
]
