"""What a patient thought of a consultation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import CheckConstraint, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..types import RowId, UtcDateTime
from .consultation import Consultation
from .states import ConsultationState


@dataclass(frozen=True)
class Rating:
    """What patients think of a doctor; said aloud only when enough of them have spoken."""

    average: float
    count: int


class Review(Model):
    """A patient's rating, once a consultation. The words are for the doctor alone."""

    LONGEST = 1000
    ENOUGH = 5  # ratings until the average is shown: of fewer a doctor could tell who said what

    __table_args__ = (CheckConstraint("stars BETWEEN 1 AND 5", "stars"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"), unique=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), index=True)
    stars: Mapped[int]
    words: Mapped[str] = mapped_column(String(LONGEST), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def rating_of(cls, doctor_id: int) -> Rating | None:
        """None until enough have spoken."""
        asked = select(func.avg(cls.stars), func.count()).where(cls.doctor_id == doctor_id)
        average, count = db.session.execute(asked).tuples().one()
        return Rating(float(average), count) if count >= cls.ENOUGH else None

    @classmethod
    def give(cls, consultation: Consultation, stars: int, words: str) -> Self:
        """A repeated press is the same one. Raises NothingToReview and ReviewIsGiven."""
        consultation.lock()
        known = cls.of(consultation)
        if known is not None and (known.stars, known.words) == (stars, words):
            return known
        if known is not None:
            raise errors.ReviewIsGiven
        if consultation.state_now is not ConsultationState.COMPLETED:
            raise errors.NothingToReview
        review = cls(consultation_id=consultation.id, doctor_id=consultation.doctor_id, stars=stars, words=words)
        db.session.add(review)
        db.session.flush()
        db.session.expire(consultation, ["review"])
        consultation.bump_revision()
        return review

    @classmethod
    def of(cls, consultation: Consultation) -> Self | None:
        return db.session.scalar(select(cls).where(cls.consultation_id == consultation.id))
