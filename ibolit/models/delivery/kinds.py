"""Kinds of notifications, their channels, and in which states they are still news."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from ..consultations import UPCOMING, ConsultationState

URGENT_WITHIN = timedelta(hours=1)
URGENT_SAME_DAY_WITHIN = timedelta(hours=3)
WAITING_IS_NEWS_FOR = timedelta(
    minutes=5
)  # who hears later than this that somebody waits would come to an empty screen
READING_GRACE = timedelta(seconds=10)  # who has a page open may be reading it just now
SMS_AFTER = timedelta(minutes=10)  # no SMS about what is read soon
SMS_EVERY = timedelta(hours=1)  # about messages of one chat
MANY_UNREAD, SMS_THEN_EVERY = 3, timedelta(days=1)  # about those that stay unread


class NotificationKind(StrEnum):
    MESSAGE = "message"
    PAID = "paid"
    REQUESTED = "requested"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    RESCHEDULE_REQUESTED = "reschedule_requested"
    RESCHEDULE_DECLINED = "reschedule_declined"
    MOVED = "moved"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED = "missed"
    NEAR = "near"
    READY = "ready"
    LATE = "late"
    CONCLUSION = "conclusion"
    CORRECTED = "corrected"  # the conclusion was
    DECIDED = "decided"  # what becomes of money that may go back
    RETURNED = "returned"  # money that came in vain goes back
    WAITS = "waits"  # for the patient's yes or payment
    ENDS = "ends"  # the chat's time does
    PROMISE = "promise"  # is past: a doctor's, to answer
    URGENT = "urgent"  # its doctor: somebody speaks of an emergency
    URGENT_SENT = "urgent_sent"  # who wrote it and was not looking: the page says whom to call
    URGENT_UNOPENED = "urgent_unopened"  # the office: nobody has opened it
    COPY_READY = "copy_ready"  # of one's data
    COPY_FAILED = "copy_failed"
    COMING_OF_AGE = "coming_of_age"  # of a child the parent writes for
    STAND_IN = "stand_in"  # a colleague's patient lets this doctor answer


# Sent by SMS or mail as well, whether a push arrived or not.
PUSH_AND_SMS = (NotificationKind.NEAR, NotificationKind.READY)


# Changes of an appointment: for a time of today they go by SMS rather than mail.
CHANGES_THE_DAY = (
    NotificationKind.PROPOSED,
    NotificationKind.CONFIRMED,
    NotificationKind.RESCHEDULE_REQUESTED,
    NotificationKind.RESCHEDULE_DECLINED,
    NotificationKind.MOVED,
    NotificationKind.CANCELLED,
)


# They let people sleep: doctors have quiet hours of their own, and no SMS of these goes out by night.
QUIET_HOURS_KINDS = (NotificationKind.MESSAGE, NotificationKind.REQUESTED, NotificationKind.STAND_IN)


REFUND_KINDS = (NotificationKind.DECIDED, NotificationKind.RETURNED)
MONEY_KINDS = (NotificationKind.PAID, *REFUND_KINDS)  # heard also by who reads the chat no more


# Of the person's own account: they lead to a page of the profile, and to no chat.
ACCOUNT_KINDS = (NotificationKind.COPY_READY, NotificationKind.COPY_FAILED, NotificationKind.COMING_OF_AGE)


NO_SMS_BY_NIGHT = (*QUIET_HOURS_KINDS, *REFUND_KINDS, *ACCOUNT_KINDS)


# By push or mail, by day; the screen says it, too, and no SMS is paid for it.
WITHOUT_SMS = (NotificationKind.WAITS, NotificationKind.ENDS)


# A push or nothing: who has none sees it on the page as well, and nobody pays for an SMS of it.
PUSH_ONLY = (NotificationKind.PROMISE, NotificationKind.URGENT_SENT)


# Of an emergency: at once and at every hour, to the phone in the hand.
URGENT_KINDS = (NotificationKind.URGENT, NotificationKind.URGENT_UNOPENED)


class Channel(StrEnum):
    PUSH = "push"
    SMS = "sms"
    MAIL = "mail"


class NotificationState(StrEnum):
    WAITING = "waiting"
    SENDING = "sending"  # of messages: those after it have a notification of their own
    DELIVERED = "delivered"
    STALE = "stale"  # it was no news any more when it could be sent, or another told of it, too
    UNDELIVERABLE = "undeliverable"


# As long as the consultation is in one of these, it is news.
VALID_STATES: dict[NotificationKind, tuple[ConsultationState, ...]] = {
    NotificationKind.PROPOSED: (ConsultationState.PROPOSED,),
    NotificationKind.CONFIRMED: (ConsultationState.CONFIRMED,),
    NotificationKind.RESCHEDULE_DECLINED: UPCOMING,
    NotificationKind.MOVED: UPCOMING,
    NotificationKind.CANCELLED: (ConsultationState.CANCELLED,),
    NotificationKind.EXPIRED: (ConsultationState.EXPIRED,),
    NotificationKind.MISSED: (ConsultationState.MISSED,),
    NotificationKind.NEAR: (ConsultationState.CONFIRMED,),
    NotificationKind.READY: (ConsultationState.CONFIRMED,),
    NotificationKind.LATE: (ConsultationState.CONFIRMED,),
    NotificationKind.CONCLUSION: tuple(ConsultationState),
    NotificationKind.CORRECTED: tuple(ConsultationState),
    NotificationKind.WAITS: (ConsultationState.PROPOSED,),
}
