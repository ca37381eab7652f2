"""The secret address by which a doctor's own calendar asks for what is agreed."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Self

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, contains_eager, mapped_column, relationship

from ...extensions import Model, db
from ...services import clock
from ...services.codes import fingerprint, link_token, new_nonce
from ..doctors import Doctor
from ..people import User
from ..types import UtcDateTime
from .consultation import Consultation
from .states import CONFIRMED_STATES, ConsultationState

KEPT_FOR = timedelta(days=30)  # after its start one still stands there
MOST = 1000
SHOWN = (*CONFIRMED_STATES, ConsultationState.COMPLETED, ConsultationState.MISSED)


class Agreed(NamedTuple):
    """What a calendar is told of a consultation: no person, no kind and no price; moments in UTC."""

    id: int
    sequence: int
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime


class CalendarFeed(Model):
    """One a doctor. The token is computed when it is shown; only its fingerprint is kept."""

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(32))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    doctor: Mapped[Doctor] = relationship(innerjoin=True)

    # Look-ups

    @classmethod
    def of(cls, doctor: Doctor) -> Self | None:
        return db.session.get(cls, doctor.id, populate_existing=True)

    @classmethod
    def by_token(cls, token: str) -> Self | None:
        """With its doctor. Whose account is frozen has none: nobody comes in by anything of theirs."""
        people = contains_eager(cls.doctor).contains_eager(Doctor.user)
        own = select(cls).join(cls.doctor).join(Doctor.user).options(people)
        return db.session.scalar(own.where(cls.token_hash == fingerprint(token), User.frozen_at.is_(None)))

    def agreed(self) -> Sequence[Agreed]:
        """What is agreed, by its start; of what is past that of a month."""
        told = Consultation.id, Consultation.sequence, Consultation.starts_at, Consultation.ends_at
        own = Consultation.doctor_id == self.doctor_id, Consultation.state.in_(SHOWN)
        known = Consultation.confirmed_at.is_not(None), Consultation.starts_at > clock.now() - KEPT_FOR
        rows = select(*told, Consultation.confirmed_at).where(*own, *known)
        rows = rows.order_by(Consultation.starts_at, Consultation.id).limit(MOST)
        return [Agreed(*row) for row in db.session.execute(rows)]

    # Questions

    @property
    def token(self) -> str:
        return link_token("calendar feed", self.doctor_id, self.nonce)

    @property
    def version(self) -> str:
        """Tells addresses apart, and tells nobody what they are."""
        return self.token_hash[:12]

    # Verbs, under the doctor's lock

    @classmethod
    def renew(cls, doctor: Doctor, seen: str) -> None:
        """Another address; the one before is dead at once. `seen`: its version, or nothing where there was none.

        Pressed twice on one page it is one new address.
        """
        feed = cls.of(doctor)
        if not hmac.compare_digest(seen.encode(), (feed.version if feed else "").encode()):
            return
        if feed is None:
            feed = cls(doctor_id=doctor.id)
            db.session.add(feed)
        feed.nonce, feed.made_at = new_nonce(), clock.now()
        feed.token_hash = fingerprint(feed.token)
        db.session.flush()

    @classmethod
    def remove(cls, doctor: Doctor) -> None:
        """The address is dead at once. Removed twice it is gone all the same."""
        feed = cls.of(doctor)
        if feed is not None:
            db.session.delete(feed)
