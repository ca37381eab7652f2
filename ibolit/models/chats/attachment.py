"""A stored file of a message, with its shown copy and thumbnail."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Tuple,
    and_,
    delete,
    func,
    literal,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime, enum_column
from . import file_names
from .states import AttachmentKind, AttachmentState, Variant
from .summary import AttachmentSummary

if TYPE_CHECKING:
    from ...services.media import Examined
    from ...services.storage import Storage
    from ..people import User
    from .chat import Chat
    from .message import Message


PREVIEWS = {AttachmentKind.PICTURE: "Фото", AttachmentKind.VIDEO: "Видео", AttachmentKind.VOICE: "Голосовое сообщение"}


class Attachment(AttachmentSummary, Model):
    """Belongs to its author until a message takes it; what no message took within a day is swept away.

    `key` is random: the address of the upload, and the name in the storage.
    """

    WAITS = timedelta(days=1)
    IS_SWEPT_AFTER = 3 * WAITS
    LONGEST_VOICE = 5 * 60  # seconds
    LONGEST_SOUND = 3 * 60 * 60  # seconds, of a sound that is made playable

    __table_args__ = (
        Index("ix_attachment_of_message", "message_id", "position"),
        Index("ix_attachment_of_chat", "chat_id", "message_id", "position"),
        Index("ix_attachment_waiting", "author_id", "message_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    key: Mapped[str] = mapped_column(String(32), unique=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    position: Mapped[int] = mapped_column(default=0)  # in its message
    state: Mapped[AttachmentState] = mapped_column(enum_column(AttachmentState), default=AttachmentState.ARRIVING)
    kind: Mapped[AttachmentKind] = mapped_column(enum_column(AttachmentKind), default=AttachmentKind.DOCUMENT)
    name: Mapped[str] = mapped_column(String(file_names.LONGEST))
    mimetype: Mapped[str] = mapped_column(String(100), default="application/octet-stream")
    size: Mapped[int] = mapped_column(RowId)  # bytes: as announced, then of the stored original
    digest: Mapped[str] = mapped_column(String(64), default="")  # SHA-256 of what was sent
    has_shown: Mapped[bool] = mapped_column(default=False)
    has_thumbnail: Mapped[bool] = mapped_column(default=False)
    plays: Mapped[bool] = mapped_column(default=True)
    width: Mapped[int | None]
    height: Mapped[int | None]
    seconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    message: Mapped[Message | None] = relationship(back_populates="attachments")

    # Look-ups

    @classmethod
    def waiting_of(cls, author: User) -> Select[tuple[Self]]:
        """Not yet sent, and not too old to be."""
        return select(cls).where(cls._is_waiting_of(author), cls.created_at > clock.now() - cls.WAITS)

    @classmethod
    def unsent_of(cls, author: User, key: str) -> Select[tuple[Self]]:
        return select(cls).where(cls._is_waiting_of(author), cls.key == key)

    @classmethod
    def sent_by(cls, author: User, chat: Chat, keys: Sequence[str]) -> list[Self]:
        """The person's own of this chat by their keys, in the order of the keys; unknown keys are passed over."""
        own = select(cls).where(cls.author_id == author.id, cls.chat_id == chat.id, cls.key.in_(keys))
        found = {one.key: one for one in db.session.scalars(own.execution_options(populate_existing=True))}
        return [found[key] for key in dict.fromkeys(keys) if key in found]

    @classmethod
    def page_of(cls, chat: Chat, *, before: Self | None = None, most: int) -> list[Self]:
        """Everything ever sent in a chat, the newest first, keyset-paged by the last one seen."""
        page = select(cls).where(cls.chat_id == chat.id, cls.message_id.is_not(None)).options(joinedload(cls.message))
        if before is not None:
            page = page.where(tuple_(cls.message_id, cls.position) < before._sort_key)
        return list(db.session.scalars(page.order_by(cls.message_id.desc(), cls.position.desc()).limit(most)))

    @classmethod
    def abandoned(cls, most: int = 100) -> list[Self]:
        """What no message took."""
        old = and_(cls.message_id.is_(None), cls.created_at <= clock.now() - 2 * cls.WAITS)
        return list(db.session.scalars(select(cls).where(old).order_by(cls.id).limit(most)))

    def neighbours(self) -> tuple[int | None, int | None]:
        """The ids of the chat's pictures before and after this one, in the order they were sent in."""
        cls, position = type(self), tuple_(Attachment.message_id, Attachment.position)
        pictures = select(cls.id).where(cls.chat_id == self.chat_id, cls.kind == AttachmentKind.PICTURE).limit(1)
        before = pictures.where(position < self._sort_key).order_by(cls.message_id.desc(), cls.position.desc())
        after = pictures.where(position > self._sort_key).order_by(cls.message_id, cls.position)
        both = db.session.execute(select(before.scalar_subquery(), after.scalar_subquery())).one()
        return both[0], both[1]

    # Questions

    @property
    def is_old(self) -> bool:
        """No longer to be sent."""
        return self.message_id is None and self.created_at <= clock.now() - self.WAITS

    @property
    def has_arrived(self) -> bool:
        return self.state is not AttachmentState.ARRIVING

    @property
    def is_voice(self) -> bool:
        return self.kind is AttachmentKind.VOICE

    @property
    def is_sound(self) -> bool:
        return self.kind in (AttachmentKind.AUDIO, AttachmentKind.VOICE)

    @property
    def shown_as(self) -> Variant | None:
        """Which of its files a browser opens; None for what is only downloaded."""
        if self.has_shown:
            return Variant.SHOWN
        opens = self.is_pdf or (self.kind in (AttachmentKind.AUDIO, AttachmentKind.VIDEO) and self.plays)
        return Variant.ORIGINAL if opens else None

    @property
    def moves(self) -> bool:
        """A picture of several frames has a length."""
        return self.kind is AttachmentKind.PICTURE and self.seconds is not None

    @property
    def longest(self) -> int:
        """Seconds of sound that the worker makes playable."""
        return self.LONGEST_VOICE + 5 if self.is_voice else self.LONGEST_SOUND

    @property
    def is_pdf(self) -> bool:
        return self.mimetype == "application/pdf"

    @property
    def stored_variants(self) -> list[Variant]:
        has = {Variant.ORIGINAL: True, Variant.SHOWN: self.has_shown, Variant.THUMBNAIL: self.has_thumbnail}
        return [variant for variant, is_there in has.items() if is_there]

    def file_of(self, variant: Variant) -> str:
        """The name in the storage."""
        return self.key if variant is Variant.ORIGINAL else f"{self.key}-{variant}"

    # Verbs

    @classmethod
    def announce(cls, author: User, chat: Chat, name: str, size: int, *, most: int, is_voice: bool = False) -> Self:
        """A file begins to arrive. Raises TooManyFiles when the author keeps more than `most` unsent."""
        advisory_lock(LockKind.UNSENT_ATTACHMENTS, author.id)
        waiting = select(func.count()).select_from(cls.waiting_of(author).subquery())
        if (db.session.scalar(waiting) or 0) >= most:
            raise errors.TooManyFiles
        attachment = cls(
            key=secrets.token_hex(16),
            chat_id=chat.id,
            author_id=author.id,
            name=file_names.sanitize_filename(name),
            size=size,
            kind=AttachmentKind.VOICE if is_voice else AttachmentKind.DOCUMENT,
        )
        db.session.add(attachment)
        db.session.flush()
        return attachment

    def store(self, examined: Examined, storage: Storage) -> None:
        """What was looked at goes into the storage; the small files first, so that the original vouches for all."""
        size = examined.original.stat().st_size
        files = {
            Variant.THUMBNAIL: examined.thumbnail,
            Variant.SHOWN: examined.shown,
            Variant.ORIGINAL: examined.original,
        }
        for variant, path in files.items():
            if path is not None:
                storage.put(self.file_of(variant), path)
        self.plays = examined.plays
        self.name = file_names.shortened(examined.name)
        self.accept(AttachmentKind(examined.kind), examined.mimetype, size)
        self.has_shown, self.has_thumbnail = examined.shown is not None, examined.thumbnail is not None
        self.width, self.height, self.seconds = examined.width, examined.height, examined.seconds

    def accept(self, kind: AttachmentKind, mimetype: str, size: int) -> None:
        """All of it is here, looked at, clean and stored. A voice message goes on to the worker, and so does a sound
        that not every browser plays."""
        self.mimetype, self.size = mimetype, size
        if not self.is_voice:
            self.kind = kind
        if self.is_voice or (kind is AttachmentKind.AUDIO and not self.plays):
            self.state = AttachmentState.PREPARING
            Job.add(JobKind.VOICE, self.id)
        else:
            self.state = AttachmentState.READY

    def announce_copy(self, to: Chat) -> Attachment:
        """Its author's copy for another chat: it arrives when its bytes are stored."""
        copy = Attachment(
            key=secrets.token_hex(16),
            chat_id=to.id,
            author_id=self.author_id,
            name=self.name,
            size=self.size,
            kind=self.kind,
        )
        db.session.add(copy)
        db.session.flush()
        return copy

    def accept_copy(self, source: Attachment) -> None:
        """Its bytes are stored, as they were looked at when they came the first time."""
        self.digest, self.plays = source.digest, source.plays
        self.width, self.height, self.seconds = source.width, source.height, source.seconds
        self.has_shown, self.has_thumbnail = source.has_shown, source.has_thumbnail
        if source.state is AttachmentState.PREPARING:
            self.accept(source.kind, source.mimetype, source.size)
        else:
            self.mimetype, self.size, self.state = source.mimetype, source.size, source.state

    def withdraw(self) -> bool:
        """The row is gone, unless a message has taken it meanwhile; under the chat's lock."""
        mine = delete(Attachment).where(Attachment.id == self.id, Attachment.message_id.is_(None))
        gone = db.session.execute(mine.returning(Attachment.id)).first()
        db.session.expunge(self)
        return gone is not None

    def abandon(self) -> None:
        """Its message was recalled: never to be read or sent again, and swept when nobody has deleted it at once."""
        self.message = None
        self.created_at = clock.now() - self.IS_SWEPT_AFTER

    def mark_playable(self, seconds: float) -> None:
        """The worker has made of a voice message what every phone plays."""
        self.has_shown, self.seconds, self.state = True, seconds, AttachmentState.READY

    def mark_download_only(self) -> None:
        """The worker could not: it is only downloaded."""
        self.state = AttachmentState.DOWNLOAD_ONLY

    @property
    def _sort_key(self) -> Tuple:
        return tuple_(literal(self.message_id, RowId), literal(self.position))

    @classmethod
    def _is_waiting_of(cls, author: User) -> ColumnElement[bool]:
        return and_(cls.author_id == author.id, cls.message_id.is_(None))


def preview_of(attachments: Sequence[Attachment]) -> str:
    """What a list says of a message without words: «Фото», «Видео», «Голосовое сообщение», «Файл: анализы.pdf»."""
    kinds = {one.kind for one in attachments}
    if len(attachments) == 1 and kinds & {AttachmentKind.DOCUMENT, AttachmentKind.AUDIO}:
        return f"Файл: {attachments[0].name}"
    if len(kinds) > 1 or not kinds <= PREVIEWS.keys():
        return f"Файлы: {len(attachments)}"
    word = PREVIEWS[next(iter(kinds))]
    return word if len(attachments) == 1 else f"{word}: {len(attachments)}"


def refuse_sent(attachments: Sequence[Attachment]) -> None:
    """Raises AttachmentIsSent for a file of another message. They were loaded under the chat's lock."""
    if any(one.message_id for one in attachments):
        raise errors.AttachmentIsSent
