"""Who reacts to facts: live.py shows them on open screens, system_notes.py says them in the chat, notices.py tells
those who are away; the worker is woken by new work."""

from __future__ import annotations

from flask import Flask

from ..events import (
    AccessChanged,
    AccountDeathMarked,
    AccountNoted,
    CallbackRequested,
    ChatClosed,
    ChatEndsSoon,
    ChatHandedOver,
    ChatProlonged,
    ComesOfAge,
    ComesOfAgeSoon,
    ConclusionGiven,
    ConfirmationReminderDue,
    ConsultationCancelled,
    ConsultationChanged,
    ConsultationCompleted,
    ConsultationConfirmed,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationMoved,
    ConsultationProposed,
    ConsultationReminderDue,
    ConsultationRequested,
    ConsultationStarted,
    DataCopyFailed,
    DataCopyReady,
    DaysGiven,
    DaysKept,
    DeathMarked,
    DelayAnnounced,
    DependantChanged,
    DeviceEnded,
    DoctorReturned,
    FreeTimesChanged,
    HalfOfSmsGone,
    MemberTyped,
    MessageChanged,
    MessageCopied,
    MessageRecalled,
    MessageSent,
    ParticipantReady,
    PatientFactsChanged,
    PaymentChanged,
    PlaceEnded,
    PromiseMissed,
    ReceiptsMoved,
    RefundDecided,
    RescheduleDeclined,
    RescheduleRequested,
    StandInChosen,
    Subscribers,
    TimeOffChanged,
    UrgentMessageUnopened,
    UrgentWordsFound,
    VisitAdvised,
    WaitingChanged,
    WorkAdded,
)
from ..jobs.worker import Worker
from ..services import current_services
from . import absences, copies, erasure_log, failures, family, live, notices, relatives, system_notes


def subscribe(app: Flask) -> None:
    subscribers = Subscribers(on_failure=failures.note)
    app.extensions["ibolit_subscribers"] = subscribers
    subscribers.before_commit(ChatClosed, system_notes.chat_closed)
    subscribers.before_commit(MessageCopied, system_notes.message_copied)
    subscribers.before_commit(ChatProlonged, system_notes.chat_prolonged)
    subscribers.before_commit(DaysGiven, system_notes.days_given)
    subscribers.before_commit(MessageSent, notices.message_sent)
    subscribers.before_commit(UrgentWordsFound, notices.urgent_words_found)
    subscribers.before_commit(UrgentMessageUnopened, notices.urgent_message_unopened)
    subscribers.before_commit(AccountNoted, erasure_log.account_noted)
    subscribers.before_commit(DependantChanged, family.dependant_changed)
    _tell_of_absences(subscribers)
    _tell_of_relatives(subscribers)
    subscribers.before_commit(AccessChanged, notices.access_changed)
    subscribers.before_commit(ChatEndsSoon, notices.chat_ends)
    subscribers.before_commit(PromiseMissed, notices.promise_missed)
    subscribers.before_commit(DataCopyReady, notices.data_copy_ready)
    subscribers.before_commit(DataCopyFailed, notices.data_copy_failed)
    subscribers.before_commit(HalfOfSmsGone, notices.half_of_sms_gone)
    subscribers.before_commit(PaymentChanged, notices.payment_changed)
    _tell_of_consultations(subscribers)
    subscribers.after_commit(MessageSent, live.message_sent)
    subscribers.after_commit(MessageChanged, live.message_changed)
    subscribers.after_commit(MessageRecalled, live.message_recalled)
    subscribers.after_commit(ReceiptsMoved, live.receipts_moved)
    subscribers.after_commit(WaitingChanged, live.waiting_changed)
    subscribers.after_commit(AccessChanged, live.access_changed)
    subscribers.after_commit(PatientFactsChanged, live.patient_facts_changed)
    subscribers.after_commit(PaymentChanged, live.payment_changed)
    subscribers.after_commit(ConsultationChanged, live.consultation_changed)
    subscribers.after_commit(ConsultationStarted, live.consultation_started)
    subscribers.after_commit(CallbackRequested, live.callback_requested)
    for ending in (ConsultationCompleted, ConsultationMissed, ConsultationCancelled):
        subscribers.after_commit(ending, live.call_ended)
    subscribers.after_commit(PlaceEnded, live.place_ended)
    for change in (
        ConsultationProposed,
        ConsultationConfirmed,
        ConsultationMoved,
        ConsultationCancelled,
        ConsultationExpired,
    ):
        subscribers.after_commit(change, live.time_changed_hands)
    subscribers.after_commit(FreeTimesChanged, live.free_times_changed)
    subscribers.after_commit(MemberTyped, live.member_typed)
    subscribers.after_commit(DeviceEnded, _close_sockets)
    worker = Worker(app, threads=max(1, app.extensions["ibolit_settings"].worker_threads))
    app.extensions["ibolit_worker"] = worker
    subscribers.after_commit(WorkAdded, lambda fact: worker.wake(fact.kind))


