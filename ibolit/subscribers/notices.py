"""What must not be lost is written before the commit, in the same transaction as what it tells of.

The table of who learns what by push, SMS or mail; all members of the chat see it in the app anyway. What happened is
told to its members but whoever did it. What asks somebody to act goes to that person alone: the doctor who is asked for
a consultation, the patient who shall confirm or pay, the side that is waited for, the payer, who reads a conclusion.
"""

from __future__ import annotations

from datetime import datetime

from ..events import (
    AccessChanged,
    ChatEndsSoon,
    ConclusionGiven,
    ConfirmationReminderDue,
    ConsultationCancelled,
    ConsultationConfirmed,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationMoved,
    ConsultationProposed,
    ConsultationReminderDue,
    ConsultationRequested,
    DataCopyFailed,
    DataCopyReady,
    DelayAnnounced,
    HalfOfSmsGone,
    MessageSent,
    ParticipantReady,
    PaymentChanged,
    PromiseMissed,
    RefundDecided,
    RescheduleDeclined,
    RescheduleRequested,
    StandInChosen,
    UrgentMessageUnopened,
    UrgentWordsFound,
)
from ..extensions import db
from ..models import (
    CancellationReason,
    Card,
    Chat,
    Consultation,
    ConsultationRequest,
    Job,
    JobKind,
    Message,
    Notification,
    NotificationKind,
    Payment,
    PaymentState,
    Refund,
    StandInOffer,
    User,
)
from ..models.chats import ending
from ..models.delivery import WAITING_IS_NEWS_FOR
from ..services import clock, current_services

MOST_CALLS = 3  # «вас уже ждут» of one consultation


def message_sent(fact: MessageSent) -> None:
    """Notes of the system and cards tell of what has a notification of its own; the intake questionnaire has none."""
    message = db.session.get_one(Message, fact.message_id)
    if message.author_id is None or message.card not in (None, Card.QUESTIONNAIRE):
        return
    chat = db.session.get_one(Chat, fact.chat_id)
    for member in chat.members_but(message.author_id):
        if chat.urgent_since == message.sent_at and member.user_id == chat.doctor.user_id:
            continue  # one push, that of the emergency
        has_page_open = current_services.realtime.has_listeners(member.user_id)
        Notification.of_message(member, message.seq, has_page_open=has_page_open)


def urgent_words_found(fact: UrgentWordsFound) -> None:
    """The doctor, through quiet hours, once a mark; the author, unless they have just said «Всё равно отправить»."""
    chat, message = db.session.get_one(Chat, fact.chat_id), db.session.get_one(Message, fact.message_id)
    if fact.begins:
        Notification.of_urgency(chat.doctor.user, NotificationKind.URGENT, chat, message)
    if not fact.is_warned and message.author_id is not None:
        author = db.session.get_one(User, message.author_id)
        Notification.of_urgency(author, NotificationKind.URGENT_SENT, chat, message)


def urgent_message_unopened(fact: UrgentMessageUnopened) -> None:
    """Whoever stands in for the doctor, and the office, which learns whose chat it is and none of its words."""
    chat, message = db.session.get_one(Chat, fact.chat_id), db.session.get_one(Message, fact.message_id)
    for stand_in in chat.stand_ins():
        Notification.of_urgency(stand_in, NotificationKind.URGENT, chat, message)
    for operator in db.session.scalars(User.operators()):
        Notification.of_urgency(operator, NotificationKind.URGENT_UNOPENED, chat, message)


def payment_changed(fact: PaymentChanged) -> None:
    """The card of what was paid for says how its money stands; who paid may have left for their bank."""
    payment = db.session.get_one(Payment, fact.payment_id)
    if payment.consultation is not None:
        payment.consultation.bump_revision()
    is_given = payment.state is PaymentState.SUCCEEDED and payment.applied_at is not None
    if is_given and not payment.refunds:
        Notification.of_payment(payment)


def refund_decided(fact: RefundDecided) -> None:
    """Who is told that the consultation is cancelled for all the money went back is told of that alone."""
    refund = db.session.get_one(Refund, fact.refund_id)
    consultation = refund.payment.consultation
    if consultation is None or consultation.cancel_reason is not CancellationReason.MONEY_BACK or refund.is_automatic:
        Notification.of_decision(refund)


def requested(fact: ConsultationRequested) -> None:
    request = db.session.get_one(ConsultationRequest, fact.request_id)
    seq = db.session.get_one(Message, request.message_id).seq
    Notification.of_request(request.chat.doctor.user, request.chat, request.id, seq)


def proposed(fact: ConsultationProposed) -> None:
    """What its patient holds for a payment or has agreed at once is told of when it is agreed."""
    consultation = _consultation(fact.id)
    if not consultation.is_booked:
        _tell_members(consultation, NotificationKind.PROPOSED, but=consultation.doctor.user_id)
    elif consultation.is_wish:
        _tell_members(consultation, NotificationKind.PROPOSED, but=consultation.patient_id)


def confirmed(fact: ConsultationConfirmed) -> None:
    """Who paid is told of their payment."""
    if not fact.with_move:
        consultation = _consultation(fact.id)
        _tell_members(consultation, NotificationKind.CONFIRMED, but=fact.by_id or consultation.patient_id)


def reschedule_requested(fact: RescheduleRequested) -> None:
    consultation = _consultation(fact.id)
    which, start, kind = (
        _action_number(consultation),
        consultation.proposed_start,
        NotificationKind.RESCHEDULE_REQUESTED,
    )
    _tell_members(consultation, kind, which, start, but=fact.by_id, urgent_from=consultation.starts_at)


