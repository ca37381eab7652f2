"""What becomes a notification, in the transaction of its cause."""

from __future__ import annotations

from datetime import datetime
from typing import cast

from ...extensions import Model, db
from ...services import clock
from ..chats import Chat, ChatMember, Message
from ..consultations import Consultation
from ..inserting import insert_new
from ..job import Job, JobKind
from ..payments import Payment, Refund
from ..people import User
from .kinds import (
    CHANGES_THE_DAY,
    PUSH_AND_SMS,
    PUSH_ONLY,
    READING_GRACE,
    SMS_AFTER,
    URGENT_KINDS,
    URGENT_SAME_DAY_WITHIN,
    URGENT_WITHIN,
    WITHOUT_SMS,
    Channel,
    NotificationKind,
)
from .push_subscription import PushSubscription


class NotificationWriting:
    """A notification's facet for whoever has something to tell."""

    @classmethod
    def of_consultation(
        cls,
        user: User,
        kind: NotificationKind,
        consultation: Consultation,
        which: object = "",
        moment: datetime | None = None,
        urgent_from: datetime | None = None,
    ) -> None:
        """`which` tells apart what may happen to one consultation more than once.

        It speaks of the `moment`, and is of use until `urgent_from`: who waits for the old start must know before it.
        """
        moment = moment or consultation.starts_at
        told = {"moment": moment, "urgent_from": min(moment, urgent_from or moment)}
        cls._write(user, kind, f"{consultation.id}:{which}", {"consultation_id": consultation.id}, told)

    @classmethod
    def of_request(cls, user: User, chat: Chat, request_id: int, seq: int) -> None:
        cls._write(user, NotificationKind.REQUESTED, str(request_id), {"chat_id": chat.id, "seq": seq})

    @classmethod
    def of_end(cls, chat: Chat) -> None:
        assert chat.open_until is not None
        if not chat.is_shown_to(chat.patient):
            return
        which, told = f"{chat.id}:{chat.open_until.timestamp():.0f}", {"moment": chat.open_until}
        cls._write(chat.patient, NotificationKind.ENDS, which, {"chat_id": chat.id}, told)

    @classmethod
    def of_promise(cls, chat: Chat) -> None:
        """To its doctor, by push alone: who has none sees the mark in the list."""
        assert chat.waiting_since is not None
        if PushSubscription.reaches(chat.doctor.user_id):
            told = {"moment": chat.waiting_since}
            which = f"{chat.id}:{chat.waiting_since.timestamp():.6f}"
            cls._write(chat.doctor.user, NotificationKind.PROMISE, which, {"chat_id": chat.id}, told)

    @classmethod
    def of_urgency(cls, user: User, kind: NotificationKind, chat: Chat, message: Message) -> None:
        cls._write(user, kind, str(message.id), {"chat_id": chat.id, "seq": message.seq})

    @classmethod
    def of_standing_in(cls, doctor: User, chat: Chat, offer_id: int) -> None:
        """Once an absence, however often the patient chooses anew."""
        cls._write(doctor, NotificationKind.STAND_IN, str(offer_id), {"chat_id": chat.id})

    @classmethod
    def of_account(cls, user: User, kind: NotificationKind, which: object) -> None:
        """One of ACCOUNT_KINDS, once for what `which` names: push, else mail, else SMS by day."""
        cls._write(user, kind, str(which), {})

    @classmethod
    def of_payment(cls, payment: Payment) -> None:
        cls._write(payment.payer, NotificationKind.PAID, str(payment.id), payment.news_link)

    @classmethod
    def of_decision(cls, refund: Refund) -> None:
        kind = NotificationKind.RETURNED if refund.is_automatic else NotificationKind.DECIDED
        cls._write(refund.payment.payer, kind, f"{refund.id}:{refund.state}", refund.payment.news_link)

    @classmethod
    def of_message(cls, member: ChatMember, seq: int, *, has_page_open: bool) -> None:
        """One a chat is under way at a time; the chat's lock is held."""
        if member.notified_from_seq:
            return
        member.notified_from_seq = seq
        user = db.session.get_one(User, member.user_id)
        id = cls._insert(
            user, NotificationKind.MESSAGE, f"{member.chat_id}:{seq}", {"chat_id": member.chat_id, "seq": seq}
        )
        if id is None:
            return
        if PushSubscription.reaches(user.id):
            Job.add(JobKind.PUSH, id, clock.now() + READING_GRACE if has_page_open else None)
        else:
            Job.add(JobKind.NOTIFICATION, id, clock.now() + SMS_AFTER)

    @classmethod
    def _write(
        cls,
        user: User,
        kind: NotificationKind,
        which: str,
        link: dict[str, int],
        told: dict[str, datetime] | None = None,
    ) -> None:
        """With the jobs that deliver it; written before, it is written already."""
        has_push = PushSubscription.reaches(user.id)
        if not has_push and (kind in PUSH_ONLY or (kind in WITHOUT_SMS and user.email is None)):
            return
        id = cls._insert(user, kind, which, link, told)
        if id is None:
            return
        if has_push:
            Job.add(JobKind.PUSH, id)
        if not has_push or kind in PUSH_AND_SMS:
            Job.add(JobKind.NOTIFICATION, id)

    @classmethod
    def _insert(
        cls,
        user: User,
        kind: NotificationKind,
        which: str,
        link: dict[str, int],
        told: dict[str, datetime] | None = None,
    ) -> int | None:
        times = {"moment": None, "urgent_from": None} | (told or {})
        is_urgent = user.email is None or is_urgent_at(user, kind, times["urgent_from"])
        row: dict[str, object] = {
            "user_id": user.id,
            "kind": kind,
            "unique_key": f"{kind}:{user.id}:{which}",
            "channel": Channel.SMS if is_urgent else Channel.MAIL,
        } | times
        return insert_new(cast(type[Model], cls), row | link)


def is_urgent_at(user: User, kind: NotificationKind, moment: datetime | None) -> bool:
    """Without a push it goes to the phone in the hand; a letter may wait until it is read."""
    if user.phone is None:
        return False
    if kind in (NotificationKind.READY, NotificationKind.LATE, *URGENT_KINDS):
        return True
    if moment is None:
        return False
    left = moment - clock.now()
    if kind is NotificationKind.NEAR:
        return left <= URGENT_WITHIN
    is_today = moment.astimezone(user.zone).date() <= clock.now().astimezone(user.zone).date()
    return kind in CHANGES_THE_DAY and (left <= URGENT_SAME_DAY_WITHIN or is_today)
