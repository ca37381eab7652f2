"""What an invitation knows of a person: all of it until it is too late to come, a birth date until it is answered.

docs/product.md, «Invitations, second part».
"""

# mypy: disable-error-code=misc
# Its methods are those of the mapped class, which their `self` names.

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.orm import Mapped

from ...extensions import db
from ...normalization import key_of
from ...services import clock
from ..chats import Chat
from ..people import Dependant, User, birth_dates

if TYPE_CHECKING:
    from .invitation import Invitation

KEPT_FOR = timedelta(days=37)  # from the last sending; a suggestion, from when its invitation was accepted


class InvitationPersonalData:
    """An invitation's facet for what the clinic's list has said of somebody who has not said it themselves."""

    if TYPE_CHECKING:  # what is assigned here, and may be None
        birth_date: Mapped[date | None]

    @classmethod
    def birth_date_suggested_to(cls: type[Invitation], patient: User) -> date | None:
        """Of the first invitation they have accepted; None when they have said it themselves, or have answered.

        A date of somebody under age is their child's: it is nobody's who has an account.
        """
        if patient.birth_date is not None:
            return None
        suggested = select(cls.birth_date).where(cls.accepted_by_id == patient.id, cls.birth_date.is_not(None))
        known = db.session.scalars(suggested.order_by(cls.accepted_at, cls.id)).all()
        return next((day for day in known if day and birth_dates.age_of(day) >= birth_dates.OF_AGE), None)

    @property
    def names_child(self: Invitation) -> bool:
        """Nobody under age has an account: whoever was born on such a day is a child of who comes."""
        return self.birth_date is not None and self.birth_date > birth_dates.latest_of_age()

    @classmethod
    def child_suggested_to(cls: type[Invitation], patient: User) -> Invitation | None:
        """The first invitation they have accepted that names a child and was not answered; with its doctor."""
        named = cls.accepted_by_id == patient.id, cls.birth_date > birth_dates.latest_of_age()
        return db.session.scalar(cls._with_doctor().where(*named).order_by(cls.accepted_at, cls.id).limit(1))

    def childs_name_for(self: Invitation, patient: User) -> str:
        """Empty where the list has called the parent."""
        return "" if key_of(self.name) == key_of(patient.name) else self.name

    def take_child(self: Invitation, child: Dependant) -> int:
        """The id of the chat about the child, which the doctor has invited into. The parent's own, if it was opened by
        this and nobody has written into it, leaves the list. Under the lock of the patient's row; commit later."""
        own = Chat.between(child.user, self.doctor)
        if own is not None and own.last_seq == 0:
            own.last_at = None
        self.drop_child()
        return Chat.begin(child.user, self.doctor, child, invited=True)

    def drop_child(self: Invitation) -> None:
        """It is answered, whatever was said; commit later."""
        self.birth_date = None

    @classmethod
    def answer_birth_date(cls: type[Invitation], patient: User, shown: date, *, is_right: bool) -> bool:
        """Once, under the patient's lock; commit later. False when it is not what is suggested now."""
        if cls.birth_date_suggested_to(patient) != shown:
            return False
        cls.note_birth_date(patient, shown if is_right else None)
        return True

    @classmethod
    def note_birth_date(cls: type[Invitation], patient: User, born: date | None) -> None:
        """As the person says it, or takes it off; what lists have said of it goes. Under their lock; commit later.

        Raises BornTooEarly or NotBornYet.
        """
        if born is not None:
            birth_dates.check(born)
        patient.birth_date = born
        suggested = update(cls).where(cls.accepted_by_id == patient.id, cls.birth_date <= birth_dates.latest_of_age())
        db.session.execute(suggested.values(birth_date=None))

    @classmethod
    def erase_unaccepted(cls: type[Invitation]) -> int:
        """How many invitations have lost their person's data, because nobody came; the rows stay and are counted.

        Taken back as well: that nobody is invited by them is what every other question asks.
        """
        now = clock.now()
        late = now - KEPT_FOR
        unanswered = update(cls).where(cls.birth_date.is_not(None), cls.accepted_at < late)
        db.session.execute(unanswered.values(birth_date=None).execution_options(synchronize_session=False))
        nobody_came = update(cls).where(
            cls.accepted_at.is_(None), cls.forgotten_at.is_(None), cls.expires_at < late + cls.LIVES
        )
        gone = nobody_came.values(
            name="",
            phone=None,
            email="",  # of the two contacts one must be there
            guest_phone=None,
            birth_date=None,
            token_hash=None,
            withdrawn_at=func.coalesce(cls.withdrawn_at, now),
            forgotten_at=now,
        )
        done = db.session.execute(gone.execution_options(synchronize_session=False))
        return int(done.rowcount)  # type: ignore[attr-defined]
