"""Free times in a clinic of 500 doctors with 20,000 consultations to come: the next ones, and a month of one doctor.

Half of the doctors have nothing free for some days. Measured is the processor's time within one process, so that it is
the program's own, however busy the machine. What the directory makes of it, `directory.py` measures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import process_time

from flask import Flask
from sqlalchemy import insert, select

from ibolit.extensions import db
from ibolit.models import (
    AppointmentType,
    BookingRules,
    Consultation,
    ConsultationKind,
    ConsultationState,
    Doctor,
    WeeklyHours,
    booking,
)
from ibolit.services import clock

from .clinic import make_large, opened, written
from .figures import Row, percentile
from .pages import counting

DOCTORS, A_PAGE, TAKEN, TIMES = 500, 20, 40, 40  # consultations of each doctor, times that each is measured
STEP = timedelta(minutes=35)
A_DAY = 13  # of them
AIM_MONTH = "≤ 10 ms"


def measure(folder: Path) -> list[Row]:
    data = folder / "booking"
    make_large(data, doctors=DOCTORS, chats=1, messages=DOCTORS * TAKEN)
    with written(data):
        _offer()
        _take()
    app = opened(data)
    with app.app_context():
        everybody = Doctor.directory(most=DOCTORS)
        rows = [
            _row(
                app,
                f"next free times of {A_PAGE} doctors, as many as a page has",
                lambda: booking.next_free_times(everybody[:A_PAGE]),
            ),
            _row(app, f"… of all {DOCTORS}", lambda: booking.next_free_times(everybody)),
            _row(app, "free times of a month of one doctor", lambda: _month(everybody[0]), AIM_MONTH),
        ]
        db.session.remove()
        db.engine.dispose()
    return rows


def _month(doctor: Doctor) -> None:
    type, now = AppointmentType.offered_by(doctor.id)[0], clock.now()
    assert booking.free_times(doctor, type, now, now + timedelta(days=31))


def _row(app: Flask, what: str, do: Callable[[], object], aim: str = "") -> Row:
    do()
    with counting(app) as statements:
        do()
    times = []
    for _ in range(TIMES):
        begun = process_time()
        do()
        times.append((process_time() - begun) * 1000)
    told = f"{median(times):.1f} ms (p95 {percentile(times, 95):.1f}); {len(statements)} queries"
    return Row(what, told, aim)


def _offer() -> None:
    """Three types each, nine hours of every working day by Moscow's clock."""
    ids = db.session.scalars(select(Doctor.id)).all()
    types = [("Первичная", 30, 2500_00), ("Повторная", 20, 1500_00), ("Вопрос", 15, 0)]
    made = {"kind": ConsultationKind.VIDEO, "created_at": clock.now()}
    db.session.execute(
        insert(AppointmentType),
        [
            {"doctor_id": id, "title": title, "minutes": minutes, "price": price, "position": at} | made
            for id in ids
            for at, (title, minutes, price) in enumerate(types)
        ],
    )
    rules = {"zone": "Europe/Moscow", "notice_minutes": 120, "pause_minutes": 5, "horizon_days": 60}
    db.session.execute(insert(BookingRules), [{"doctor_id": id, "confirms_free": False} | rules for id in ids])
    spans = [(day, *span) for day in range(5) for span in ((540, 780), (840, 1080))]
    hours = [{"doctor_id": id, "weekday": day, "start": start, "end": end} for id in ids for day, start, end in spans]
    db.session.execute(insert(WeeklyHours), hours)


def _take() -> None:
    """Of every other doctor the first days whole, of the others some of each day."""
    ids, first = db.session.scalars(select(Doctor.id)).all(), clock.now().astimezone(UTC).date()
    morning = datetime(first.year, first.month, first.day, 6, tzinfo=UTC)
    rows, message = [], 0
    for id in ids:
        for number in range(TAKEN):
            message += 1
            day, at = divmod(number, A_DAY) if id % 2 else divmod(number, 3)
            start = morning + timedelta(days=day) + (at if id % 2 else 3 * at) * STEP
            rows.append(_consultation(id, message, start))
    db.session.execute(insert(Consultation), rows)


def _consultation(doctor_id: int, message_id: int, start: datetime) -> dict[str, object]:
    sides = {"chat_id": 1, "patient_id": DOCTORS + 1, "doctor_id": doctor_id, "message_id": message_id}
    times = {"starts_at": start, "ends_at": start + timedelta(minutes=30), "confirmed_at": clock.now()}
    return sides | times | {"kind": ConsultationKind.VIDEO, "price": 0, "state": ConsultationState.CONFIRMED}