def reschedule_declined(fact: RescheduleDeclined) -> None:
    """When the asker withdraws, nobody is told: the agreed time stands as it did."""
    consultation = _consultation(fact.id)
    if fact.by_id != fact.wished_by_id:
        which = _action_number(consultation)
        _tell_members(consultation, NotificationKind.RESCHEDULE_DECLINED, which, but=fact.by_id)


def moved(fact: ConsultationMoved) -> None:
    consultation = _consultation(fact.id)
    which = _action_number(consultation)
    _tell_members(consultation, NotificationKind.MOVED, which, but=fact.by_id, urgent_from=fact.from_start)


def cancelled(fact: ConsultationCancelled) -> None:
    """Of what was only held for a payment the doctor was never told."""
    consultation = _consultation(fact.id)
    if not _was_only_held(consultation):
        _tell_members(consultation, NotificationKind.CANCELLED, but=fact.by_id)


def expired(fact: ConsultationExpired) -> None:
    """Whose answer was awaited, and who kept the time free for them. Whose hold lapses has just left the page."""
    consultation = _consultation(fact.id)
    if not _was_only_held(consultation):
        _tell_members(consultation, NotificationKind.EXPIRED)


def confirmation_reminder_due(fact: ConfirmationReminderDue) -> None:
    """Once for this start."""
    consultation = _consultation(fact.id)
    Notification.of_consultation(
        consultation.who_confirms, NotificationKind.WAITS, consultation, f"{consultation.starts_at.timestamp():.0f}"
    )


def access_changed(fact: AccessChanged) -> None:
    ending.schedule(db.session.get_one(Chat, fact.chat_id))


def chat_ends(fact: ChatEndsSoon) -> None:
    """Once for this end."""
    Notification.of_end(db.session.get_one(Chat, fact.chat_id))


def promise_missed(fact: PromiseMissed) -> None:
    """Once for this wait."""
    Notification.of_promise(db.session.get_one(Chat, fact.chat_id))


def stand_in_chosen(fact: StandInChosen) -> None:
    offer = db.session.get_one(StandInOffer, fact.offer_id)
    if offer.is_answered_by_stand_in and offer.stand_in is not None:
        Notification.of_standing_in(offer.stand_in.user, offer.chat, offer.id)


def data_copy_ready(fact: DataCopyReady) -> None:
    """Once a copy."""
    Notification.of_account(db.session.get_one(User, fact.user_id), NotificationKind.COPY_READY, fact.copy_id)


def data_copy_failed(fact: DataCopyFailed) -> None:
    Notification.of_account(db.session.get_one(User, fact.user_id), NotificationKind.COPY_FAILED, fact.copy_id)


def half_of_sms_gone(fact: HalfOfSmsGone) -> None:
    """Once a day and operator."""
    for operator in db.session.scalars(User.operators()):
        Job.schedule_once(JobKind.SMS_ALARM, operator.id, clock.now(), f"{fact.day}:{operator.id}")


def missed(fact: ConsultationMissed) -> None:
    _tell_members(_consultation(fact.id), NotificationKind.MISSED)


def reminder_due(fact: ConsultationReminderDue) -> None:
    """Once for this start, however often the worker looks; after a move the new start has its own."""
    consultation = _consultation(fact.id)
    _tell_members(consultation, NotificationKind.NEAR, f"{fact.minutes}:{consultation.starts_at.timestamp():.0f}")


def participant_ready(fact: ParticipantReady) -> None:
    """Who comes and goes is told of once in five minutes, three times in all: each is an SMS that somebody pays for."""
    consultation = _consultation(fact.id)
    other = _other_side(fact.user_id, consultation)
    if Notification.count_of(other, NotificationKind.READY, consultation) >= MOST_CALLS:
        return
    lately = (
        f"{consultation.starts_at.timestamp():.0f}:{clock.now().timestamp() // WAITING_IS_NEWS_FOR.total_seconds():.0f}"
    )
    Notification.of_consultation(other, NotificationKind.READY, consultation, lately)


def delay_announced(fact: DelayAnnounced) -> None:
    consultation = _consultation(fact.id)
    Notification.of_consultation(
        _other_side(fact.user_id, consultation), NotificationKind.LATE, consultation, _action_number(consultation)
    )


def conclusion_given(fact: ConclusionGiven) -> None:
    consultation = _consultation(fact.consultation_id)
    kind = NotificationKind.CONCLUSION if fact.version == 1 else NotificationKind.CORRECTED
    if consultation.chat.is_shown_to(consultation.patient):
        Notification.of_consultation(consultation.patient, kind, consultation, fact.version)


def _was_only_held(consultation: Consultation) -> bool:
    return consultation.was_hold and consultation.confirmed_at is None


def _consultation(id: int) -> Consultation:
    return db.session.get_one(Consultation, id)


def _tell_members(
    consultation: Consultation,
    kind: NotificationKind,
    which: object = "",
    moment: datetime | None = None,
    *,
    but: int | None = None,
    urgent_from: datetime | None = None,
) -> None:
    """Everybody in its chat but who did it: the patient, whoever came for the patient's sake, and last the doctor."""
    chat = consultation.chat
    told = [one for one in chat.members_but(but) if not chat.is_stood_in_by(one.user)]  # who has no part in it
    for member in sorted(told, key=lambda one: chat.is_led_by(one.user)):
        Notification.of_consultation(member.user, kind, consultation, which, moment, urgent_from)


def _other_side(user_id: int, consultation: Consultation) -> User:
    return next(side for side in consultation.sides if side.id != user_id)


def _action_number(consultation: Consultation) -> int:
    """Each action gives the card a number of its own."""
    return consultation.message.revision
