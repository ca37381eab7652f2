"""Reply templates as a composer offers them: the doctor's own and the clinic's, those used last on top."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from sqlalchemy import CursorResult, ForeignKey, String, Text, delete, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...extensions import Model, db
from ...services import clock
from ..inserting import insert_new
from ..types import UtcDateTime
from .doctor import Doctor
from .reply_template import ReplyTemplate

NAME, CONSULTATION = "{имя}", "{консультация}"  # what stands for the patient's name and the next consultation's time


class ClinicReplyTemplate(Model):
    """The clinic's, the same for all doctors; its name is its key, also after the list was loaded anew."""

    MOST = 100

    name: Mapped[str] = mapped_column(String(ReplyTemplate.LONGEST_NAME), primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    position: Mapped[int]

    @classmethod
    def replace(cls, text: str) -> int:
        """The clinic's list becomes what `text` says: a line «== Название» and the text beneath it, for each; how many.

        Raises ClinicRepliesUnreadable with the number of the line.
        """
        templates = _read(text)
        db.session.execute(delete(cls))
        numbered = enumerate(templates.items(), 1)
        db.session.add_all(cls(name=name, text=said, position=number) for number, (name, said) in numbered)
        db.session.flush()
        return len(templates)

    @classmethod
    def printed(cls) -> str:
        """In the form that replace() reads."""
        return "\n\n".join(f"== {one.name}\n{one.text}" for one in cls.listed())

    @classmethod
    def listed(cls) -> list[ClinicReplyTemplate]:
        return list(db.session.scalars(select(cls).order_by(cls.position)))


class ReplyUse(Model):
    """When a doctor last used a template, which is named by its key (OfferedReply)."""

    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(60), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True)
class OfferedReply:
    """`key` is «own-7», or «clinic-» with the name of the clinic's template."""

    key: str
    name: str
    text: str
    is_clinics: bool = False

    @classmethod
    def all_for(cls, doctor: Doctor, values: Mapping[str, str]) -> list[OfferedReply]:
        """Those used last on top, then the doctor's own and the clinic's in their orders; with the `values` of NAME and
        CONSULTATION put in, as far as they are known."""
        own = [cls(f"own-{one.id}", one.name, one.text) for one in db.session.scalars(ReplyTemplate.of(doctor))]
        of_clinic = [cls(f"clinic-{one.name}", one.name, one.text, True) for one in ClinicReplyTemplate.listed()]
        asked = select(ReplyUse.key, ReplyUse.used_at).where(ReplyUse.doctor_id == doctor.id)
        used: dict[str, datetime] = dict(db.session.execute(asked).tuples().all())
        known = [one._filled(values) for one in (*own, *of_clinic)]
        recent = sorted((one for one in known if one.key in used), key=lambda one: used[one.key], reverse=True)
        return [*recent, *(one for one in known if one.key not in used)]

    @classmethod
    def note_use(cls, doctor: Doctor, key: str) -> bool:
        """False when there is no such template of this doctor or of the clinic."""
        if key not in {one.key for one in cls.all_for(doctor, {})}:
            return False
        now = clock.now()
        mine = ReplyUse.doctor_id == doctor.id, ReplyUse.key == key
        moved = cast(CursorResult[object], db.session.execute(update(ReplyUse).where(*mine).values(used_at=now)))
        if not moved.rowcount:
            insert_new(ReplyUse, {"doctor_id": doctor.id, "key": key, "used_at": now})
        return True

    def _filled(self, values: Mapping[str, str]) -> OfferedReply:
        text = self.text
        for name, value in values.items():
            text = text.replace(name, value)
        return replace(self, text=text)


def _read(text: str) -> dict[str, str]:
    templates: dict[str, str] = {}
    for number, name, lines in _parts(text):
        said = "\n".join(lines).strip()
        is_new = bool(name) and name not in templates and len(templates) < ClinicReplyTemplate.MOST
        is_short = len(name) <= ReplyTemplate.LONGEST_NAME and len(said) <= ReplyTemplate.LONGEST
        if not (is_new and is_short and said):
            raise errors.ClinicRepliesUnreadable(number)
        templates[name] = said
    return templates


def _parts(text: str) -> list[tuple[int, str, list[str]]]:
    """Each with the number of the line that names it, the name, and the lines beneath."""
    parts: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("=="):
            parts.append((number, line.strip("= ").strip(), []))
        elif parts:
            parts[-1][2].append(line)
        elif line.strip():
            raise errors.ClinicRepliesUnreadable(number)
    return parts
