"""A doctor with thousands of patients: his own pages, timed inside the server, and their queries."""

from __future__ import annotations

from pathlib import Path

from .clinic import keep_practice, make_large
from .figures import Row
from .one_doctor import measured
from .pages import AIM, Page

DOCTORS = 25
PATIENTS, UNREAD, CONSULTATIONS = 3_000, 200, 100
FEW_PATIENTS, FEW_UNREAD, FEW_CONSULTATIONS = 60, 35, 20  # still more than a page of each


def measure(folder: Path) -> list[Row]:
    few, large = folder / "few-patients", folder / "many-patients"
    _make(few, FEW_PATIENTS, FEW_UNREAD, FEW_CONSULTATIONS)
    _make(large, PATIENTS, UNREAD, CONSULTATIONS)
    return measured(_pages(), few, large, AIM)


def _make(data: Path, patients: int, unread: int, consultations: int) -> None:
    make_large(data, doctors=DOCTORS, chats=patients, messages=1_000)
    keep_practice(data, unread=unread, consultations=consultations)


def _pages() -> list[Page]:
    patient = f"/patients/{DOCTORS + 1}"
    return [
        Page(f"«Пациенты» of a doctor with {PATIENTS:,}", "/patients"),
        Page("… a search by name as it is typed", "/patients/search", search="соколов бор", htmx=True),
        Page("… a search that finds nobody", "/patients/search", search="нетакого", htmx=True),
        Page("… by the end of a phone", "/patients/search", search="02 15", htmx=True),
        Page(f"one patient: {CONSULTATIONS} consultations, 200 files, a note", patient),
        Page("… his past consultations", f"{patient}/consultations", htmx=True),
        Page(f"«Сообщения» with {UNREAD} unread chats", "/messages"),
        Page("… «Непрочитанные»", "/messages?only=unread"),
        Page("… «Ждут ответа»", "/messages?only=waiting"),
        Page("a chat of his", "/chats/7"),
        Page("«Консультации» with 40 coming", "/consultations"),
        Page("«Моя страница»", "/practice"),
        Page("50 reply templates", "/replies"),
        Page("… at the first «/»", "/replies/choice", htmx=True),
    ]
