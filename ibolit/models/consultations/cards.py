"""What messages show instead of text, loaded for a whole page at once; a page without cards asks nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.orm.attributes import set_committed_value

from ..chats import Card, Message
from .conclusion import Complaint, Conclusion
from .consultation import Consultation
from .request import ConsultationRequest

LOADERS: dict[Card, Callable[[Sequence[int]], Sequence[Any]]] = {
    Card.CONSULTATION: Consultation.of_messages,
    Card.REQUEST: ConsultationRequest.of_messages,
    Card.CONCLUSION: Conclusion.of_messages,
    Card.COMPLAINT: Complaint.of_messages,
}


def preload_cards(messages: Sequence[Message]) -> None:
    """Each message's card is at hand under the card's own name: message.consultation, message.request."""
    for card, load in LOADERS.items():
        carriers = {message.id: message for message in messages if message.card is card}
        for thing in load([*carriers]) if carriers else ():
            set_committed_value(carriers[thing.message_id], card, thing)
