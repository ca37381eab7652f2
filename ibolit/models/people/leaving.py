"""An account that is to be erased, and one that is."""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.orm import Mapped, mapped_column

from ..types import UtcDateTime

if TYPE_CHECKING:
    from .user import User


class UserLeaving:
    """A user's facet for «Удалить аккаунт» and for who has withdrawn the consent to the processing."""

    erases_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # till then it is undone by a press
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the consent, until a new one is given
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # a number from then on

    @property
    def is_leaving(self: User) -> bool:
        """They have asked for it; who has withdrawn the consent is shown that instead."""
        return self.erases_at is not None and self.withdrawn_at is None and self.erased_at is None

    @property
    def has_withdrawn(self: User) -> bool:
        return self.withdrawn_at is not None