def _tell_of_absences(subscribers: Subscribers) -> None:
    subscribers.before_commit(MessageSent, absences.message_sent)
    subscribers.before_commit(TimeOffChanged, absences.time_off_changed)
    subscribers.before_commit(DaysKept, system_notes.days_kept)
    subscribers.before_commit(StandInChosen, system_notes.stand_in_chosen)
    subscribers.before_commit(StandInChosen, notices.stand_in_chosen)
    subscribers.before_commit(DoctorReturned, system_notes.doctor_returned)


def _tell_of_relatives(subscribers: Subscribers) -> None:
    subscribers.before_commit(DependantChanged, relatives.dependant_removed)
    subscribers.before_commit(ChatHandedOver, relatives.chat_handed_over)
    for loss, without in (
        (PlaceEnded, copies.place_ended),
        (DependantChanged, copies.dependant_changed),
        (ComesOfAge, copies.came_of_age),
    ):
        subscribers.before_commit(loss, without)
    subscribers.before_commit(ComesOfAgeSoon, relatives.comes_of_age_soon)
    subscribers.before_commit(ComesOfAge, relatives.comes_of_age)
    subscribers.before_commit(DeathMarked, relatives.death_marked)
    subscribers.before_commit(AccountDeathMarked, relatives.account_death_marked)


def _tell_of_consultations(subscribers: Subscribers) -> None:
    """Both in the transaction of their cause: a note in the chat, and word to whoever may be away."""
    for fact, note in (
        (ConsultationConfirmed, system_notes.confirmed),
        (ConsultationMoved, system_notes.moved),
        (ConsultationCancelled, system_notes.cancelled),
        (ConsultationExpired, system_notes.expired),
        (ConsultationMissed, system_notes.missed),
        (RescheduleRequested, system_notes.reschedule_countered),
        (RefundDecided, system_notes.refund_decided),
        (DelayAnnounced, system_notes.delay_announced),
        (VisitAdvised, system_notes.visit_advised),
        (ConsultationRequested, notices.requested),
        (ConsultationProposed, notices.proposed),
        (ConsultationConfirmed, notices.confirmed),
        (RescheduleRequested, notices.reschedule_requested),
        (RescheduleDeclined, notices.reschedule_declined),
        (ConsultationMoved, notices.moved),
        (ConsultationCancelled, notices.cancelled),
        (ConsultationExpired, notices.expired),
        (ConsultationMissed, notices.missed),
        (ConsultationReminderDue, notices.reminder_due),
        (ConfirmationReminderDue, notices.confirmation_reminder_due),
        (ParticipantReady, notices.participant_ready),
        (DelayAnnounced, notices.delay_announced),
        (ConclusionGiven, notices.conclusion_given),
        (RefundDecided, notices.refund_decided),
    ):
        subscribers.before_commit(fact, note)


def _close_sockets(fact: DeviceEnded) -> None:
    current_services.realtime.end_device(fact.device_id)
    current_services.calls.end_device(fact.device_id)
