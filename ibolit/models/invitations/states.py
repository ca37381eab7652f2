"""What has become of an invitation, as its sender sees it."""

from __future__ import annotations

from enum import StrEnum

from ..delivery import DeliveryState


class InvitationState(StrEnum):
    """As its sender sees it."""

    WAITING = "waiting"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"  # whether it arrived
    OPENED = "opened"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    FORGOTTEN = "forgotten"  # nobody came, and the person's data are gone


OF_DELIVERY = {
    DeliveryState.SENT: InvitationState.SENT,
    DeliveryState.DELIVERED: InvitationState.DELIVERED,
    DeliveryState.UNDELIVERED: InvitationState.FAILED,
    DeliveryState.FAILED: InvitationState.FAILED,
    DeliveryState.UNKNOWN: InvitationState.UNKNOWN,
}
