"""Whose the kept records are: shut under SEAL_KEY, which lies outside the database and its backups.

docs/privacy.md: opened for the patient, a court or an authority, by two operators with a reason; gone with the term.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Self

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from ...config import current_settings
from ...extensions import Model, db
from ...services import clock
from ...services.seal import open_seal, seal
from ..people import Dependant, User
from ..purging import purge
from ..types import UtcDateTime

YEAR = timedelta(days=365, hours=6)


class SealedIdentity(Model):
    """Name, birth date and phone of an erased account, and those of its dependants."""

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, autoincrement=False)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def keep(cls, user: User, dependants: Sequence[Dependant]) -> Self:
        """Before anything of it goes."""
        born = user.birth_date.isoformat() if user.birth_date else None
        words: dict[str, object] = {"name": user.name, "birth_date": born, "phone": user.phone}
        theirs = [{"number": one.id, "name": one.name, "birth_date": one.birth_date.isoformat()} for one in dependants]
        sealed = cls(user_id=user.id, sealed=seal(words | {"dependants": theirs}))
        db.session.add(sealed)
        return sealed

    @classmethod
    def of(cls, user_id: int) -> Self | None:
        return db.session.get(cls, user_id)

    def open(self) -> dict[str, object]:
        """Whoever asks has two operators' word and a reason, and writes it into the audit log. Raises SealBroken."""
        return open_seal(self.sealed)

    @classmethod
    def purge_old(cls) -> int:
        """When the law wants the records no longer."""
        return purge(cls, cls.sealed_at < clock.now() - current_settings.retention * YEAR)
