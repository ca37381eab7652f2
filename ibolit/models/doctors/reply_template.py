"""Short texts a doctor writes again and again; «/» in the composer offers them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from sqlalchemy import ForeignKey, Select, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ..locking import LockKind, advisory_lock
from ..types import RowId
from .doctor import Doctor
from .ordering import moved


class ReplyTemplate(Model):
    """The doctor's own, in the order they gave them."""

    MOST, LONGEST_NAME, LONGEST = 50, 40, 2000

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), index=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    text: Mapped[str] = mapped_column(Text)
    position: Mapped[int]

    @classmethod
    def of(cls, doctor: Doctor) -> Select[tuple[Self]]:
        return select(cls).where(cls.doctor_id == doctor.id).order_by(cls.position, cls.id)

    @classmethod
    def count_of(cls, doctor: Doctor) -> int:
        return db.session.scalar(select(func.count()).where(cls.doctor_id == doctor.id)) or 0

    @classmethod
    def locked_for(cls, doctor: Doctor, id: int) -> Self | None:
        """Under the lock of all of them."""
        return next((one for one in cls._hold(doctor) if one.id == id), None)

    @classmethod
    def add(cls, doctor: Doctor, name: str, text: str) -> Self:
        """A repeated press is the same one. Raises TooManyTemplates."""
        own = cls._hold(doctor)
        known = next((one for one in own if (one.name, one.text) == (name, text)), None)
        if known is not None:
            return known
        if len(own) >= cls.MOST:
            raise errors.TooManyTemplates
        template = cls(doctor_id=doctor.id, name=name, text=text, position=own[-1].position + 1 if own else 1)
        db.session.add(template)
        db.session.flush()
        return template

    def change(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def move(self, steps: int) -> None:
        """Up (-1) or down (1); at the end nothing moves."""
        own = select(ReplyTemplate).where(ReplyTemplate.doctor_id == self.doctor_id)
        moved(db.session.scalars(own.order_by(ReplyTemplate.position, ReplyTemplate.id)).all(), self, steps)

    def delete(self) -> None:
        db.session.delete(self)

    @classmethod
    def _hold(cls, doctor: Doctor) -> Sequence[Self]:
        advisory_lock(LockKind.REPLY_TEMPLATES, doctor.id)
        return db.session.scalars(cls.of(doctor).execution_options(populate_existing=True)).all()
