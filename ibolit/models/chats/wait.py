"""What waiting for an answer came to: a row for each that has ended, from which the usual time of a doctor is told.

| how it ended | whose | counts in «обычно отвечает за …» | in the clinic's counts |
|---|---|---|---|
| answered by the doctor of the chat: words, files, voice, conclusion, proposal | theirs | yes | yes |
| answered by whoever stands in | theirs who stands in | no | yes |
| «Ответ не нужен», the chat was closed | nobody answered | no | yes |
| the patient recalled what waited | – | no row | no row |
| the doctor recalled the answer | – | its row goes, the wait goes on | as before |

A wait is as long as the patient felt it: from the first unanswered message to the answer, nights and weekends among it,
time off left out. The usual time is the median of those that were answered in the last 30 days, when there are ten.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from ...extensions import Model, db
from ...services import clock
from ..doctors import Doctor
from ..types import RowId, UtcDateTime, enum_column

if TYPE_CHECKING:
    from .chat import Chat

MEASURED_FOR = timedelta(days=30)
LEAST_ANSWERS = 10  # fewer say nothing of what is usual


class WaitEnding(StrEnum):
    ANSWERED = "answered"
    DISMISSED = "dismissed"  # «Ответ не нужен»
    CLOSED = "closed"  # with the chat


class Wait(Model):
    """One that has ended. `promised_hours` of the doctor's answering hours were promised when it began."""

    __table_args__ = (
        Index("ix_wait_of_doctor", "doctor_id", "ended_at"),
        Index("ix_wait_of_chat", "chat_id"),
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    chat_id: Mapped[int] = mapped_column(ForeignKey("chat.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ending: Mapped[WaitEnding] = mapped_column(enum_column(WaitEnding))
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answer_seq: Mapped[int | None]  # of the message that answered
    seconds: Mapped[int]  # time off left out
    promised_hours: Mapped[int | None]
    is_missed: Mapped[bool] = mapped_column(default=False)  # the promise was

    @classmethod
    def forget_answer(cls, chat: Chat, seq: int) -> None:
        """It was recalled, so nothing has ended by it. Under the chat's lock."""
        db.session.execute(delete(cls).where(cls.chat_id == chat.id, cls.answer_seq == seq))

    @classmethod
    def measure(cls, doctor: Doctor) -> None:
        """The doctor's usual time (seconds) of these days, or none; see the table above."""
        own = cls.doctor_id == doctor.id, cls.ending == WaitEnding.ANSWERED, cls.answered_by_id == doctor.user_id
        lately = select(cls.seconds).where(*own, cls.ended_at > clock.now() - MEASURED_FOR)
        measured = db.session.scalars(lately).all()
        doctor.usual_wait = round(median(measured)) if len(measured) >= LEAST_ANSWERS else None

    @classmethod
    def measure_all(cls) -> None:
        for doctor in db.session.scalars(select(Doctor)):
            cls.measure(doctor)
