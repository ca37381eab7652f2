"""What a doctor sells to keep a chat open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from sqlalchemy import ForeignKey, Select, String, false, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ..locking import LockKind, advisory_lock
from ..types import RowId

if TYPE_CHECKING:
    from .doctor import Doctor
from .ordering import moved


@dataclass(frozen=True)
class TariffTerms:
    """What a tariff says: so many days for so many kopecks."""

    title: str
    days: int
    price: int


class Tariff(Model):
    """What a doctor sells to keep a chat open: so many days for so much.

    Days and price never change: another price is another tariff, so what one saw is what one pays. One lock a doctor.
    """

    MOST, LONGEST = 20, 365  # tariffs of one doctor, days

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), index=True)
    title: Mapped[str] = mapped_column(String(80))
    days: Mapped[int]
    price: Mapped[int]  # kopecks
    is_recommended: Mapped[bool] = mapped_column(default=False)
    hidden: Mapped[bool] = mapped_column(default=False)
    replaced: Mapped[bool] = mapped_column(default=False, server_default=false())  # by one with other terms
    position: Mapped[int] = mapped_column(default=0, server_default="0")  # all 0 until the doctor orders them

    @classmethod
    def on_sale_by(cls, doctor_id: int) -> Select[tuple[Self]]:
        return select(cls).where(cls.doctor_id == doctor_id, ~cls.hidden).order_by(cls.position, cls.price, cls.id)

    @classmethod
    def kept_by(cls, doctor: Doctor) -> Select[tuple[Self]]:
        """For the doctor's own page: what is on sale in its order, then what is hidden."""
        mine = select(cls).where(cls.doctor_id == doctor.id, ~cls.replaced)
        return mine.order_by(cls.hidden, cls.position, cls.price, cls.id)

    @classmethod
    def locked_for(cls, doctor: Doctor, id: int) -> Self | None:
        """The doctor's own under the lock of all of them, also one that was replaced meanwhile."""
        own = {one.id: one for one in cls._hold(doctor)}
        return own.get(id) or db.session.scalar(select(cls).where(cls.doctor_id == doctor.id, cls.id == id))

    @classmethod
    def add(cls, doctor: Doctor, terms: TariffTerms) -> Tariff:
        """A repeated press is the same one. Raises TooManyTariffs."""
        own = cls._hold(doctor)
        known = cls._like(terms, own)
        if known is not None:
            return known
        if len(own) >= cls.MOST:
            raise errors.TooManyTariffs
        last = max((one.position for one in own), default=0)
        tariff = cls(doctor_id=doctor.id, position=last + 1 if last else 0, **vars(terms))
        db.session.add(tariff)
        db.session.flush()
        return tariff

    def change(self, terms: TariffTerms) -> Tariff:
        """What is on sale from now on; bought ones keep their terms. A repeated press is the same one.

        Raises TariffHasChanged for one that another press has replaced by something else.
        """
        if self.replaced:
            same = self._like(terms, self._own(self.doctor_id))
            if same is None:
                raise errors.TariffHasChanged
            return same
        if (terms.days, terms.price) == (self.days, self.price):
            self.title = terms.title
            return self
        new = Tariff(
            doctor_id=self.doctor_id,
            is_recommended=self.is_recommended,
            position=self.position,
            hidden=self.hidden,
            **vars(terms),
        )
        self.hidden = self.replaced = True
        self.is_recommended = False
        db.session.add(new)
        db.session.flush()
        return new

    def show(self, shown: bool) -> None:
        """Raises TariffHasChanged for a replaced one."""
        self._refuse_replaced()
        self.hidden = not shown
        if self.hidden:
            self.is_recommended = False

    def recommend(self, is_recommended: bool) -> None:
        """At most one of a doctor's. Raises TariffHasChanged for one that is not on sale."""
        self._refuse_replaced()
        if self.hidden:
            raise errors.TariffHasChanged
        for one in self._own(self.doctor_id):
            one.is_recommended = is_recommended and one is self

    def move(self, steps: int) -> None:
        """Up (-1) or down (1) among those on sale; at the end nothing moves. Raises TariffHasChanged."""
        self._refuse_replaced()
        on_sale = [one for one in self._own(self.doctor_id) if not one.hidden]
        moved(on_sale, self, steps)

    @classmethod
    def _hold(cls, doctor: Doctor) -> Sequence[Self]:
        advisory_lock(LockKind.DOCTOR_TARIFFS, doctor.id)
        return cls._own(doctor.id)

    @classmethod
    def _own(cls, doctor_id: int) -> Sequence[Self]:
        """As they are now, in their order."""
        db.session.flush()
        own = select(cls).where(cls.doctor_id == doctor_id, ~cls.replaced).order_by(cls.position, cls.price, cls.id)
        return db.session.scalars(own.execution_options(populate_existing=True)).all()

    @staticmethod
    def _like(terms: TariffTerms, own: Sequence[Tariff]) -> Tariff | None:
        return next((one for one in own if not one.hidden and one.terms == terms), None)

    @property
    def terms(self) -> TariffTerms:
        return TariffTerms(self.title, self.days, self.price)

    def _refuse_replaced(self) -> None:
        if self.replaced:
            raise errors.TariffHasChanged
