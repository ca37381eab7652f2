"""What the office has entered after seeing a paper: somebody writes for an adult who cannot give a permission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ...extensions import Model, db
from ...services import clock
from ..people import Dependant
from ..types import RowId, UtcDateTime


class Representation(Model):
    """One a dependant; entered anew it has a new end. `paper`: which one was seen, in the office's own words."""

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    dependant_id: Mapped[int] = mapped_column(ForeignKey("dependant.id"), unique=True)
    paper: Mapped[str] = mapped_column(String(200))
    entered_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    dependant: Mapped[Dependant] = relationship(innerjoin=True, viewonly=True)

    @classmethod
    def of(cls, dependant: Dependant) -> Self | None:
        return db.session.scalar(select(cls).where(cls.dependant_id == dependant.id))

    @classmethod
    def forget(cls, dependant: Dependant) -> None:
        """They have given a permission of their own."""
        db.session.execute(delete(cls).where(cls.dependant_id == dependant.id))

    @classmethod
    def due(cls) -> Sequence[Self]:
        """Their end has come, and nobody has written it yet."""
        open_ = select(cls).join(Dependant, Dependant.id == cls.dependant_id).where(Dependant.archived_at.is_(None))
        return db.session.scalars(open_.where(cls.ends_at <= clock.now()).order_by(cls.id)).all()
