"""Whose free days with a doctor are used up, when the account that used them is erased."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model, db
from ...services.seal import keyed_hash
from ..doctors import Doctor
from ..inserting import insert_new
from ..people import Dependant, User


class UsedFreeDays(Model):
    """A hash of the phone, and of a dependant, which nobody can make without SEAL_KEY; no number of an account stands
    beside it."""

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), primary_key=True)

    @classmethod
    def keep(cls, phone: str, dependant: Dependant | None, doctor_id: int) -> None:
        insert_new(cls, {"key": _key(phone, dependant), "doctor_id": doctor_id})

    @classmethod
    def left_with(cls, doctor: Doctor, patient: User, dependant: Dependant | None = None) -> int:
        """How many days a new chat about this patient, or this dependant of theirs, has."""
        if not doctor.free_days or patient.phone is None:
            return doctor.free_days
        mine = cls.key == _key(patient.phone, dependant), cls.doctor_id == doctor.id
        return doctor.free_days if db.session.scalar(select(cls.key).where(*mine)) is None else 0


def _key(phone: str, dependant: Dependant | None) -> str:
    """The same name and birth date are the same dependant, as in «Семья»."""
    whose = f" for {dependant.name_key} {dependant.birth_date}" if dependant is not None else ""
    return keyed_hash(f"free days of {phone}{whose}")
