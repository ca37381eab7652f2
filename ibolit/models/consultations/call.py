"""What is kept of a call: who was in it and when, and how well it went.

No addresses and nothing of what was said or shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..people import User
from ..types import RowId, UtcDateTime
from .consultation import Consultation

if TYPE_CHECKING:
    from collections.abc import Iterator


class CallVisit(Model):
    """One page of one of the two in a call. `left_at` moves on with every sign of it, so a power cut loses little."""

    __table_args__ = (UniqueConstraint("consultation_id", "user_id", "page", name="uq_call_visit_page"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    page: Mapped[str] = mapped_column(String(40))
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    left_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def note(cls, consultation_id: int, user_id: int, page: str) -> None:
        """It is there now; a page whose socket came back goes on with its visit."""
        known = cls.consultation_id == consultation_id, cls.user_id == user_id, cls.page == page
        advisory_lock(LockKind.CALL_VISIT, consultation_id, user_id, page)
        visit = db.session.scalar(select(cls).where(*known))
        if visit is None:
            db.session.add(cls(consultation_id=consultation_id, user_id=user_id, page=page))
        else:
            visit.left_at = clock.now()

    @classmethod
    def of(cls, consultation: Consultation) -> Sequence[Self]:
        return db.session.scalars(
            select(cls).where(cls.consultation_id == consultation.id).order_by(cls.joined_at, cls.id)
        ).all()

    @property
    def seconds(self) -> int:
        return round((self.left_at - self.joined_at).total_seconds())

    @classmethod
    def together(cls, consultation: Consultation) -> int:
        """Seconds in which both were there."""
        visits = cls.of(consultation)
        doctor = consultation.doctor.user_id  # who the patient's side was then may be another by now
        mine = _joined(visit for visit in visits if visit.user_id != doctor)
        theirs = _joined(visit for visit in visits if visit.user_id == doctor)
        common = (min(a[1], b[1]) - max(a[0], b[0]) for a in mine for b in theirs)
        return round(sum(max(span.total_seconds(), 0.0) for span in common))


class CallPath(StrEnum):
    RELAY = "relay"
    DIRECT = "direct"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Quality:
    """One stretch of a call as one side's page measured it; `setup_ms` 0 when nothing was set up in it."""

    seconds: int
    setup_ms: int
    restarts: int
    path: CallPath
    loss_permille: int
    rtt_ms: int


class CallReport(Model):
    """All stretches of one side of one call, summed: for the support that is asked why it went badly."""

    __table_args__ = (UniqueConstraint("consultation_id", "user_id", name="uq_call_report_side"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultation.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    seconds: Mapped[int] = mapped_column(default=0)
    setups: Mapped[int] = mapped_column(default=0)
    setup_ms: Mapped[int] = mapped_column(BigInteger, default=0)  # of all setups
    restarts: Mapped[int] = mapped_column(default=0)
    relayed_seconds: Mapped[int] = mapped_column(default=0)
    direct_seconds: Mapped[int] = mapped_column(default=0)
    loss_sum: Mapped[int] = mapped_column(BigInteger, default=0)  # permille × seconds
    rtt_sum: Mapped[int] = mapped_column(BigInteger, default=0)  # milliseconds × seconds
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def add(cls, consultation: Consultation, user: User, heard: Quality) -> Self:
        advisory_lock(LockKind.CALL_REPORT, consultation.id, user.id)
        side = cls.consultation_id == consultation.id, cls.user_id == user.id
        report = db.session.scalar(select(cls).where(*side).with_for_update())
        if report is None:
            report = cls(consultation_id=consultation.id, user_id=user.id)
            db.session.add(report)
            db.session.flush()
        report._add(heard)
        return report

    @classmethod
    def of(cls, consultation: Consultation) -> Sequence[Self]:
        return db.session.scalars(select(cls).where(cls.consultation_id == consultation.id).order_by(cls.user_id)).all()

    @property
    def mean_setup_ms(self) -> int:
        return round(self.setup_ms / self.setups) if self.setups else 0

    @property
    def mean_loss_permille(self) -> int:
        return round(self.loss_sum / self.seconds) if self.seconds else 0

    @property
    def mean_rtt_ms(self) -> int:
        return round(self.rtt_sum / self.seconds) if self.seconds else 0

    def _add(self, heard: Quality) -> None:
        self.seconds += heard.seconds
        self.setups += 1 if heard.setup_ms else 0
        self.setup_ms += heard.setup_ms
        self.restarts += heard.restarts
        self.relayed_seconds += heard.seconds if heard.path is CallPath.RELAY else 0
        self.direct_seconds += heard.seconds if heard.path is CallPath.DIRECT else 0
        self.loss_sum += heard.loss_permille * heard.seconds
        self.rtt_sum += heard.rtt_ms * heard.seconds
        self.updated_at = clock.now()


def _joined(visits: Iterator[CallVisit]) -> list[tuple[datetime, datetime]]:
    """Spans without overlaps: two pages of one person at once count once."""
    spans: list[tuple[datetime, datetime]] = []
    for visit in visits:  # in the order of joining
        if spans and visit.joined_at <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], visit.left_at))
        else:
            spans.append((visit.joined_at, visit.left_at))
    return spans
