"""What the chat makes of its consultations: one next step stands under its head, what is settled folds into a line."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload, with_expression
from sqlalchemy.orm.interfaces import ORMOption

from ...extensions import db
from ...services import clock
from ..chats import Carried, Chat
from ..payments import Payment
from ..people import User
from .states import UPCOMING, ConsultationState
from .summary import MoneyStatus, NextStep

if TYPE_CHECKING:
    from .consultation import Consultation

NEAR = timedelta(minutes=15)  # before «Готов общаться» works: the time left is told then, not the questionnaire
WAITS_OF_DOCTOR = (
    NextStep.AWAIT_CHOICE,
    NextStep.AWAIT_RUNNING_PAYMENT,
    NextStep.AWAIT_PAYMENT,
    NextStep.AWAIT_CONFIRMATION,
)
UNSETTLED = (
    MoneyStatus.MISMATCH_UNDECIDED,
    MoneyStatus.REFUND_UNDECIDED,
    MoneyStatus.REFUND_DELAYED,
    MoneyStatus.REFUNDING,
    MoneyStatus.PARTLY_REFUNDING,
    MoneyStatus.CHECKING,
)


class ConsultationInChat:
    """A consultation's facet for the chat it was proposed in."""

    @classmethod
    def nearest_in(cls: type[Consultation], chat: Chat, known: Consultation | None = None) -> Consultation | None:
        """Of those that may take place yet, the first: what the chat's next step is about. Mostly it is the one that is
        `known` already, with all that a card shows."""
        if known is not None and db.session.scalar(_first_in(cls), {"chat": chat.id}) == known.message_id:
            return known
        return db.session.scalars(_nearest(cls), {"chat": chat.id}).unique().one_or_none()

    @classmethod
    def pinned_first(cls: type[Consultation]) -> ORMOption:
        """A chat that is loaded with this knows the message of its nearest one, for preload_cards()."""
        return _pinned(cls)

    @classmethod
    def pinned_in(cls: type[Consultation], chat: Chat, cards: Mapping[int, Carried]) -> Consultation | None:
        """The nearest of a chat that was loaded with pinned_first(), among the cards that were loaded for its page."""
        card = cards.get(chat.pinned_message_id or 0)
        return card if isinstance(card, cls) else None

    def pinned_step(self: Consultation, viewer: User) -> NextStep:
        """The one line under the chat's head; NONE where there is nothing to do but to wait for the patient."""
        if self.reschedule_request_from_other(viewer) is not None:
            return NextStep.ANSWER_RESCHEDULE
        step = self.next_step(viewer)
        is_early = self.opens_at - clock.now() > NEAR
        if step is NextStep.AWAIT_OPENING and is_early and viewer.id == self.patient_id and not self.questionnaire:
            return NextStep.FILL_QUESTIONNAIRE
        return NextStep.NONE if step in WAITS_OF_DOCTOR else step

    def pinned_step_changes_at(self: Consultation) -> datetime | None:
        """When time alone turns one step into another; its words may change before."""
        near = self.opens_at - NEAR
        moments = [moment for moment in (near, self.changes_at()) if moment is not None and moment > clock.now()]
        return min(moments, default=None)

    @property
    def is_settled(self: Consultation) -> bool:
        """It is over and nothing more comes of it: no conclusion is owed, no money moves."""
        is_over = self.state_now not in UPCOMING
        is_owed = self.state_now is ConsultationState.COMPLETED and not self.conclusions
        return is_over and not is_owed and self.money_for(self.patient).status not in UNSETTLED


@cache
def _nearest(noun: type[Consultation]) -> Select[tuple[Consultation]]:
    """With what its next step follows from. Asked with every change of a card, so it is built once."""
    first = _first_in(noun)
    told_from = (
        joinedload(noun.attendances),
        joinedload(noun.time_options),
        joinedload(noun.questionnaire),
        joinedload(noun.payments).joinedload(Payment.refunds),
    )
    return select(noun).options(*told_from).where(noun.message_id == first.scalar_subquery())


@cache
def _first_in(noun: type[Consultation]) -> Select[tuple[int]]:
    return _first_of(noun).where(noun.chat_id == bindparam("chat"))


@cache
def _pinned(noun: type[Consultation]) -> ORMOption:
    first = _first_of(noun).where(noun.chat_id == Chat.id).correlate(Chat)
    return with_expression(Chat.pinned_message_id, first.scalar_subquery())


def _first_of(noun: type[Consultation]) -> Select[tuple[int]]:
    return select(noun.message_id).where(noun.state.in_(UPCOMING)).order_by(noun.starts_at, noun.id).limit(1)
