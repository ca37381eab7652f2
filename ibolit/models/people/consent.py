"""Who accepted which version of which document, when and from where.

152-ФЗ, art. 9: the consent to processing is a document of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import ForeignKey, String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...config import current_settings
from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime, enum_column
from .user import User

if TYPE_CHECKING:
    from .dependant import Dependant

TEXTS = Path(__file__).parents[2] / "templates" / "documents"


class DocumentKind(StrEnum):
    OFFER = "offer"
    PERSONAL_DATA = "personal_data"
    REPRESENTATION = "representation"  # «я законный представитель», for one child

    @property
    def in_address(self) -> str:
        """«personal-data»"""
        return self.replace("_", "-")


@dataclass(frozen=True)
class Document:
    """A text people accept; a new version asks everyone again, from its day on (DocumentDay)."""

    kind: DocumentKind
    title: str
    version: str
    file: str = ""  # of a past version; the current one is called as its kind

    @property
    def mark(self) -> str:
        return f"{self.kind}:{self.version}"

    @property
    def template(self) -> str:
        return f"documents/{self.file or self.kind}.html"

    @property
    def hash(self) -> str:
        return hashlib.sha256((TEXTS / f"{self.file or self.kind}.html").read_bytes()).hexdigest()


STAND_IN_SINCE = "2026-12"  # the first version of the consent that names the doctor who stands in
OFFER = Document(DocumentKind.OFFER, "Оферта", "2026-11")
CURRENT = (
    OFFER,
    Document(DocumentKind.PERSONAL_DATA, "Согласие на обработку персональных данных", STAND_IN_SINCE),
)

# Declared for each child when they are added: nobody is asked for it at the gate.
REPRESENTATION = Document(DocumentKind.REPRESENTATION, "Заявление законного представителя", "2026-12")
# What was accepted before stays readable.
PAST = (Document(DocumentKind.PERSONAL_DATA, CURRENT[1].title, "2026-11", "personal_data-2026-11"),)


def document_of(kind: DocumentKind, version: str) -> Document | None:
    """None for a version of which no text is known here."""
    return next((one for one in (*CURRENT, REPRESENTATION, *PAST) if (one.kind, one.version) == (kind, version)), None)


@cache
def current_versions() -> str:
    return " ".join(document.mark for document in CURRENT)


class DocumentDay(Model):
    """From when a version is asked of who has accepted an older one: three days at least after the clinic had it."""

    __table_args__ = (UniqueConstraint("document", "version"),)

    AHEAD = timedelta(days=3)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    document: Mapped[DocumentKind] = mapped_column(enum_column(DocumentKind))
    version: Mapped[str] = mapped_column(String(40))
    asked_from: Mapped[datetime] = mapped_column(UtcDateTime)  # midnight of the clinic

    @classmethod
    def note_current(cls) -> None:
        """By the worker, as soon as it runs with a new text."""
        advisory_lock(LockKind.DOCUMENT_DAYS)
        for document in CURRENT:
            if cls.of(document) is None:
                day = cls(document=document.kind, version=document.version, asked_from=cls.soonest())
                db.session.add(day)
        db.session.flush()

    @classmethod
    def of(cls, document: Document) -> Self | None:
        return db.session.scalar(select(cls).where(cls.document == document.kind, cls.version == document.version))

    @classmethod
    def soonest(cls) -> datetime:
        """The first midnight that leaves whole three days."""
        ahead = (clock.now() + cls.AHEAD).astimezone(current_settings.clinic_timezone)
        return (ahead + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)

    def ask_from(self, moment: datetime) -> None:
        """Raises DayIsTooSoon, also when the version is asked already."""
        if min(moment, self.asked_from) < clock.now() or moment < self.soonest():
            raise errors.DayIsTooSoon
        self.asked_from = moment


class Consent(Model):
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    document: Mapped[DocumentKind] = mapped_column(enum_column(DocumentKind))
    version: Mapped[str] = mapped_column(String(40))
    text_hash: Mapped[str] = mapped_column(String(64))
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    address: Mapped[str] = mapped_column(String(45))
    dependant_id: Mapped[int | None] = mapped_column(ForeignKey("dependant.id"), index=True)  # whom it is declared for
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dependant: Mapped[Dependant | None] = relationship(viewonly=True)

    @classmethod
    def is_given_by(cls, user: User) -> bool:
        """Also by who has accepted an older version while the new one is not asked yet."""
        if cls.is_current(user.accepted_versions):
            return True
        if not {mark.partition(":")[0] for mark in user.accepted_versions.split()} >= {one.kind for one in CURRENT}:
            return False  # nothing yet, or one was taken back
        days = [DocumentDay.of(document) for document in cls.not_accepted_by(user)]
        return not any(day and day.asked_from <= clock.now() for day in days)

    @property
    def title(self) -> str:
        return next(one.title for one in (*CURRENT, REPRESENTATION) if one.kind is self.document)

    @property
    def text(self) -> Document | None:
        """What was accepted, where it is known here."""
        return document_of(self.document, self.version)

    @classmethod
    def of(cls, user: User) -> Sequence[Self]:
        """All that the person has ever accepted, the newest first."""
        mine = select(cls).options(joinedload(cls.dependant)).where(cls.user_id == user.id)
        return db.session.scalars(mine.order_by(cls.id.desc())).all()

    @classmethod
    def withdraw(cls, user: User, kind: DocumentKind) -> bool:
        """Every version of it; the gate asks for it anew. False when there is nothing to take back."""
        advisory_lock(LockKind.WAYS_IN, user.id)
        live = cls.user_id == user.id, cls.document == kind, cls.withdrawn_at.is_(None)
        withdrawn = update(cls).where(*live).values(withdrawn_at=clock.now()).returning(cls.id)
        marks = user.accepted_versions.split()
        user.accepted_versions = " ".join(mark for mark in marks if mark.partition(":")[0] != kind)
        return bool(db.session.scalars(withdrawn).all())

    @classmethod
    def withdraw_representation(cls, dependant_id: int) -> None:
        """Nobody writes in their name any more."""
        live = cls.dependant_id == dependant_id, cls.withdrawn_at.is_(None)
        db.session.execute(update(cls).where(*live).values(withdrawn_at=clock.now()))

    @staticmethod
    def is_current(accepted_versions: str) -> bool:
        """Of who has accepted so much nothing is asked."""
        return accepted_versions == current_versions()

    @staticmethod
    def not_accepted_by(user: User) -> list[Document]:
        accepted = user.accepted_versions.split()
        return [document for document in CURRENT if document.mark not in accepted]

    @staticmethod
    def names_stand_in(user: User) -> bool:
        """They have accepted a text that says who reads the chats of a doctor who is away."""
        mark = f"{DocumentKind.PERSONAL_DATA}:"
        accepted = (one.removeprefix(mark) for one in user.accepted_versions.split() if one.startswith(mark))
        return any(version >= STAND_IN_SINCE for version in accepted)

    @classmethod
    def coming_for(cls, user: User) -> datetime | None:
        """The day from which a new version is asked of who may accept it now already."""
        wanted = cls.not_accepted_by(user) if user.accepted_versions else []
        return min((day.asked_from for document in wanted if (day := DocumentDay.of(document))), default=None)

    @classmethod
    def accept_current(cls, user: User, address: str) -> None:
        """Accepting twice what is accepted adds nothing."""
        if user.accepted_versions == current_versions():
            return
        for document in CURRENT:
            cls._add(user, document, address)
        user.accepted_versions = current_versions()

    @classmethod
    def declare_representation(cls, user: User, dependant_id: int, address: str) -> None:
        """To be this child's legal representative."""
        cls._add(user, REPRESENTATION, address, dependant_id)

    @classmethod
    def _add(cls, user: User, document: Document, address: str, dependant_id: int | None = None) -> None:
        text = {"document": document.kind, "version": document.version, "text_hash": document.hash}
        db.session.add(cls(user_id=user.id, address=address, dependant_id=dependant_id, **text))
