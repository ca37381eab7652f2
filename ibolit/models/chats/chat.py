"""The one conversation of a patient with a doctor: its time, its members, what may be written."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Self, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    UniqueConstraint,
    Update,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, aliased, contains_eager, joinedload, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from ... import errors
from ...events import AccessChanged, DaysGiven, MessageChanged, MessageSent, ReceiptsMoved, record
from ...extensions import Model, db
from ...services import clock
from ...services.search import begins_a_word, messages_matching, stemmed
from ..doctors import Doctor, Tariff
from ..people import User
from ..types import RowId, UtcDateTime, word_of
from .attachment import Attachment, refuse_sent
from .message import Card, Message

LAST_DAY = timedelta(days=1)
DIGITS = re.compile(r"\D+")

ChatCursor = tuple[datetime | None, int]  # last_at and id of the last chat of a page


class AccessMode(StrEnum):
    FREE = "free"
    UNTIL = "until"
    UNLIMITED = "unlimited"


class ChatState(StrEnum):
    """What the patient may do now, as the time strip says it."""

    NOT_BEGUN = "not_begun"  # free days are waiting for the first message
    NEEDS_TARIFF = "needs_tariff"  # no free days were given
    OPEN = "open"
    LAST_DAY = "last_day"
    OVER = "over"
    CONSULTATION = "consultation"  # open because of a consultation, whatever was paid
    UNLIMITED = "unlimited"


class InboxFilter(StrEnum):
    """Which of his chats a doctor wants to see."""

    UNREAD = "unread"
    WAITING = "waiting"  # the last word is the patient's


class ChatMember(Model):
    """How far one of the two has received and read; `unread` counts the other's messages after `read_to`.

    `notified_from_seq` is the first message of a notification under way, which tells of those after it, too; else 0.
    """

    __table_args__ = (Index("ix_chat_member_unread", "user_id", "unread"),)

    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    delivered_to: Mapped[int] = mapped_column(default=0)
    read_to: Mapped[int] = mapped_column(default=0)
    unread: Mapped[int] = mapped_column(default=0)
    notified_from_seq: Mapped[int] = mapped_column(default=0, server_default="0")

    @classmethod
    def unread_of(cls, user: User) -> int:
        """Chats with something unread, for the badge."""
        return cls.unread_of_each([user])[user.id]

    @classmethod
    def unread_chats_of(cls, user: User) -> list[int]:
        """Their numbers: notices of all others are over."""
        return list(db.session.scalars(select(cls.chat_id).where(cls.user_id == user.id, cls.unread > 0)))

    @classmethod
    def unread_of_each(cls, users: Sequence[User]) -> dict[int, int]:
        ids = [user.id for user in users]
        return dict.fromkeys(ids, 0) | dict(db.session.execute(_unread(), {"users": ids}).tuples().all())


class Chat(Model):
    """`revision` grows with every visible change and `last_seq` with every message, both under the chat's lock."""

    __table_args__ = (
        UniqueConstraint("patient_id", "doctor_id"),
        Index("ix_chat_of_patient", "patient_id", "last_at", "id"),
        Index("ix_chat_of_doctor", "doctor_id", "last_at", "id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    access: Mapped[AccessMode] = mapped_column(word_of(AccessMode), default=AccessMode.FREE)
    free_days: Mapped[int]  # as they were when the chat was made
    open_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consultation_opens_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    consultation_closes_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_seq: Mapped[int] = mapped_column(default=0)
    revision: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime
    )  # of the last word, or of the invitation that began it
    last_text: Mapped[str] = mapped_column(String(120), default="")
    last_author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    awaits_reply: Mapped[bool] = mapped_column(default=False, server_default=false())  # notes are nobody's last word
    # Rows are written by their numbers, so that a flush, one with every message, need not look along these.
    patient: Mapped[User] = relationship(foreign_keys=[patient_id], innerjoin=True, viewonly=True)
    doctor: Mapped[Doctor] = relationship(innerjoin=True, viewonly=True)
    members: Mapped[list[ChatMember]] = relationship(order_by=ChatMember.user_id, viewonly=True)

    # Look-ups

    @classmethod
    def visible_to(cls, user: User) -> Select[tuple[Chat]]:
        """The person's own chats with both people and how far they have read."""
        return _with_people().options(joinedload(cls.members)).where(cls.is_of(user))

    @classmethod
    def one_of(cls, user: User, id: int) -> Chat | None:
        """The person's own chat by its number."""
        return db.session.scalar(_one_of(anew=False), {"id": id, "reader": user.id})

    @classmethod
    def locked_for(cls, user: User, id: int) -> Chat | None:
        """The same under its lock: what is read of it stays true until the commit."""
        if db.engine.dialect.name == "postgresql":  # on SQLite whoever may write is alone
            db.session.execute(select(cls.id).where(cls.id == id).with_for_update())
        chat = db.session.scalar(_one_of(anew=True), {"id": id, "reader": user.id})
        if chat is not None:
            chat.remember_lock()
        return chat

    @classmethod
    def is_of(cls, user: User) -> ColumnElement[bool]:
        if user.doctor is not None:
            return cls.doctor_id == user.doctor.id
        return cls.patient_id == user.id

    @classmethod
    def inbox_of(
        cls, user: User, before: tuple[datetime, int] | None = None, only: InboxFilter | None = None
    ) -> Select[tuple[Chat]]:
        """Begun chats, the latest first, keyset-paged: `before` is (last_at, id) of the last one seen.

        Who was invited finds his doctor here before a word is said; the doctor has him among his patients.
        """
        begun = cls.visible_to(user).where(cls._is_begun_for(user)).order_by(cls.last_at.desc(), cls.id.desc())
        if only is InboxFilter.UNREAD:
            mine = exists().where(ChatMember.chat_id == cls.id, ChatMember.user_id == user.id, ChatMember.unread > 0)
            begun = begun.where(mine)
        elif only is InboxFilter.WAITING:
            begun = begun.where(cls.awaits_reply)
        return (
            begun.where(tuple_(cls.last_at, cls.id) < tuple_(literal(before[0], UtcDateTime), literal(before[1])))
            if before
            else begun
        )

    @classmethod
    def patients_of(cls, doctor: Doctor, words: str = "", before: ChatCursor | None = None) -> Select[tuple[Chat]]:
        """The doctor's chats, also those in which nothing was said yet, which stand at the end; keyset-paged.

        `words` are beginnings of the patient's names, or a part of his phone.
        """
        latest = cls.last_at.desc().nulls_last(), cls.id.desc()
        own = _with_people().where(cls.doctor_id == doctor.id).order_by(*latest)
        if words:
            own = own.where(is_called(words))
        return own if before is None else own.where(cls._is_after(before))

    @classmethod
    def with_patient(cls, doctor: Doctor, patient_id: int) -> Select[tuple[Chat]]:
        return _with_people().where(cls.doctor_id == doctor.id, cls.patient_id == patient_id)

    @classmethod
    def _is_after(cls, last: ChatCursor) -> ColumnElement[bool]:
        last_at, id = last
        if last_at is None:
            return and_(cls.last_at.is_(None), cls.id < id)
        return or_(
            tuple_(cls.last_at, cls.id) < tuple_(literal(last_at, UtcDateTime), literal(id)), cls.last_at.is_(None)
        )

    @classmethod
    def newest_of(cls, user: User) -> Select[tuple[datetime | None]]:
        """When something last moved a chat to the top of the person's list."""
        return select(func.max(cls.last_at)).where(cls.is_of(user), cls._is_begun_for(user))

    @classmethod
    def _is_begun_for(cls, user: User) -> ColumnElement[bool]:
        return cls.last_at.is_not(None) if user.doctor is None else cls.last_seq > 0

    @classmethod
    def awaits_first_word_of(cls, patient: User) -> bool:
        """Some doctor has invited him, and nothing was said yet."""
        silent = select(cls.id).where(cls.patient_id == patient.id, cls.last_seq == 0, cls.last_at.is_not(None))
        return db.session.scalar(silent.limit(1)) is not None

    @classmethod
    def between(cls, patient: User, doctor: Doctor) -> Self | None:
        return db.session.scalar(select(cls).where(cls.patient_id == patient.id, cls.doctor_id == doctor.id))

    @classmethod
    def begin(cls, patient: User, doctor: Doctor, *, invited: bool = False) -> int:
        """The id of their chat, made now if there was none; two presses at once make one.

        Raises DoctorTakesNoMessages when a new one cannot be begun; an invitation is the doctor's own word.
        """
        chat = cls.between(patient, doctor)
        if chat is not None:
            if invited:
                chat.last_at = chat.last_at or clock.now()
            return chat.id
        if not invited and not doctor.takes_new_patients():
            raise errors.DoctorTakesNoMessages
        made: dict[str, object] = {"patient_id": patient.id, "doctor_id": doctor.id, "free_days": doctor.free_days}
        made["last_at"] = clock.now() if invited else None
        _insert_or_ignore(cls, [made])
        chat_id = db.session.scalars(
            select(cls.id).where(cls.patient_id == patient.id, cls.doctor_id == doctor.id)
        ).one()
        _insert_or_ignore(ChatMember, [{"chat_id": chat_id, "user_id": user} for user in (patient.id, doctor.user_id)])
        return chat_id

    @classmethod
    def messages_found(cls, user: User, words: str, most: int = 50) -> list[Message]:
        """The person's own messages with all these words in any of their forms, the newest first."""
        ids = messages_matching(words, user.id, db.engine.dialect.name)
        if ids is None:
            return []
        mine = select(cls.id).where(cls.is_of(user))
        found = select(Message).where(Message.id.in_(ids), Message.chat_id.in_(mine))
        found = found.options(joinedload(Message.attachments))
        return list(db.session.scalars(found.order_by(Message.id.desc()).limit(most)).unique())

    @classmethod
    def files_visible_to(cls, user: User) -> Select[tuple[Attachment]]:
        """What was sent in the person's own chats."""
        sent = select(Attachment).join(cls, cls.id == Attachment.chat_id).where(Attachment.message_id.is_not(None))
        return sent.where(cls.is_of(user))

    # Questions

    def other_than(self, user: User) -> User:
        return self.patient if user.id != self.patient_id else self.doctor.user

    def member(self, user_id: int) -> ChatMember:
        return next(member for member in self.members if member.user_id == user_id)

    def partner_of(self, user_id: int) -> ChatMember:
        return next(member for member in self.members if member.user_id != user_id)

    def state_at(self, now: datetime) -> ChatState:
        if self.access is AccessMode.UNLIMITED:
            return ChatState.UNLIMITED
        if self.open_until is None and self.free_days:
            return ChatState.NOT_BEGUN
        if self.open_until is None or self.open_until <= now:
            if (opens := self.consultation_opens_at) and opens <= now < (self.consultation_closes_at or opens):
                return ChatState.CONSULTATION
            return ChatState.OVER if self.open_until else ChatState.NEEDS_TARIFF
        return ChatState.LAST_DAY if self.open_until - now <= LAST_DAY else ChatState.OPEN

    @property
    def state(self) -> ChatState:
        return self.state_at(clock.now())

    @property
    def changes_at(self) -> datetime | None:
        """When the time strip will say something else."""
        now = clock.now()
        turns = [self.open_until - LAST_DAY, self.open_until] if self.open_until else []
        turns += [moment for moment in (self.consultation_opens_at, self.consultation_closes_at) if moment]
        return min((moment for moment in turns if moment > now), default=None)

    def takes_messages_from(self, user: User) -> bool:
        """The doctor may always write."""
        return user.id != self.patient_id or self.state not in (ChatState.OVER, ChatState.NEEDS_TARIFF)

    def refuse_if_closed_for(self, author: User) -> None:
        """Raises ChatIsClosed or ChatNeedsTariff."""
        if not self.takes_messages_from(author):
            raise errors.ChatNeedsTariff if self.state is ChatState.NEEDS_TARIFF else errors.ChatIsClosed

    @property
    def is_time_sold(self) -> bool:
        """An unlimited one needs none, and time with a doctor who has left the directory would be wasted money."""
        return self.access is not AccessMode.UNLIMITED and not self.doctor.hidden

    def can_be_prolonged(self, on_sale: Sequence[Tariff]) -> bool:
        return self.is_time_sold and bool(on_sale)

    def end_with(self, days: int) -> datetime:
        """Until when it would be open: bought days are added to the later of now and the present end."""
        return max(clock.now(), self.open_until or clock.now()) + timedelta(days=days)

    # Verbs, all under the chat's lock

    def lock(self) -> None:
        """Until the commit nobody else changes this chat; what was loaded before is read anew."""
        if db.session.info.get("locked_chat") == (self.id, db.session().get_transaction()):
            return
        locked = select(Chat).where(Chat.id == self.id).with_for_update(of=Chat)
        db.session.scalars(locked.execution_options(populate_existing=True)).one()
        self.remember_lock()

    def post(self, author: User, text: str, client_id: str, attachments: Sequence[Attachment] = ()) -> Message:
        """The message, new or – for a repeated id with the same text and files – the one already there.

        The same id with another content is a form brought back by "Back": a message of its own, with an id of ours that
        follows from both, so that repeating it doubles nothing either.
        Raises ChatIsClosed or ChatNeedsTariff when the patient's time does not allow it, AttachmentIsSent for a file of
        another message. The attachments were loaded under the lock.
        """
        self.lock()
        content = [text, *(one.digest for one in attachments)]
        known = Message.by(author.id, client_id, self.id)
        if known is not None and known.content != content:
            client_id = _id_of_another(client_id, "\n".join(content))
            known = Message.by(author.id, client_id, self.id)
        if known is not None:
            return known
        self.refuse_if_closed_for(author)
        refuse_sent(attachments)
        self._begin_free_time(author)
        return self._add(text, author=author, client_id=client_id, attachments=attachments)

    def post_card(
        self, author: User, text: str, client_id: str, card: Card | None = None, attachments: Sequence[Attachment] = ()
    ) -> Message:
        """A card: may be said whatever the chat's time is. Repeated it is the same."""
        self.lock()
        known = Message.by(author.id, client_id, self.id)
        return known or self._add(text, author=author, client_id=client_id, attachments=attachments, card=card)

    def post_system_note(self, text: str, idempotency_key: str = "", *, by: int | None = None) -> Message:
        """A system note for both; its cause may know it again by its key. It is no news to who did it, `by`."""
        self.lock()
        return self._add(text, author=None, by=by, client_id=idempotency_key or f"system-{self.last_seq + 1}")

    def bump_revision(self, message: Message) -> None:
        """A visible change of a message takes the chat's next revision, and open screens get it."""
        self.lock()
        self.revision += 1
        message.revision = self.revision
        record(MessageChanged(self.id, message.id, self.revision))

    def update_receipts(self, user: User, *, delivered_to: int, read_to: int) -> bool:
        """Moves the person's receipts up to these numbers, never back; nothing new changes nothing.

        True when one of them moved.
        """
        mine = self.member(user.id)
        if min(delivered_to, self.last_seq) <= mine.delivered_to and min(read_to, self.last_seq) <= mine.read_to:
            return False
        self.lock()
        db.session.refresh(mine)
        read = max(mine.read_to, min(read_to, self.last_seq))
        delivered = max(mine.delivered_to, min(delivered_to, self.last_seq), read)
        if (delivered, read) == (mine.delivered_to, mine.read_to):
            return False
        if read > mine.read_to:
            mine.unread = self._others_after(read, user)
            mine.notified_from_seq = mine.notified_from_seq if mine.unread else 0
        mine.delivered_to, mine.read_to = delivered, read
        self.revision += 1
        record(ReceiptsMoved(self.id, user.id, self.revision))
        return True

    def prolong(self, days: int) -> None:
        """An unlimited chat needs none."""
        self.lock()
        if self.access is AccessMode.UNLIMITED:
            return
        self.access = AccessMode.UNTIL
        self.open_until = self.end_with(days)
        self.revision += 1
        record(AccessChanged(self.id, self.revision))

    def give_days(self, days: int, client_id: str) -> bool:
        """«Подарить дни»: both read of it in the chat. A repeated press is the same one, and gives nothing: False.

        Of free days that wait for the first message there are so many more. Raises ChatNeedsNoDays.
        """
        self.lock()
        idempotency_key = f"gift-{client_id}"
        given = select(Message.id).where(
            Message.chat_id == self.id, Message.client_id == idempotency_key, Message.author_id.is_(None)
        )
        if db.session.scalar(given) is not None:
            return False
        if self.access is AccessMode.UNLIMITED:
            raise errors.ChatNeedsNoDays
        if self.state is ChatState.NOT_BEGUN:
            self.free_days += days
            self.revision += 1
            record(AccessChanged(self.id, self.revision))
        else:
            self.prolong(days)
        record(DaysGiven(self.id, days, idempotency_key))
        return True

    def shorten(self, days: int) -> None:
        """Money went back, and the time bought with it goes too; never before now."""
        self.lock()
        if days <= 0 or self.open_until is None:
            return
        self.open_until = max(clock.now(), self.open_until - timedelta(days=days))
        self.revision += 1
        record(AccessChanged(self.id, self.revision))

    def extend_for_consultations(self, windows: Sequence[tuple[datetime, datetime]]) -> None:
        """The next of these, in their order, joined with those that overlap it."""
        self.lock()
        opens, closes = windows[0] if windows else (None, None)
        for begins, ends in windows:
            if closes is not None and begins <= closes:
                closes = max(closes, ends)
        if (self.consultation_opens_at, self.consultation_closes_at) == (opens, closes):
            return
        self.consultation_opens_at, self.consultation_closes_at = opens, closes
        self.revision += 1
        record(AccessChanged(self.id, self.revision))

    def remember_lock(self) -> None:
        """The lock lasts as long as the transaction; taken twice it would only cost."""
        db.session.info["locked_chat"] = (self.id, db.session().get_transaction())

    # Below: parts of the verbs

    def _begin_free_time(self, author: User) -> None:
        if author.id == self.patient_id and self.state is ChatState.NOT_BEGUN:
            self.open_until = clock.now() + timedelta(days=self.free_days)
            record(AccessChanged(self.id, self.revision + 1))

    def _add(
        self,
        text: str,
        *,
        author: User | None,
        by: int | None = None,
        client_id: str,
        attachments: Sequence[Attachment] = (),
        card: Card | None = None,
    ) -> Message:
        self.last_seq += 1
        self.revision += 1
        message = Message(
            chat_id=self.id,
            seq=self.last_seq,
            revision=self.revision,
            author_id=author.id if author else None,
            client_id=client_id,
            text=text,
            stems=stemmed(" ".join([text, *(one.name for one in attachments)])),
            sent_at=clock.now(),
            card=card,
            attachments=[*attachments],
        )
        for position, one in enumerate(attachments):
            one.position = position
        db.session.add(message)
        self.last_at, self.last_author_id = message.sent_at, message.author_id
        self.last_text = message.preview[:120]
        if author is not None:
            self.awaits_reply = author.id == self.patient_id
        told = db.session.execute(_one_more_unread(), {"chat": self.id, "author": message.author_id or by or 0})
        for user_id, unread, notified_from_seq in told:
            set_committed_value(self.member(user_id), "unread", unread)
            set_committed_value(self.member(user_id), "notified_from_seq", notified_from_seq)
        if by is not None:
            self._note_own_deed(self.member(by))
        db.session.flush()
        record(MessageSent(self.id, message.id, self.revision))
        return message

    def _note_own_deed(self, mine: ChatMember) -> None:
        """Who had read all before his deed has read its note, too."""
        db.session.refresh(mine)
        if mine.unread == 0:
            mine.delivered_to = mine.read_to = self.last_seq

    def _others_after(self, seq: int, reader: User) -> int:
        is_others = or_(Message.author_id.is_(None), Message.author_id != reader.id)
        counted = select(func.count()).where(Message.chat_id == self.id, Message.seq > seq, is_others)
        return db.session.scalar(counted) or 0


# Asked with every message. SQLAlchemy spends more on building such a statement than on running it: each is built once.


@cache
def _with_people() -> Select[tuple[Chat]]:
    doctor_user = aliased(User)
    return (
        select(Chat)
        .join(Chat.doctor)
        .join(doctor_user, Doctor.user)
        .join(Chat.patient)
        .options(
            contains_eager(Chat.doctor).contains_eager(Doctor.user.of_type(doctor_user)),
            contains_eager(Chat.patient),
        )
    )


@cache
def _one_of(*, anew: bool) -> Select[tuple[Chat]]:
    reader: BindParameter[int] = bindparam("reader")
    people = _with_people().options(joinedload(Chat.members))
    one = people.where(Chat.id == bindparam("id"), or_(Chat.patient_id == reader, Doctor.user_id == reader))
    return one.execution_options(populate_existing=True) if anew else one


@cache
def _unread() -> Select[tuple[int, int]]:
    users = ChatMember.user_id.in_(bindparam("users", expanding=True))
    return select(ChatMember.user_id, func.count()).where(users, ChatMember.unread > 0).group_by(ChatMember.user_id)


@cache
def _one_more_unread() -> Update:
    """For everyone in the chat but the author."""
    member = cast(Table, ChatMember.__table__)
    others = (member.c.chat_id == bindparam("chat")) & (member.c.user_id != bindparam("author"))
    told = member.c.user_id, member.c.unread, member.c.notified_from_seq
    return update(member).where(others).values(unread=member.c.unread + 1).returning(*told)


def is_called(words: str) -> ColumnElement[bool]:
    """«Петр», «соколова ан», «+7 900 000-00-01» or its end."""
    digits = DIGITS.sub("", words)
    if digits and not re.search(r"[^\W\d_]", words):
        return User.phone.contains(digits[1:] if len(digits) == 11 else digits)
    return and_(true(), *begins_a_word(User.name_key, words))


def _id_of_another(client_id: str, content: str) -> str:
    """Longer than any client may send, so that it cannot meet one of theirs."""
    return "again-" + hashlib.sha256(f"{client_id}\n{content}".encode()).hexdigest()[:48]


def _insert_or_ignore(model: type[Model], rows: Sequence[Mapping[str, object]]) -> None:
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(dialect.insert(model).values(rows).on_conflict_do_nothing())
