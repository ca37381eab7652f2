"""What must not be lost is written before the commit, in the same transaction as what it tells of."""

from __future__ import annotations

from ..events import ChatProlonged, PaymentChanged
from ..extensions import db
from ..models import Chat, Payment
from ..rendering import day_of
from ..services import clock


def chat_prolonged(fact: ChatProlonged) -> None:
    """Both read it in the chat, by the patient's calendar."""
    chat = db.session.get_one(Chat, fact.chat_id)
    if chat.open_until is not None and chat.open_until > clock.now():
        chat.tell(f"Чат продлён до {day_of(chat.open_until, chat.patient.zone)}")


def payment_changed(fact: PaymentChanged) -> None:
    """The card of what was paid for says how its money stands."""
    consultation = db.session.get_one(Payment, fact.payment_id).consultation
    if consultation is not None:
        consultation.show_anew()
