"""Lists of chats."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import contains_eager, defaultload, joinedload, with_expression

from ...extensions import db
from ...services import clock
from ..doctors import Doctor
from ..people import Dependant, SubjectKey, User, people_of_facts
from ..types import RowId, UtcDateTime
from .attachment import Attachment
from .finding import is_begun, matches_person
from .member import ChatMember
from .waiting import QueuePlace

if TYPE_CHECKING:
    from .chat import Chat


ChatCursor = tuple[datetime | None, int]  # last_at and id of the last chat of a page


# What rows and heads of chats show of the other side; a doctor's profile is long.
PERSON_SHOWN = User.name, User.timezone, User.seen_at, User.birth_date, User.sex
DOCTOR_SHOWN = (
    *(Doctor.user_id, Doctor.specialty, Doctor.photo, Doctor.hidden),
    *(Doctor.available, Doctor.quiet_from, Doctor.quiet_to, Doctor.away_from, Doctor.away_until),
)


class InboxFilter(StrEnum):
    """Which of their chats a person wants to see; the first two are a doctor's."""

    UNREAD = "unread"
    WAITING = "waiting"  # for an answer: the doctor's queue
    ARCHIVED = "archived"


@dataclass(frozen=True)
class InboxNumbers:
    """How many chats stand behind each filter, and above all others (emergencies_of())."""

    unread: int
    waiting: int
    archived: int
    urgent: int


class ChatLists:
    """A chat's facet for «Сообщения», «Пациенты» and the search."""

    @classmethod
    def inbox_of(
        cls: type[Chat],
        user: User,
        before: tuple[datetime, int] | None = None,
        only: InboxFilter | None = None,
        most: int = 30,
    ) -> list[Chat]:
        """Begun chats, the latest first, keyset-paged: `before` is (last_at, id) of the last one seen.

        What was put away is left out while nothing in it is unread; among the unread it stands as any other. An invited
        patient finds the doctor here before anything is said; the doctor finds them among the patients.
        """
        last_at, id = before or (None, None)
        leads, goes_on = user.doctor is not None, before is not None
        page = _inbox(cls, leads=leads, stands_in=_stands_in(user), goes_on=goes_on, only=only)
        return list(db.session.scalars(page, _asked_by(user) | {"last_at": last_at, "id": id, "most": most}))

    @classmethod
    def queue_of(cls: type[Chat], user: User, after: QueuePlace | None = None, most: int = 30) -> list[Chat]:
        """«Ждут ответа», by queue_order(), what was put away as well; `after` is the place of the last one seen."""
        page = _queue(cls, leads=user.doctor is not None, stands_in=_stands_in(user), goes_on=after is not None)
        place = {} if after is None else after._asdict()
        return list(db.session.scalars(page, _asked_by(user) | place | {"most": most}))

    @classmethod
    def emergencies_of(cls: type[Chat], user: User) -> list[Chat]:
        """Chats of this doctor that speak of an emergency, as they stand above all others; the oldest first."""
        if user.doctor is None:
            return []
        return list(db.session.scalars(_emergencies(cls), _asked_by(user)))

    @classmethod
    def numbers_of(cls: type[Chat], user: User) -> InboxNumbers:
        """For the chips over a list, in one query."""
        numbers = _numbers(cls, stands_in=_stands_in(user))
        return InboxNumbers(*db.session.execute(numbers, _asked_by(user)).one())

    @classmethod
    def visible_to(cls: type[Chat], user: User) -> Select[tuple[Chat]]:
        """The person's own chats, each with the other side and how much the person has not read."""
        leads = user.doctor is not None
        return _with_other_side(cls, user.id, leads=leads, stands_in=_stands_in(user)).where(cls.is_of(user))

    @classmethod
    def patients_of(
        cls: type[Chat], doctor: Doctor, words: str = "", before: ChatCursor | None = None
    ) -> Select[tuple[Chat]]:
        """The doctor's chats, also those in which nothing was said yet, which stand at the end; keyset-paged.

        `words` are beginnings of the names of the patient or of whom it is about, or a part of the patient's phone.
        """
        latest = cls.last_at.desc().nulls_last(), cls.id.desc()
        own = cls.with_people().where(cls.are_of(doctor.user_id, doctor.id, clock.now())).order_by(*latest)
        if words:
            own = own.where(matches_person(cls, words))
        return own if before is None else own.where(cls._is_after(before))

    @classmethod
    def with_patient(
        cls: type[Chat], doctor: Doctor, whose: SubjectKey, *, with_facts: bool = False
    ) -> Select[tuple[Chat]]:
        """About this person, the living one first; with its members, whose files are shown by their names, and with all
        that is known of whom it is about."""
        one = cls.with_people().options(joinedload(cls.members))
        if with_facts and whose.dependant_id is None:
            one = one.options(defaultload(cls.patient).joinedload(User.facts).options(*people_of_facts()))
        elif with_facts:
            one = one.options(defaultload(cls.dependant).joinedload(Dependant.facts).options(*people_of_facts()))
        mine = one.where(cls.are_of(doctor.user_id, doctor.id, clock.now()), *cls.are_about(whose))
        return mine.order_by(cls.former_since.is_not(None), cls.id)

    @classmethod
    def _is_after(cls: type[Chat], last: ChatCursor) -> ColumnElement[bool]:
        last_at, id = last
        if last_at is None:
            return and_(cls.last_at.is_(None), cls.id < id)
        return or_(
            tuple_(cls.last_at, cls.id) < tuple_(literal(last_at, UtcDateTime), literal(id)), cls.last_at.is_(None)
        )

    @classmethod
    def last_activity_of(cls: type[Chat], user: User) -> Select[tuple[datetime | None]]:
        """When something last moved a chat to the top of the person's list; nothing when it is empty."""
        return select(func.max(cls.last_at)).where(cls.is_of(user), is_begun(cls, leads=user.doctor is not None))

    @classmethod
    def files_visible_to(cls: type[Chat], user: User) -> Select[tuple[Attachment]]:
        """What was sent in the person's own chats."""
        sent = select(Attachment).join(cls, cls.id == Attachment.chat_id).where(Attachment.message_id.is_not(None))
        return sent.where(cls.is_of(user))


