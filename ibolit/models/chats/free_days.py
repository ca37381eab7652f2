"""Whose free days with a doctor are used up, when the account that used them is erased."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model, db
from ...services.seal import keyed_hash
from ..doctors import Doctor
from ..inserting import insert_new
from ..people import User


class UsedFreeDays(Model):
    """A phone's hash, which nobody can make without SEAL_KEY; no number of an account stands beside it."""

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), primary_key=True)

    @classmethod
    def keep(cls, phone: str, doctor_id: int) -> None:
        insert_new(cls, {"key": _key(phone), "doctor_id": doctor_id})

    @classmethod
    def left_with(cls, doctor: Doctor, patient: User) -> int:
        """How many days a new chat of this patient has."""
        if not doctor.free_days or patient.phone is None:
            return doctor.free_days
        used = db.session.scalar(select(cls.key).where(cls.key == _key(patient.phone), cls.doctor_id == doctor.id))
        return doctor.free_days if used is None else 0


def _key(phone: str) -> str:
    return keyed_hash(f"free days of {phone}")
