"""What the chat says of what happened: notes that both read in the same words, so times are in the clinic's zone.

Each is written in the transaction of its cause, which mostly holds the chat's lock already.
"""

from __future__ import annotations

from datetime import datetime

from ..config import current_settings
from ..events import (
    ChatClosed,
    ChatProlonged,
    ConsultationCancelled,
    ConsultationConfirmed,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationMoved,
    DaysGiven,
    DaysKept,
    DelayAnnounced,
    DoctorReturned,
    MessageCopied,
    RefundDecided,
    RescheduleRequested,
    StandInChosen,
    VisitAdvised,
)
from ..extensions import db
from ..formatting import day_of, plural, time_for, when_for
from ..models import (
    Absence,
    AppointmentType,
    CancellationReason,
    Chat,
    Consultation,
    Refund,
    RefundReason,
    RefundState,
    StandInOffer,
    booking,
)
from ..services import clock
from ..sums import rubles

REASONS = {
    CancellationReason.CHANGED_MIND: "изменились планы",
    CancellationReason.BAD_TIME: "не подходит время",
    CancellationReason.OTHER: "другая причина",
    CancellationReason.MONEY_BACK: "клиника вернула деньги",
    CancellationReason.CHAT_CLOSED: "переписка закрыта",
}
NEW_TIME = "Можно договориться о новом времени."


def chat_closed(fact: ChatClosed) -> None:
    chat = db.session.get_one(Chat, fact.chat_id)
    chat.post_system_note("Чат завершён", by=chat.doctor.user_id)


def message_copied(fact: MessageCopied) -> None:
    """Said where it was written first: there it stays, for nothing that was said is taken out of a chat. About whom the
    other one is stays untold: whoever may come to read this chat later need not know."""
    chat = db.session.get_one(Chat, fact.chat_id)
    key = f"copied:{fact.message_id}:{fact.to_chat_id}"
    chat.post_system_note("Сообщение скопировано в другую переписку", key, by=chat.patient_id)


def chat_prolonged(fact: ChatProlonged) -> None:
    """By the patient's calendar."""
    chat = db.session.get_one(Chat, fact.chat_id)
    if chat.open_until is not None and chat.open_until > clock.now():
        chat.post_system_note(f"Чат продлён до {day_of(chat.open_until, chat.patient.zone)}", by=chat.patient_id)


def days_given(fact: DaysGiven) -> None:
    """By the patient's calendar, too."""
    chat = db.session.get_one(Chat, fact.chat_id)
    gift = f"Подарок врача: {plural(fact.days, 'день', 'дня', 'дней')} общения."
    until = f" Чат открыт до {day_of(chat.open_until, chat.patient.zone)}." if chat.open_until else ""
    chat.post_system_note(gift + until, fact.idempotency_key, by=chat.doctor.user_id)


def days_kept(fact: DaysKept) -> None:
    """By the patient's calendar as well."""
    chat = db.session.get_one(Chat, fact.chat_id)
    longer = plural(fact.days, "день", "дня", "дней")
    until = f": до {day_of(chat.open_until, chat.patient.zone)}" if chat.open_until else ""
    chat.post_system_note(
        f"Врач в отъезде, поэтому чат открыт на {longer} дольше{until}.", fact.idempotency_key, by=chat.doctor.user_id
    )


def stand_in_chosen(fact: StandInChosen) -> None:
    """Whom it opens to learns for whom they answer, and the doctor, once back, who has answered."""
    offer = db.session.get_one(StandInOffer, fact.offer_id)
    if offer.stand_in is None:
        return
    name = offer.stand_in.user.name
    if offer.is_answered_by_stand_in:
        said = f"Пока врача нет, отвечает {name}. Заметки вашего врача остаются закрыты."
    else:
        said = f"{name} больше не видит эту переписку. Ответит ваш врач."
    offer.chat.post_system_note(said, by=offer.chat.patient_id)


def doctor_returned(fact: DoctorReturned) -> None:
    """Once an absence, however often the worker looks."""
    offer = db.session.get_one(StandInOffer, fact.offer_id)
    chat, key = offer.chat, f"return-{offer.time_off_id}"
    if chat.has_system_note(key):
        return
    closed = (
        f" {offer.stand_in.user.name} эту переписку больше не видит."
        if offer.is_answered_by_stand_in and offer.stand_in
        else ""
    )
    chat.post_system_note(f"Врач снова отвечает.{closed}", key, by=chat.doctor.user_id)


def confirmed(fact: ConsultationConfirmed) -> None:
    if not fact.with_move:
        consultation = _consultation(fact.id)
        consultation.chat.post_system_note(
            f"Консультация подтверждена: {_when(consultation.starts_at)}", by=fact.by_id or consultation.patient_id
        )


def moved(fact: ConsultationMoved) -> None:
    consultation = _consultation(fact.id)
    if fact.was_agreed:
        consultation.chat.post_system_note(f"Консультация перенесена на {_when(consultation.starts_at)}", by=fact.by_id)
    else:
        now = "Осталось оплатить." if consultation.price else "Консультация подтверждена."
        consultation.chat.post_system_note(f"Время согласовано: {_when(consultation.starts_at)}. {now}", by=fact.by_id)


def reschedule_countered(fact: RescheduleRequested) -> None:
    """Else what the other had asked for would be gone without a word."""
    consultation = _consultation(fact.id)
    if fact.instead_of is not None and consultation.proposed_start is not None:
        who = "Пациент" if fact.by_id == consultation.patient_id else "Врач"
        instead = f"вместо {_when(fact.instead_of)}"
        consultation.chat.post_system_note(
            f"{who} предлагает другое время: {_when(consultation.proposed_start)} {instead}", by=fact.by_id
        )


