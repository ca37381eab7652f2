"""What the chat says of what happened: notes that both read in the same words, so times are in the clinic's zone.

Each is written in the transaction of its cause, which mostly holds the chat's lock already.
"""

from __future__ import annotations

from datetime import datetime

from ..config import current_settings
from ..events import (
    ChatProlonged,
    ConsultationCancelled,
    ConsultationConfirmed,
    ConsultationExpired,
    ConsultationMissed,
    ConsultationMoved,
    DaysGiven,
    RefundDecided,
    SideLate,
    TimeWished,
)
from ..extensions import db
from ..formatting import day_of, plural, rubles, time_for, when_for
from ..models import Absence, Chat, Consultation, Reason, Refund, RefundReason, RefundState
from ..services import clock

REASONS = {
    Reason.CHANGED_MIND: "изменились планы",
    Reason.BAD_TIME: "не подходит время",
    Reason.OTHER: "другая причина",
    Reason.MONEY_BACK: "клиника вернула деньги",
}
NEW_TIME = "Можно договориться о новом времени."


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


def confirmed(fact: ConsultationConfirmed) -> None:
    if not fact.with_move:
        talk = _talk(fact.id)
        talk.chat.post_system_note(f"Консультация подтверждена: {_when(talk.starts_at)}", by=talk.patient_id)


def moved(fact: ConsultationMoved) -> None:
    talk = _talk(fact.id)
    if fact.was_agreed:
        talk.chat.post_system_note(f"Консультация перенесена на {_when(talk.starts_at)}", by=fact.by_id)
    else:
        now = "Осталось оплатить." if talk.price else "Консультация подтверждена."
        talk.chat.post_system_note(f"Время согласовано: {_when(talk.starts_at)}. {now}", by=fact.by_id)


def wished_instead(fact: TimeWished) -> None:
    """Else what the other had asked for would be gone without a word."""
    talk = _talk(fact.id)
    if fact.instead_of is not None and talk.proposed_start is not None:
        who = "Пациент" if fact.by_id == talk.patient_id else "Врач"
        instead = f"вместо {_when(fact.instead_of)}"
        talk.chat.post_system_note(
            f"{who} предлагает другое время: {_when(talk.proposed_start)} {instead}", by=fact.by_id
        )


def refund_decided(fact: RefundDecided) -> None:
    """Of a consultation: the doctor learns of no other money, nor of what came in vain. A sum that was let do confirms
    it, which is said then."""
    refund = db.session.get_one(Refund, fact.refund_id)
    talk = refund.payment.consultation
    if talk is None or talk.cancel_reason is Reason.MONEY_BACK or refund.is_automatic:
        return
    sum_ = rubles(refund.amount) + (f" из {rubles(refund.payment.paid)}" if refund.payment.refundable else "")
    if refund.state is not RefundState.DECLINED:
        decided = "Клиника решила вернуть" if refund.decided_by else "Клиника не ответила в срок, поэтому возвращается"
        talk.chat.post_system_note(f"{decided} {sum_}.")
    elif refund.cause is not RefundReason.AMOUNT_MISMATCH:
        talk.chat.post_system_note(f"Клиника решила: в возврате {rubles(refund.amount)} отказано.")


def cancelled(fact: ConsultationCancelled) -> None:
    talk = _talk(fact.id)
    by = "" if fact.by_id is None else " пациентом" if fact.by_id == talk.patient_id else " врачом"
    why = f": {REASONS[talk.cancel_reason]}" if talk.cancel_reason else ""
    happened = f"Консультация {_when(talk.starts_at)} отменена{by}{why}."
    _tell(talk, happened, _money_words(talk, RefundReason.CANCELLED), by=fact.by_id)


def expired(fact: ConsultationExpired) -> None:
    talk = _talk(fact.id)
    missing = "не оплатили" if talk.price else "не подтвердили"
    _tell(talk, f"Консультация {_when(talk.starts_at)} не состоится: её {missing} вовремя.", NEW_TIME)


def missed(fact: ConsultationMissed) -> None:
    talk = _talk(fact.id)
    happened = f"Консультация {_when(talk.starts_at)} не состоялась: {_who_was_missed(talk)}."
    _tell(talk, happened, _money_words(talk, RefundReason.MISSED), NEW_TIME)


def late(fact: SideLate) -> None:
    talk = _talk(fact.id)
    by_patient = fact.user_id == talk.patient_id
    until = talk.late_until(talk.patient if by_patient else talk.doctor.user)
    if until is not None:
        will_come = f"опаздывает, будет к {time_for(until, current_settings.clinic_timezone)}"
        talk.chat.post_system_note(f"{'Пациент' if by_patient else 'Врач'} {will_come}", by=fact.user_id)


def _talk(id: int) -> Consultation:
    return db.session.get_one(Consultation, id)


def _when(moment: datetime) -> str:
    return when_for(moment, current_settings.clinic_timezone)


def _tell(talk: Consultation, *sentences: str, by: int | None = None) -> None:
    talk.chat.post_system_note(" ".join(sentence for sentence in sentences if sentence), by=by)


def _who_was_missed(talk: Consultation) -> str:
    """By the same measure as what becomes of the money."""
    return {
        Absence.NOBODY: "вы не застали друг друга",
        Absence.DOCTOR: "врача не было на связи",
        Absence.PATIENT: "пациента не было на связи",
        Absence.BOTH: "на связь никто не вышел",
    }[talk.absence]


def _money_words(talk: Consultation, cause: RefundReason) -> str:
    refunds = [one for payment in talk.payments for one in payment.refunds if one.cause is cause]
    undecided = next((one for one in refunds if one.state is RefundState.REQUESTED), None)
    if undecided is not None and undecided.decide_by is not None:
        return f"О возврате решит клиника до {day_of(undecided.decide_by, current_settings.clinic_timezone)}."
    return "Деньги вернутся полностью." if refunds else ""
