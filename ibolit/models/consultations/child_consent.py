"""A child's own yes: from 15 years on each consultation and its conclusion need it (323-ФЗ, art. 20 and 54).

docs/product.md, «Family»: by a code to the child's own phone, or by the doctor's note «согласие получено устно».
"""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...config import current_settings
from ...extensions import Model, db
from ...services import clock
from ..inserting import insert_new
from ..people import User, birth_dates
from ..types import RowId, UtcDateTime, enum_column
from .states import CONFIRMED_STATES, ConsultationState

if TYPE_CHECKING:
    from .consultation import Consultation

AGREES_FROM = 15  # years


class ConsentMatter(StrEnum):
    """To what a child says yes."""

    CONSULTATION = "consultation"
    CONCLUSION = "conclusion"


class ConsentWay(StrEnum):
    CODE = "code"  # read out from the child's own phone
    SPOKEN = "spoken"  # «согласие получено устно», as the doctor notes


class ChildConsent(Model):
    """Once a consultation and matter; never taken off."""

    __table_args__ = (UniqueConstraint("consultation_id", "matter"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"))
    matter: Mapped[ConsentMatter] = mapped_column(enum_column(ConsentMatter))
    way: Mapped[ConsentWay] = mapped_column(enum_column(ConsentWay))
    noted_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    given_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)


class ConsultationChildConsent:
    """A consultation's facet for what its child must agree to."""

    @property
    def asks_child(self: Consultation) -> bool:
        """It is about a child who is old enough to be asked on the day it takes place, and not of age yet."""
        dependant = self.chat.dependant
        if dependant is None or not dependant.is_child:
            return False
        day = self.starts_at.astimezone(current_settings.clinic_timezone).date()
        age = dependant.age_on(day)
        return age is not None and AGREES_FROM <= age < birth_dates.OF_AGE

    def consent_to(self: Consultation, matter: ConsentMatter) -> ChildConsent | None:
        return next((one for one in self.child_consents if one.matter == matter), None)

    def awaits_child(self: Consultation, matter: ConsentMatter = ConsentMatter.CONSULTATION) -> bool:
        """The child has not said yes to it yet."""
        return self.asks_child and self.consent_to(matter) is None

    @property
    def may_child_agree(self: Consultation) -> bool:
        """It is agreed, and not over: before that there is nothing to agree to."""
        return self.awaits_child() and self.state_now in CONFIRMED_STATES

    def note_spoken_consent(self: Consultation, doctor: User) -> None:
        """«Согласие получено устно»: if both are ready it begins now. Noted twice it is noted.

        Raises ConsultationHasChanged for who does not lead it, and when there is nothing to agree to.
        """
        self.lock_for(doctor)
        if doctor.id != self.doctor.user_id or not self.asks_child or self.state_now not in CONFIRMED_STATES:
            raise errors.ConsultationHasChanged
        self._note(ConsentMatter.CONSULTATION, ConsentWay.SPOKEN, doctor)
        self._begin_if_both_are_ready()
        self.bump_revision()

    def note_proved_consent(self: Consultation, writer: User) -> None:
        """The child has read out the code: yes to the consultation and to the conclusion that follows it.

        Raises ConsultationHasChanged.
        """
        self.lock_for(writer)
        if writer.id != self.patient_id or not self.asks_child:
            raise errors.ConsultationHasChanged
        for matter in ConsentMatter:
            self._note(matter, ConsentWay.CODE, writer)
        self._begin_if_both_are_ready()
        self.bump_revision()

    def refuse_without_child(self: Consultation, *, spoken_to: User | None) -> None:
        """Before a conclusion: `spoken_to` is the doctor who notes just now that the child has said yes.

        Raises ChildHasNotAgreed.
        """
        if not self.awaits_child(ConsentMatter.CONCLUSION):
            return
        if spoken_to is None:
            raise errors.ChildHasNotAgreed
        self._note(ConsentMatter.CONCLUSION, ConsentWay.SPOKEN, spoken_to)

    # Below: parts of these

    def _note(self: Consultation, matter: ConsentMatter, way: ConsentWay, by: User) -> None:
        row = {"consultation_id": self.id, "matter": matter, "way": way, "noted_by_id": by.id}
        insert_new(ChildConsent, row)
        db.session.expire(self, ["child_consents"])

    def _begin_if_both_are_ready(self: Consultation) -> None:
        if self.state is ConsultationState.CONFIRMED and all(self.is_side_ready(one) for one in self.sides):
            self._begin()