def refund_decided(fact: RefundDecided) -> None:
    """Of a consultation: the doctor learns of no other money, nor of what came in vain. A sum that was let do confirms
    it, which is said then."""
    refund = db.session.get_one(Refund, fact.refund_id)
    consultation = refund.payment.consultation
    is_late_money = consultation is not None and consultation.has_hold_lapsed and refund.is_automatic
    if consultation is not None and is_late_money and not consultation.chat.has_patient_left:
        _tell_nearest(consultation)
    if consultation is None or consultation.cancel_reason is CancellationReason.MONEY_BACK or refund.is_automatic:
        return
    sum_ = rubles(refund.amount) + (f" из {rubles(refund.payment.paid)}" if refund.payment.refundable else "")
    if refund.state is not RefundState.DECLINED:
        decided = "Клиника решила вернуть" if refund.decided_by else "Клиника не ответила в срок, поэтому возвращается"
        consultation.chat.post_system_note(f"{decided} {sum_}.")
    elif refund.cause is not RefundReason.AMOUNT_MISMATCH:
        consultation.chat.post_system_note(f"Клиника решила: в возврате {rubles(refund.amount)} отказано.")


def cancelled(fact: ConsultationCancelled) -> None:
    consultation = _consultation(fact.id)
    by = "" if fact.by_id is None else " пациентом" if fact.by_id == consultation.patient_id else " врачом"
    why = f": {REASONS[consultation.cancel_reason]}" if consultation.cancel_reason else ""
    happened = f"{_named(consultation)} отменена{by}{why}."
    _tell(consultation, happened, _money_words(consultation, RefundReason.CANCELLED), by=fact.by_id)


def expired(fact: ConsultationExpired) -> None:
    """Of a hold it is no news to its patient, who was to pay it."""
    consultation = _consultation(fact.id)
    if consultation.was_hold:
        said = f"Время {_when(consultation.starts_at)} снова свободно: запись не оплатили за 15 минут."
        _tell(consultation, said, by=consultation.patient_id)
        return
    missing = "её не оплатили" if consultation.price else "её не подтвердили"
    missing = "время не выбрали" if consultation.was_choice else missing
    _tell(consultation, f"{_named(consultation)} не состоится: {missing} вовремя.", NEW_TIME)


def missed(fact: ConsultationMissed) -> None:
    consultation = _consultation(fact.id)
    happened = f"Консультация {_when(consultation.starts_at)} не состоялась: {_who_was_missed(consultation)}."
    _tell(consultation, happened, _money_words(consultation, RefundReason.MISSED), NEW_TIME)


def visit_advised(fact: VisitAdvised) -> None:
    consultation = _consultation(fact.id)
    note = "Консультация завершена: нужен очный приём."
    consultation.chat.post_system_note(note, f"visit-{fact.id}", by=consultation.doctor.user_id)


def delay_announced(fact: DelayAnnounced) -> None:
    consultation = _consultation(fact.id)
    by_patient = fact.user_id == consultation.patient_id
    until = consultation.late_until(consultation.patient if by_patient else consultation.doctor.user)
    if until is not None:
        will_come = f"опаздывает, будет к {time_for(until, current_settings.clinic_timezone)}"
        consultation.chat.post_system_note(f"{'Пациент' if by_patient else 'Врач'} {will_come}", by=fact.user_id)


def _tell_nearest(consultation: Consultation) -> None:
    """It was paid after its hold, when its time was another's. Of the money its payer alone is told."""
    assert consultation.type_id is not None
    type = AppointmentType.find_of(consultation.doctor_id, consultation.type_id)
    free = booking.nearest(consultation.doctor, type, consultation.starts_at) if type is not None else []
    times = "; ".join(_when(slot.starts_at) for slot in free)
    taken = f"Время {_when(consultation.starts_at)} уже недоступно, запись не состоялась."
    _tell(consultation, taken, f"Ближайшее свободное: {times}." if times else "")


def _consultation(id: int) -> Consultation:
    return db.session.get_one(Consultation, id)


def _named(consultation: Consultation) -> str:
    which = "(время на выбор)" if consultation.was_choice else _when(consultation.starts_at)
    return f"Консультация {which}"


def _when(moment: datetime) -> str:
    return when_for(moment, current_settings.clinic_timezone)


def _tell(consultation: Consultation, *sentences: str, by: int | None = None) -> None:
    consultation.chat.post_system_note(" ".join(sentence for sentence in sentences if sentence), by=by)


def _who_was_missed(consultation: Consultation) -> str:
    """By the same measure as what becomes of the money."""
    return {
        Absence.NOBODY: "вы не застали друг друга",
        Absence.DOCTOR: "врача не было на связи",
        Absence.PATIENT: "пациента не было на связи",
        Absence.BOTH: "на связь никто не вышел",
    }[consultation.absence]


def _money_words(consultation: Consultation, cause: RefundReason) -> str:
    refunds = [one for payment in consultation.payments for one in payment.refunds if one.cause is cause]
    undecided = next((one for one in refunds if one.state is RefundState.REQUESTED), None)
    if undecided is not None and undecided.decide_by is not None:
        return f"О возврате решит клиника до {day_of(undecided.decide_by, current_settings.clinic_timezone)}."
    return "Деньги вернутся полностью." if refunds else ""
