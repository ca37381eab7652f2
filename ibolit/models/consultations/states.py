"""The words of a consultation's life, and the table of what may follow what."""

from __future__ import annotations

from enum import StrEnum


class ConsultationKind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"


class ConsultationState(StrEnum):
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED = "missed"


# What may follow what, and when. Nothing else does.
TRANSITIONS: dict[ConsultationState, dict[ConsultationState, str]] = {
    ConsultationState.PROPOSED: {
        ConsultationState.CONFIRMED: "the patient confirms a free one, or pays",
        ConsultationState.CANCELLED: "either of the two",
        ConsultationState.EXPIRED: "its start has come, and nobody is paying",
    },
    ConsultationState.CONFIRMED: {
        ConsultationState.IN_PROGRESS: "both are ready",
        ConsultationState.CANCELLED: "either of the two, or the clinic gives all the money back",
        ConsultationState.MISSED: "the window has closed",
    },
    ConsultationState.IN_PROGRESS: {
        ConsultationState.COMPLETED: "the doctor ends it, or the window closes and both came",
        ConsultationState.MISSED: "the window closes, and one of them never came",
    },
    ConsultationState.COMPLETED: {},
    ConsultationState.CANCELLED: {},
    ConsultationState.EXPIRED: {
        ConsultationState.CONFIRMED: "paid after its hold, and its time is free still",
    },
    ConsultationState.MISSED: {},
}

CHANGEABLE = (ConsultationState.PROPOSED, ConsultationState.CONFIRMED)
UPCOMING = (*CHANGEABLE, ConsultationState.IN_PROGRESS)
CONFIRMED_STATES = (ConsultationState.CONFIRMED, ConsultationState.IN_PROGRESS)


class CancellationReason(StrEnum):
    """Why it is cancelled, as the person says it."""

    CHANGED_MIND = "changed_mind"
    BAD_TIME = "bad_time"
    OTHER = "other"
    MONEY_BACK = "money_back"  # the clinic's own: nobody presses this one
    CHAT_CLOSED = "chat_closed"  # nobody may write in the patient's name any more; nobody presses it either