def _stands_in(user: User) -> bool:
    return user.doctor is not None and user.doctor.is_standing_in


def _asked_by(user: User) -> dict[str, object]:
    """What the statements below are asked with."""
    return {"reader": user.id, "led_by": user.doctor.id if user.doctor is not None else None, "now": clock.now()}


@cache
def _inbox(
    noun: type[Chat], *, leads: bool, stands_in: bool, goes_on: bool, only: InboxFilter | None
) -> Select[tuple[Chat]]:
    """Asked beside every open chat, too. To build one takes longer than to run it: each kind is built once."""
    page = _begun(noun, leads=leads, stands_in=stands_in).where(_fits(noun, bindparam("reader"), only))
    if leads and only is None:
        page = page.where(noun.urgent_since.is_(None))  # they stand above it: emergencies_of()
    if goes_on:
        last_seen = bindparam("last_at", type_=UtcDateTime), bindparam("id", type_=RowId)
        page = page.where(tuple_(noun.last_at, noun.id) < tuple_(*last_seen))
    return page.order_by(noun.last_at.desc(), noun.id.desc()).limit(bindparam("most"))


@cache
def _queue(noun: type[Chat], *, leads: bool, stands_in: bool, goes_on: bool) -> Select[tuple[Chat]]:
    page = _begun(noun, leads=leads, stands_in=stands_in).where(noun.waiting_since.is_not(None))
    page = page.where(noun.is_after_in_queue()) if goes_on else page
    return page.order_by(*noun.queue_order()).limit(bindparam("most"))


def _begun(noun: type[Chat], *, leads: bool, stands_in: bool) -> Select[tuple[Chat]]:
    reader: BindParameter[int] = bindparam("reader")
    moment: BindParameter[datetime] = bindparam("now", type_=UtcDateTime)
    own = noun.are_of(reader, bindparam("led_by") if leads else None, moment, stands_in=stands_in)
    return _with_other_side(noun, reader, leads=leads, stands_in=stands_in).where(own, is_begun(noun, leads=leads))


@cache
def _emergencies(noun: type[Chat]) -> Select[tuple[Chat]]:
    shown = _with_other_side(noun, bindparam("reader"), leads=True).where(*_is_emergency(noun))
    return shown.order_by(noun.urgent_since, noun.id)


def _is_emergency(noun: type[Chat]) -> tuple[ColumnElement[bool], ...]:
    return noun.doctor_id == bindparam("led_by"), noun.urgent_since.is_not(None)


def _fits(noun: type[Chat], reader: BindParameter[int], only: InboxFilter | None) -> ColumnElement[bool]:
    mine = exists().where(*_place_of(noun, reader))
    if only is InboxFilter.WAITING:
        raise ValueError("the queue has an order of its own: queue_of()")
    if only is InboxFilter.UNREAD:
        return mine.where(ChatMember.unread > 0)
    if only is InboxFilter.ARCHIVED:
        return mine.where(ChatMember.archived_at.is_not(None))
    return ~mine.where(ChatMember.archived_at.is_not(None), ChatMember.unread == 0)


@cache
def _numbers(noun: type[Chat], *, stands_in: bool) -> Select[tuple[int, int, int, int]]:
    mine = select(func.count()).where(ChatMember.user_id == bindparam("reader"), ChatMember.are_here())
    moment: BindParameter[datetime] = bindparam("now", type_=UtcDateTime)
    led = noun.are_of(bindparam("reader"), bindparam("led_by"), moment, stands_in=stands_in)
    waiting = select(func.count()).select_from(noun).where(led, noun.waiting_since.is_not(None))
    return select(
        mine.where(ChatMember.unread > 0).scalar_subquery(),
        waiting.scalar_subquery(),
        mine.where(ChatMember.archived_at.is_not(None)).scalar_subquery(),
        select(func.count()).select_from(noun).where(*_is_emergency(noun)).scalar_subquery(),
    )


def _with_other_side(
    noun: type[Chat], reader: int | BindParameter[int], *, leads: bool, stands_in: bool = False
) -> Select[tuple[Chat]]:
    """Their own side is who asks, whom the session knows: joined to each row it would be read anew with each. Who
    stands in sees for whom."""
    unread = select(ChatMember.unread).where(*_place_of(noun, reader)).scalar_subquery()
    if leads:
        chats = select(noun).join(noun.patient).options(contains_eager(noun.patient).load_only(*PERSON_SHOWN))
        if stands_in:
            colleague = joinedload(noun.doctor).load_only(*DOCTOR_SHOWN)
            chats = chats.options(colleague, colleague.joinedload(Doctor.user).load_only(*PERSON_SHOWN))
    else:
        doctor = contains_eager(noun.doctor).load_only(*DOCTOR_SHOWN)
        people = doctor, doctor.contains_eager(Doctor.user).load_only(*PERSON_SHOWN)
        chats = select(noun).join(noun.doctor).join(Doctor.user).options(*people)
    return chats.options(with_expression(noun.unread_here, unread), joinedload(noun.dependant))


def _place_of(noun: type[Chat], reader: int | BindParameter[int]) -> tuple[ColumnElement[bool], ...]:
    return ChatMember.chat_id == noun.id, ChatMember.user_id == reader
