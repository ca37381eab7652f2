"""Six digits to the phone of a relative, whose SMS says what they allow: who reads them out says yes to that."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ... import errors
from ...config import current_settings
from ...extensions import db
from ...services import clock
from ...services.codes import code_for, is_code, new_nonce
from ..consultations import Consultation
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import Dependant, LimitKind, RateLimitHit, User
from ..typed_code import TypedCode
from ..types import RowId, UtcDateTime, enum_column


class CodePurpose(StrEnum):
    PERMISSION = "permission"  # an adult relative lets the account write for them
    CONSULTATION = "consultation"  # a child agrees to a consultation and to its conclusion


class FamilyCode(TypedCode):
    """Computed when sent, never stored; it proves one thing once, and opens no account.

    It belongs to the account that asked for it, which types what the relative reads out.
    """

    __table_args__ = (Index("ix_family_code_of_dependant", "dependant_id", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    purpose: Mapped[CodePurpose] = mapped_column(enum_column(CodePurpose))
    asker_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    dependant_id: Mapped[int] = mapped_column(ForeignKey("dependant.id"))
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultation.id"))
    phone: Mapped[str] = mapped_column(String(20))
    nonce: Mapped[str] = mapped_column(String(32), default=new_nonce)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # of the last sending
    guesses: Mapped[int] = mapped_column(default=0)
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dependant: Mapped[Dependant] = relationship(innerjoin=True, viewonly=True)
    consultation: Mapped[Consultation | None] = relationship(viewonly=True)

    @classmethod
    def ask(
        cls,
        purpose: CodePurpose,
        asker: User,
        dependant: Dependant,
        phone: str,
        consultation: Consultation | None = None,
    ) -> Self:
        """A code on its way by a job; the one still alive is sent again, but not within a minute.

        Raises NoSmsThere, PhoneIsTheWriters and TooManyAttempts.
        """
        if not current_settings.sends_sms_to(phone):
            raise errors.NoSmsThere
        if phone == asker.phone:
            raise errors.PhoneIsTheWriters
        advisory_lock(LockKind.PHONE, phone)
        code = cls.newest_of(purpose, asker, dependant, consultation)
        if code is None or not code.is_redeemable() or code.phone != phone:
            code = cls(purpose=purpose, asker_id=asker.id, dependant_id=dependant.id, phone=phone)
            code.consultation_id = consultation.id if consultation else None
            db.session.add(code)
        elif code.resend_in():
            return code
        RateLimitHit.count(LimitKind.FAMILY_CODE_OF_ACCOUNT, str(asker.id))
        RateLimitHit.count(LimitKind.FAMILY_CODE_FOR_PHONE, phone)
        code.asked_at = clock.now()
        db.session.flush()
        Job.add(JobKind.FAMILY_CODE, code.id)
        return code

    @classmethod
    def newest_of(
        cls, purpose: CodePurpose, asker: User, dependant: Dependant, consultation: Consultation | None = None
    ) -> Self | None:
        """What this account asked for last, for this one."""
        mine = cls.purpose == purpose, cls.asker_id == asker.id, cls.dependant_id == dependant.id
        which = cls.consultation_id == (consultation.id if consultation else None)
        return db.session.scalar(select(cls).where(*mine, which).order_by(cls.id.desc()).limit(1))

    @property
    def digits(self) -> str:
        return code_for(self._secret, self.id, self.nonce)

    def is_redeemable(self) -> bool:
        return not self.is_old() and self.proved_at is None and self.guesses < self.MOST_GUESSES

    def guess(self, digits: str) -> None:
        """Counted by the database before it is compared. Commit also after a wrong guess: the count must stay.

        Raises CodeIsOld, CodeIsSpent or CodeIsWrong.
        """
        if self.is_old():
            raise errors.CodeIsOld
        counted = db.session.execute(
            update(FamilyCode)
            .where(FamilyCode.id == self.id, FamilyCode.guesses < self.MOST_GUESSES, FamilyCode.proved_at.is_(None))
            .values(guesses=FamilyCode.guesses + 1)
        )
        if counted.rowcount == 0:  # type: ignore[attr-defined]
            raise errors.CodeIsSpent
        if not is_code(self._secret, self.id, self.nonce, digits):
            raise errors.CodeIsWrong(self.MOST_GUESSES - self.guesses, was_sent=True)
        self.proved_at = clock.now()

    @property
    def _secret(self) -> str:
        """No code is taken for one of another purpose, least of all for one that opens an account."""
        return f"family-{self.purpose}"
