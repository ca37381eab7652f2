"""The consultations a page lists, and payments and refunds with what it shows of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, literal, or_, select, tuple_, union_all
from sqlalchemy.orm import joinedload, selectinload

from ...extensions import db
from ...services import clock
from ..chats import Chat
from ..doctors import Doctor
from ..payments import Payment, Refund
from ..people import User
from ..types import RowId, UtcDateTime
from .choosing import TimeOption
from .consultation import Consultation
from .states import CONFIRMED_STATES, UPCOMING, ConsultationState
from .times import CLOSES_AFTER, LONGEST

KEPT_FOR = timedelta(hours=24)  # after its end, whatever document is to be accepted


def shown_in_list(user: User, past: int, before: tuple[datetime, int] | None = None) -> list[Consultation]:
    """All that is coming and so many of what is past, in one query; `before` is (starts_at, id) of the last seen.

    What waits for the worker's word counts as past when its window has closed.
    """
    return list(db.session.scalars(_list(Consultation.is_of(user), past, before)).unique())


def shown_with_patient(chat: Chat, past: int, before: tuple[datetime, int] | None = None) -> list[Consultation]:
    """The same of one chat."""
    listed = _list(Consultation.chat_id == chat.id, past, before, at_once=True)
    return list(db.session.scalars(listed).unique())


def parted(shown: Sequence[Consultation]) -> tuple[list[Consultation], list[Consultation]]:
    """What is coming, the nearest first, and what is past, the latest first."""
    upcoming = [consultation for consultation in shown if consultation.is_upcoming]
    return upcoming, [consultation for consultation in reversed(shown) if not consultation.is_upcoming]


def next_in(chats: Sequence[Chat]) -> dict[int, datetime]:
    """When the next one of each chat begins, by the chat's id; chats without one are left out."""
    theirs = Consultation.chat_id.in_([chat.id for chat in chats])
    own = select(Consultation.chat_id, Consultation.starts_at).where(theirs, _is_upcoming())
    return dict(db.session.execute(own.order_by(Consultation.starts_at.desc())).tuples().all())


def met_by(doctor: Doctor, spans: Sequence[tuple[datetime, datetime]]) -> list[Consultation]:
    """What is coming in these spans of time, the nearest first, with its people."""
    if not spans:
        return []
    options = select(TimeOption.consultation_id).where(TimeOption.doctor_id == doctor.id, _meets(TimeOption, spans))
    is_met = or_(_meets(Consultation, spans), Consultation.id.in_(options))
    mine = Consultation.doctor_id == doctor.id, _is_upcoming(), is_met
    met = Consultation.with_card_data().where(*mine).order_by(Consultation.starts_at, Consultation.id)
    return list(db.session.scalars(met).unique())


def booked_with(doctor: Doctor) -> list[Consultation]:
    """What patients have booked by themselves and is to come, the nearest first, with its people."""
    mine = Consultation.doctor_id == doctor.id, Consultation.type_id.is_not(None), _is_upcoming()
    booked = Consultation.with_card_data().where(*mine).order_by(Consultation.starts_at, Consultation.id)
    return list(db.session.scalars(booked).unique())


def kept_open_for(user: User) -> list[int]:
    """Agreed, and not over for more than a day: the nearest first."""
    recent = Consultation.ends_at > clock.now() - KEPT_FOR
    agreed = Consultation.state.in_((*CONFIRMED_STATES, ConsultationState.COMPLETED))
    mine = select(Consultation.id).where(Consultation.is_of(user), agreed, recent)
    return list(db.session.scalars(mine.order_by(Consultation.starts_at)))


def payments_made_by(user: User) -> Select[tuple[Payment]]:
    """The person's own, the newest first, with all that a list of them shows."""
    chat = joinedload(Payment.chat)
    people = chat.joinedload(Chat.doctor).joinedload(Doctor.user), chat.joinedload(Chat.dependant)
    consultation = joinedload(Payment.consultation).selectinload(Consultation.payments)
    rest = selectinload(Payment.refunds), selectinload(Payment.receipts), consultation
    shown = select(Payment).options(*people, *rest)
    return shown.where(Payment.payer_id == user.id).order_by(Payment.id.desc())


def payments_listed_for(user: User) -> Select[tuple[Payment]]:
    """The same for many at once: each knows who may read its chat."""
    return payments_made_by(user).options(joinedload(Payment.chat).selectinload(Chat.members))


def with_attendance(refunds: Select[tuple[Refund]]) -> Select[tuple[Refund]]:
    """The same refunds, each with who came to its consultation and what was written of it."""
    consultation = joinedload(Refund.payment).joinedload(Payment.consultation)
    written = consultation.joinedload(Consultation.conclusions)
    return refunds.options(consultation.joinedload(Consultation.attendances), written)


def _list(
    mine: ColumnElement[bool], past: int, before: tuple[datetime, int] | None, *, at_once: bool = False
) -> Select[tuple[Consultation]]:
    """By their numbers, each half by the index of starts: whoever has led a thousand is shown a page as soon."""
    newest_first = Consultation.starts_at.desc(), Consultation.id.desc()
    ended = select(Consultation.id).where(mine, ~_is_upcoming()).order_by(*newest_first).limit(past)
    shown = select(ended.subquery().c.id)
    if before is not None:
        last_seen = tuple_(literal(before[0], UtcDateTime), literal(before[1], RowId))
        shown = select(ended.where(tuple_(Consultation.starts_at, Consultation.id) < last_seen).subquery().c.id)
    ids = shown if before is not None else union_all(select(Consultation.id).where(mine, _is_upcoming()), shown)
    listed = Consultation.with_card_data(at_once=at_once).where(Consultation.id.in_(ids))
    return listed.order_by(Consultation.starts_at, Consultation.id)


def _is_upcoming() -> ColumnElement[bool]:
    """Of those that began long ago none is; the database need not look at them."""
    last_end = clock.now() - CLOSES_AFTER
    is_recent = Consultation.ends_at > last_end, Consultation.starts_at > last_end - LONGEST
    return and_(Consultation.state.in_(UPCOMING), *is_recent)


def _meets(noun: type[Consultation | TimeOption], spans: Sequence[tuple[datetime, datetime]]) -> ColumnElement[bool]:
    return or_(*((noun.starts_at < ends) & (noun.ends_at > begins) for begins, ends in spans))
