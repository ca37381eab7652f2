"""A doctor's desk: 3,000 patients, 200 waiting chats, 40,000 files; its pages, timed, and their queries.

What is aimed at is `AIM`, narrower than other pages' in time.

`fill()` makes the clinic; whoever measures another part of the desk begins with it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from ibolit.extensions import db
from ibolit.models import Consultation
from ibolit.services import clock

from .clinic import keep_practice, make_large, send_files, written
from .figures import Row
from .one_doctor import measured
from .pages import Page

DOCTORS = 25
PATIENTS, WAITING, FILES, HELD = 3_000, 200, 40_000, 100
FEW_PATIENTS, FEW_WAITING, FEW_FILES, FEW_HELD = 60, 35, 100, 20  # still more than a page of each
OF_THE_DAY = 8  # consultations
OPENED = 7  # one of the waiting chats; its patient's account has the number after as many as there are doctors
AIM = "≤ 15 ms; ≤ 7 queries"


def fill(data: Path, patients: int = PATIENTS, waiting: int = WAITING, files: int = FILES, held: int = HELD) -> None:
    """The doctor of phone(1) leads them all; chat 1 is a thousand messages long, the next `waiting` ones wait."""
    make_large(data, doctors=DOCTORS, chats=patients, messages=1_000)
    keep_practice(data, unread=waiting, consultations=held)
    send_files(data, files)
    with written(data):
        _fill_the_day()


def measure(folder: Path) -> list[Row]:
    few, large = folder / "few-waiting", folder / "many-waiting"
    fill(few, FEW_PATIENTS, FEW_WAITING, FEW_FILES, FEW_HELD)
    fill(large)
    return measured(_pages(), few, large, AIM)


def _pages() -> list[Page]:
    return [
        Page(f"«Ждут ответа» of {WAITING}, with «Сегодня»", "/messages?only=waiting"),
        Page("… the list alone, as it is swapped", "/messages?only=waiting", htmx=True),
        Page(f"«Сообщения» of {PATIENTS:,}", "/messages"),
        Page("«Сегодня» alone", "/messages/today", htmx=True),
        Page("a waiting chat", f"/chats/{OPENED}"),
        Page("… the patient's column beside it", f"/patients/{DOCTORS + OPENED}/column", htmx=True),
        Page("search by a patient's name", "/messages/search", search="соколов", htmx=True),
        Page("search that finds nobody", "/messages/search", search="нетакого", htmx=True),
        Page("search among patients", "/patients/search", search="соколов бор", htmx=True),
    ]


def _fill_the_day() -> None:
    """Some of the coming ones are of today: before, now and after."""
    noon = clock.now().replace(minute=0, second=0, microsecond=0)
    coming = select(Consultation).where(Consultation.doctor_id == 1, Consultation.starts_at > clock.now())
    for number, one in enumerate(db.session.scalars(coming.order_by(Consultation.id).limit(OF_THE_DAY))):
        one.starts_at = noon + timedelta(minutes=30 * (number + 1))
        one.ends_at = one.starts_at + timedelta(minutes=30)
