"""A copy of all of a person's data: asked for, made by a job, kept for a week, for its owner alone.

152-ФЗ, article 14: whoever is spoken of may have what is kept of them. What lies in it is written in docs/copy.md.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, Index, String, select, text, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...events import DataCopyFailed, DataCopyReady, record
from ...extensions import Model, db
from ...services import clock
from ..chats import ChatMember
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import Dependant, DependantKind, Device, LimitKind, RateLimitHit, User
from ..types import RowId, UtcDateTime, enum_column


class CopyState(StrEnum):
    WAITING = "waiting"  # for its moment: asked from a device that is new here
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # by its owner, or with «Это не я»


UNDER_WAY = (CopyState.WAITING, CopyState.MAKING)
IS_UNDER_WAY = text("state IN ('waiting', 'making')")


class DataCopy(Model):
    """One is under way a person, and the newest is the one that is kept. `key` is its random name in the storage.

    `done` of `total` are what it consists of: messages, files and conclusions.
    """

    YOUNG = timedelta(hours=72)  # a device that is younger may be a thief's
    YOUNG_WAITS = timedelta(hours=24)
    KEPT_FOR = timedelta(days=7)
    LONGEST = timedelta(days=2)  # what is not made by then never will be

    __table_args__ = (
        Index("ix_data_copy_of_user", "user_id", "id"),
        Index(
            "ix_data_copy_under_way", "user_id", unique=True, sqlite_where=IS_UNDER_WAY, postgresql_where=IS_UNDER_WAY
        ),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    state: Mapped[CopyState] = mapped_column(enum_column(CopyState), default=CopyState.WAITING)
    key: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: secrets.token_hex(16))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    begins_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    size: Mapped[int | None] = mapped_column(RowId)  # bytes
    has_file: Mapped[bool] = mapped_column(default=False)  # in the storage, as far as is known
    user: Mapped[User] = relationship(innerjoin=True)

    # Look-ups

    @classmethod
    def newest_of(cls, user: User) -> Self | None:
        mine = select(cls).where(cls.user_id == user.id).order_by(cls.id.desc()).limit(1)
        return db.session.scalar(mine.execution_options(populate_existing=True))

    @classmethod
    def to_make(cls, id: int) -> Self | None:
        """None when it is withdrawn meanwhile, or made already."""
        copy = db.session.get(cls, id, populate_existing=True)
        return copy if copy is not None and copy.state in UNDER_WAY else None

    @classmethod
    def kept_of(cls, user: User, id: int) -> Self | None:
        """The one its owner may have now."""
        copy = db.session.get(cls, id)
        return copy if copy is not None and copy.user_id == user.id and copy.is_kept else None

    @classmethod
    def is_kept_for(cls, user: User) -> bool:
        """There is one that they may have now."""
        newest = cls.newest_of(user)
        return newest is not None and newest.is_kept

    @classmethod
    def has_failed_for(cls, user: User) -> bool:
        """And they have asked for no other."""
        newest = cls.newest_of(user)
        return newest is not None and newest.has_failed

    @classmethod
    def files_of(cls, user: User) -> list[str]:
        """What of theirs may lie in the storage, by its names there."""
        return list(db.session.scalars(select(cls.key).where(cls.user_id == user.id, cls.has_file)))

    # Questions

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def waits_until(self) -> datetime | None:
        """The moment before which nothing of it is made."""
        return self.begins_at if self.state is CopyState.WAITING and self.begins_at > clock.now() else None

    @property
    def kept_until(self) -> datetime:
        return (self.made_at or self.asked_at) + self.KEPT_FOR

    @property
    def is_kept(self) -> bool:
        is_there = self.state is CopyState.READY and self.has_file and clock.now() < self.kept_until
        return is_there and not self._has_outlived_a_right

    def may_be_taken_to(self, device: Device) -> bool:
        """Not to one that is new here since it was asked for: the young device of a thief would not wait its day."""
        return not self.is_young(device) or device.created_at <= self.asked_at

    @property
    def is_being_made(self) -> bool:
        """Or begun in a moment."""
        return self.is_under_way and self.waits_until is None

    @property
    def has_failed(self) -> bool:
        return self.state is CopyState.FAILED

    @property
    def percent(self) -> int:
        return min(99, 100 * self.done // self.total) if self.total else 0

    # Verbs

    @staticmethod
    def lock_of(user: User) -> None:
        advisory_lock(LockKind.DATA_COPY, user.id)

    @classmethod
    def ask(cls, user: User, device: Device) -> Self:
        """The one that is under way already, else a new one in place of any before it.

        Raises TooManyAttempts.
        """
        cls.lock_of(user)
        newest = cls.newest_of(user)
        if newest is not None and newest.is_under_way:
            return newest
        RateLimitHit.count(LimitKind.DATA_COPY, str(user.id))
        cls.withdraw_all_of(user)
        now = clock.now()
        copy = cls(user_id=user.id, begins_at=now + (cls.YOUNG_WAITS if cls.is_young(device) else timedelta()))
        db.session.add(copy)
        db.session.flush()
        Job.add(JobKind.DATA_COPY, copy.id, copy.begins_at)
        Job.add(JobKind.DATA_COPY_END, copy.id, copy.begins_at + cls.LONGEST)
        return copy

    @classmethod
    def is_young(cls, device: Device) -> bool:
        return clock.now() - device.created_at < cls.YOUNG

    @classmethod
    def withdraw_all_of(cls, user: User) -> None:
        """What is kept goes from the storage by its job; from now on nobody gets it."""
        cls.lock_of(user)
        alive = cls.state.in_((*UNDER_WAY, CopyState.READY))
        for copy in db.session.scalars(select(cls).where(cls.user_id == user.id, alive)):
            copy.state = CopyState.WITHDRAWN
            Job.add(JobKind.DATA_COPY_END, copy.id)
        db.session.flush()

    def begin(self, total: int) -> None:
        """Anew each time, also after a worker that died with it."""
        self.state, self.done, self.total = CopyState.MAKING, 0, total

    @classmethod
    def advance(cls, id: int, done: int) -> bool:
        """So much of it is there. False when it was withdrawn meanwhile."""
        moved = update(cls).where(cls.id == id, cls.state == CopyState.MAKING).values(done=done).returning(cls.id)
        return db.session.scalar(moved) is not None

    @classmethod
    def note_file(cls, id: int) -> None:
        """Before it lies in the storage: what is not noted would never be taken away."""
        db.session.execute(update(cls).where(cls.id == id).values(has_file=True))

    @classmethod
    def note_lost(cls, id: int) -> None:
        """The storage does not have it."""
        db.session.execute(update(cls).where(cls.id == id).values(has_file=False))

    @classmethod
    def finish(cls, id: int, size: int) -> bool:
        """It lies in the storage. False when it was withdrawn meanwhile: then its end takes it away."""
        now = clock.now()
        made = {"state": CopyState.READY, "made_at": now, "size": size, "done": cls.total}
        ready = update(cls).where(cls.id == id, cls.state == CopyState.MAKING).values(made)
        user_id = db.session.scalar(ready.returning(cls.user_id))
        if user_id is None:
            cls.note_file(id)  # an end that came before the file did has noted that there is none
        Job.add(JobKind.DATA_COPY_END, id, now if user_id is None else now + cls.KEPT_FOR)
        if user_id is not None:
            record(DataCopyReady(id, user_id))
        return user_id is not None

    @classmethod
    def end_forgotten(cls) -> int:
        """A job for every file that nobody may have and no job takes away: its own was given up. How many."""
        waits = select(Job.id).where(Job.kind == JobKind.DATA_COPY_END, Job.subject_id == cls.id, Job.done_at.is_(None))
        left = [
            copy for copy in db.session.scalars(select(cls).where(cls.has_file, ~waits.exists())) if not copy.is_kept
        ]
        for copy in left:
            Job.add(JobKind.DATA_COPY_END, copy.id)
        return len(left)

    def fail(self) -> None:
        if self.is_under_way:
            self.state = CopyState.FAILED
            record(DataCopyFailed(self.id, self.user_id))

    def settle(self) -> str | None:
        """The name of what is to be taken out of the storage now; what was never made has failed."""
        if self.is_under_way and clock.now() >= self.begins_at + self.LONGEST:
            self.fail()
        return self.key if self.has_file and not (self.is_kept or self.is_under_way) else None

    def note_removal(self) -> None:
        self.has_file = False

    # Below: parts of the questions

    @property
    def _has_outlived_a_right(self) -> bool:
        """A place in a chat has ended since it was begun, or a child has come of age: at midnight no event says so."""
        now = clock.now()
        ended = ChatMember.user_id == self.user_id, ChatMember.until >= self.begins_at, ChatMember.until <= now
        if db.session.scalar(select(ChatMember.chat_id).where(*ended).limit(1)) is not None:
            return True
        children = select(Dependant).where(Dependant.user_id == self.user_id, Dependant.kind == DependantKind.CHILD)
        return any(self.begins_at <= child.comes_of_age_at <= now for child in db.session.scalars(children))
