"""What has become of an invitation, as its sender sees it."""

from __future__ import annotations

from enum import StrEnum

from ..delivery import DispatchState


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


OF_DISPATCH = {
    DispatchState.SENT: InvitationState.SENT,
    DispatchState.DELIVERED: InvitationState.DELIVERED,
    DispatchState.UNDELIVERED: InvitationState.FAILED,
    DispatchState.FAILED: InvitationState.FAILED,
    DispatchState.UNKNOWN: InvitationState.UNKNOWN,
}
