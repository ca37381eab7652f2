"""Who accepted which version of which document, when and from where.

152-ФЗ, art. 9: the consent to processing is a document of its own.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from pathlib import Path

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ..extensions import Model, db
from ..services import clock
from .types import RowId, UtcDateTime, word_of
from .user import User

TEXTS = Path(__file__).parent.parent / "templates" / "documents"


class DocumentKind(StrEnum):
    OFFER = "offer"
    PERSONAL_DATA = "personal_data"


@dataclass(frozen=True)
class Document:
    """A text people accept; a new version asks everyone again."""

    kind: DocumentKind
    title: str
    version: str

    @property
    def template(self) -> str:
        return f"documents/{self.kind}.html"

    @property
    def hash(self) -> str:
        return hashlib.sha256((TEXTS / f"{self.kind}.html").read_bytes()).hexdigest()


OFFER = Document(DocumentKind.OFFER, "Оферта", "2026-11")
CURRENT = (
    OFFER,
    Document(DocumentKind.PERSONAL_DATA, "Согласие на обработку персональных данных", "2026-11"),
)


@cache
def current_versions() -> str:
    return " ".join(f"{document.kind}:{document.version}" for document in CURRENT)


class Consent(Model):
    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    document: Mapped[DocumentKind] = mapped_column(word_of(DocumentKind))
    version: Mapped[str] = mapped_column(String(40))
    text_hash: Mapped[str] = mapped_column(String(64))
    accepted_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    address: Mapped[str] = mapped_column(String(45))

    @classmethod
    def is_given_by(cls, user: User) -> bool:
        return user.agreed_to == current_versions()

    @classmethod
    def accept_current(cls, user: User, address: str) -> None:
        """Accepting twice what is accepted adds nothing."""
        if cls.is_given_by(user):
            return
        for document in CURRENT:
            db.session.add(
                cls(
                    user_id=user.id,
                    document=document.kind,
                    version=document.version,
                    text_hash=document.hash,
                    address=address,
                )
            )
        user.agreed_to = current_versions()
