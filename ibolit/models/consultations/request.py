"""A patient's asking for a consultation, before a doctor proposes one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Self

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ...events import ConsultationRequested, record
from ...extensions import Model, db
from ..chats import Card, Chat, register_card, submission_id
from ..people import User
from ..types import RowId, enum_column
from .states import ConsultationKind

if TYPE_CHECKING:
    from .consultation import Consultation


class ConsultationRequest(Model):
    """«Попросить консультацию»: a card in the chat with the times the patient wishes for, no state of anything."""

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)
    kind: Mapped[ConsultationKind] = mapped_column(enum_column(ConsultationKind))
    wishes: Mapped[str] = mapped_column(String(500))
    chat: Mapped[Chat] = relationship(innerjoin=True)
    answer: Mapped[Consultation | None] = relationship(
        primaryjoin="ConsultationRequest.id == Consultation.request_id",
        order_by="Consultation.id.desc()",
        uselist=False,
        viewonly=True,
    )

    @classmethod
    def ask(cls, chat: Chat, patient: User, kind: ConsultationKind, wishes: str, client_id: str) -> Self:
        """A repeated press is the same one. The chat's time does not matter: cards always work.

        Raises what Chat.refuse_agreements_of() raises.
        """
        chat.lock()
        chat.refuse_agreements_of(patient)
        client_id = submission_id(client_id, kind, wishes)
        message = chat.post_card(patient, "Просьба о консультации", client_id, card=Card.REQUEST)
        known = db.session.scalar(select(cls).where(cls.message_id == message.id))
        if known is not None:
            return known
        request = cls(chat_id=chat.id, message_id=message.id, kind=kind, wishes=wishes)
        db.session.add(request)
        db.session.flush()
        record(ConsultationRequested(request.id))
        return request

    @classmethod
    def in_chat(cls, chat: Chat, id: int) -> Self | None:
        return db.session.scalar(select(cls).where(cls.id == id, cls.chat_id == chat.id))

    @classmethod
    def of_messages(cls, ids: Sequence[int]) -> Sequence[Self]:
        return db.session.scalars(select(cls).options(joinedload(cls.answer)).where(cls.message_id.in_(ids))).all()


register_card(Card.REQUEST, ConsultationRequest.of_messages)
