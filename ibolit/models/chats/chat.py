"""The one conversation of a patient with a doctor: its time, its members, what may be written."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    Update,
    bindparam,
    exists,
    false,
    select,
    text,
    update,
)
from sqlalchemy.orm import (
    Mapped,
    aliased,
    contains_eager,
    joinedload,
    mapped_column,
    query_expression,
    relationship,
    with_expression,
)
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.interfaces import ORMOption

from ...extensions import Model, db
from ...services import clock
from ..doctors import Doctor
from ..locking import Lockable
from ..people import Dependant, PatientFact, SubjectKey, User
from ..types import RowId, UtcDateTime, enum_column
from .access import ChatAccess
from .archiving import ChatArchiving
from .arriving import ChatArriving
from .beginning import ChatBeginning
from .erasing import ChatErasing
from .finding import ChatFinding
from .handing_over import ChatHandover
from .inbox import ChatLists
from .member import ChatMember
from .message import Card, Message
from .posting import ChatPosting
from .recalling import ChatRecalling
from .standing_in import ChatStandIn
from .states import AccessMode
from .summary import ChatSummary
from .urgency import ChatUrgency
from .waiting import ChatWaiting

WAITS, IS_URGENT, IS_ERASED = (text(f"{one} IS NOT NULL") for one in ("waiting_since", "urgent_since", "erased_at"))
OF_PATIENT = text("dependant_id IS NULL AND former_since IS NULL")
OF_DEPENDANT = text("dependant_id IS NOT NULL AND former_since IS NULL")
# What a message changes of these, too.
HEARD = "waiting_since", "promised_hours", "promise_missed_at", "closed_at", "urgent_since"


class Chat(
    ChatBeginning,
    ChatHandover,
    ChatPosting,
    ChatRecalling,
    ChatStandIn,
    ChatWaiting,
    ChatUrgency,
    ChatArchiving,
    ChatArriving,
    ChatErasing,
    ChatLists,
    ChatFinding,
    ChatAccess,
    ChatSummary,
    Lockable,
    Model,
):
    """`revision` grows with every visible change and `last_seq` with every message, both under the chat's lock."""

    __table_args__ = (
        Index(
            "uq_chat_of_patient", "patient_id", "doctor_id", unique=True,
            sqlite_where=OF_PATIENT, postgresql_where=OF_PATIENT,
        ),
        Index(
            "uq_chat_of_dependant", "patient_id", "dependant_id", "doctor_id", unique=True,
            sqlite_where=OF_DEPENDANT, postgresql_where=OF_DEPENDANT,
        ),
        Index("ix_chat_of_patient", "patient_id", "last_at", "id"),
        Index("ix_chat_of_doctor", "doctor_id", "last_at", "id"),
        Index("ix_chat_waiting", "doctor_id", "waiting_since", "id", sqlite_where=WAITS, postgresql_where=WAITS),
        Index("ix_chat_urgent", "doctor_id", sqlite_where=IS_URGENT, postgresql_where=IS_URGENT),
        Index("ix_chat_erased", "id", sqlite_where=IS_ERASED, postgresql_where=IS_ERASED),
        Index("ix_chat_of_dependant", "dependant_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("user.id"))  # who writes and pays
    dependant_id: Mapped[int | None] = mapped_column(ForeignKey("dependant.id"))  # about whom, if not about them
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    access: Mapped[AccessMode] = mapped_column(enum_column(AccessMode), default=AccessMode.FREE)
    free_days: Mapped[int]  # as they were when the chat was made
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consultation_opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consultation_closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_seq: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # of the last word, or the invitation before it
    last_text: Mapped[str] = mapped_column(String(120), default="")
    last_author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # for an answer (ChatWaiting)
    awaits_reply: Mapped[bool] = mapped_column(default=False, server_default=false())  # the same, for older processes
    settled_seq: Mapped[int] = mapped_column(default=0, server_default="0")
    promised_hours: Mapped[int | None]  # by its doctor when the wait began
    promise_missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # «Чат завершён», until somebody writes
    urgent_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # an emergency is spoken of (ChatUrgency)
    former_since: Mapped[datetime | None] = mapped_column(UtcDateTime)  # beside a living one, only to be read
    # Rows are written by their numbers, so that a flush, one with every message, need not look along these.
    pinned_message_id: Mapped[int | None] = query_expression()  # asked for by the page (Consultation.pinned_first())
    has_fact_question: Mapped[bool | None] = query_expression()  # of a patient's page (fact_question_first())
    has_family: Mapped[bool | None] = query_expression()  # its patient has dependants
    unread_here: Mapped[int | None] = query_expression()  # of who asked for a list; see unread_by()
    patient: Mapped[User] = relationship(foreign_keys=[patient_id], innerjoin=True, viewonly=True)
    dependant: Mapped[Dependant | None] = relationship(viewonly=True)
    doctor: Mapped[Doctor] = relationship(innerjoin=True, viewonly=True)
    members: Mapped[list[ChatMember]] = relationship(order_by=ChatMember.user_id, viewonly=True)

    # Look-ups

    @classmethod
    def find_for(cls, user: User, id: int, *more: ORMOption) -> Chat | None:
        """The person's own chat by its number."""
        return db.session.scalar(_one_of(*more), {"id": id, "reader": user.id, "now": clock.now()})

    @classmethod
    def locked_for(cls, user: User, id: int) -> Chat | None:
        """The same under its lock: what is read of it stays true until the commit."""
        cls._lock_row(id)
        chat = db.session.scalar(_one_of(anew=True), {"id": id, "reader": user.id, "now": clock.now()})
        if chat is not None:
            chat.remember_lock()
        return chat

    @classmethod
    def sides_of(cls, id: int) -> tuple[SubjectKey, int]:
        """About whom it is, and its doctor, by their numbers."""
        numbers = select(cls.patient_id, cls.dependant_id, cls.doctor_id).where(cls.id == id)
        patient_id, dependant_id, doctor_id = db.session.execute(numbers).tuples().one()
        return SubjectKey(patient_id, dependant_id), doctor_id

    @classmethod
    def with_people(cls) -> Select[tuple[Chat]]:
        """With both of them, and whom it is about."""
        return _with_people()

    @classmethod
    def is_of(cls, user: User) -> ColumnElement[bool]:
        """Those a doctor leads, by the index of their list, and those in which they stand in; else those in which the
        person is a member."""
        if user.doctor is None:
            return cls.are_of(user.id, None, clock.now())
        return cls.are_of(user.id, user.doctor.id, clock.now(), stands_in=user.doctor.is_standing_in)

    @classmethod
    def are_of(
        cls,
        reader: int | BindParameter[int],
        led_by: int | BindParameter[int] | None,
        now: datetime | BindParameter[datetime],
        *,
        stands_in: bool = False,
    ) -> ColumnElement[bool]:
        """The same by the numbers of the person and of the doctor they are, if they are one; as of that moment, at
        which a place may have ended."""
        theirs = select(ChatMember.chat_id).where(ChatMember.user_id == reader)
        if led_by is None:
            return cls.id.in_(theirs.where(ChatMember.ends_after(now)))
        led = (cls.doctor_id == led_by) & cls.erased_at.is_(None)
        return led | cls.id.in_(theirs.where(ChatMember.until > now)) if stands_in else led

    # Questions

    @property
    def pinned_cards(self) -> dict[Card, list[int]]:
        """What a page loads with its own cards (preload_cards)."""
        return {} if self.pinned_message_id is None else {Card.CONSULTATION: [self.pinned_message_id]}

    def is_led_by(self, user: User) -> bool:
        return user.id == self.doctor.user_id

    def other_than(self, user: User) -> User:
        """With whom they talk: the patient for who answers, the doctor for everybody else."""
        return self.patient if self.is_answered_by(user) else self.doctor.user

    def member(self, user_id: int) -> ChatMember:
        return next(member for member in self.members if member.user_id == user_id)

    def unread_by(self, user: User) -> int:
        """What the others have said since; a list of the person's own knows it without the members."""
        return self.member(user.id).unread if self.unread_here is None else self.unread_here

    def members_but(self, user_id: int | None) -> list[ChatMember]:
        """All who hear, but one; in the order of their numbers, in which whoever locks them all does so."""
        return [member for member in self.members if member.user_id != user_id and member.is_here]

    def delivered_to_all_but(self, user_id: int) -> int:
        """The seq up to which everybody else has received; read_by_all_but() the same of reading."""
        return min((member.delivered_to for member in self.members_but(user_id)), default=0)

    def read_by_all_but(self, user_id: int) -> int:
        return min((member.read_to for member in self.members_but(user_id)), default=0)

    # Below: parts of these

    def _note_last(self, message: Message) -> None:
        """What lists show of it, and its two numbers, by one statement; under the chat's lock."""
        counted: dict[str, object] = {
            "last_seq": message.seq,
            "revision": message.revision,
            "last_at": message.sent_at,
            "last_author_id": message.author_id,
            "last_text": message.preview[:120],
            "awaits_reply": self.is_waiting,
        } | {name: getattr(self, name) for name in HEARD}
        db.session.execute(_last_noted(), counted | {"of": self.id})
        for name, value in counted.items():
            set_committed_value(self, name, value)

    @classmethod
    def _lock_row(cls, id: int) -> None:
        if db.engine.dialect.name == "postgresql":  # on SQLite whoever may write is alone
            db.session.execute(select(cls.id).where(cls.id == id).with_for_update())

    def _take_lock(self) -> None:
        locked = select(Chat).where(Chat.id == self.id).with_for_update(of=Chat)
        db.session.scalars(locked.execution_options(populate_existing=True)).one()


# Asked with every message. SQLAlchemy spends more on building such a statement than on running it: each is built once.


@cache
def _with_people() -> Select[tuple[Chat]]:
    """The doctor's account knows, too, whose it is: whoever looks on is asked whether they are a doctor."""
    doctor_user = aliased(User)
    doctor = contains_eager(Chat.doctor).contains_eager(Doctor.user.of_type(doctor_user))
    family = exists().where(Dependant.user_id == Chat.patient_id, Dependant.archived_at.is_(None)).correlate(Chat)
    return (
        select(Chat)
        .join(Chat.doctor)
        .join(doctor_user, Doctor.user)
        .join(Chat.patient)
        .outerjoin(Chat.dependant)
        .options(
            doctor.contains_eager(doctor_user.doctor),
            contains_eager(Chat.patient),
            contains_eager(Chat.dependant),
            with_expression(Chat.has_family, family),
        )
    )


@cache
def _last_noted() -> Update:
    table = cast(Table, Chat.__table__)
    names = ("last_seq", "revision", "last_at", "last_author_id", "last_text", "awaits_reply", *HEARD)
    return update(table).where(table.c.id == bindparam("of")).values({name: bindparam(name) for name in names})


@cache
def _one_of(*more: ORMOption, anew: bool = False) -> Select[tuple[Chat]]:
    reader: BindParameter[int] = bindparam("reader")
    people = _with_people().options(joinedload(Chat.members), *more)
    is_member = exists().where(ChatMember.chat_id == Chat.id, ChatMember.user_id == reader, ChatMember.are_here())
    one = people.where(Chat.id == bindparam("id"), is_member)
    return one.execution_options(populate_existing=True) if anew else one


@cache
def fact_question_first() -> ORMOption:
    """A chat that is loaded with this knows whether its patient has yet to say who may see an allergy."""
    is_about = PatientFact.dependant_id.is_not_distinct_from(Chat.dependant_id)
    asked = exists().where(PatientFact.is_unanswered((PatientFact.patient_id == Chat.patient_id) & is_about))
    return with_expression(Chat.has_fact_question, asked.correlate(Chat))
