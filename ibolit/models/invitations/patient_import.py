"""A list of patients that is looked at first and then invited, line by line, nobody twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from ... import errors
from ...extensions import Model, db
from ...normalization import key_of
from ...services import clock
from ..delivery import Delivery, DeliveryState
from ..doctors import Doctor
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import User
from ..purging import purge
from ..types import RowId, UtcDateTime, enum_column
from .invitation import Invitation

DRAFTS_LIVE = timedelta(days=1)
KEPT_FOR = timedelta(days=30)
AT_ONCE = 100  # lines turned into invitations in one transaction


class RowError(StrEnum):
    NO_CONTACT = "no_contact"
    BAD_PHONE = "bad_phone"
    SHORTENED = "shortened"  # Excel kept 7,9E+10 of a number
    LANDLINE = "landline"  # no SMS reaches it, and there is no address
    BAD_EMAIL = "bad_email"
    NOT_ASCII = "not_ascii"  # an address with other letters than Latin before its «@»
    ABROAD = "abroad"  # no SMS goes to this country, and there is no address
    LONG_NAME = "long_name"
    DOUBLED = "doubled"
    KNOWN = "known"  # invited before, in a chat with the doctor, or of the clinic


class ImportLine(Model):
    """`number` is the line of the file; what is wrong with it is in `fault`, and then nobody is invited."""

    __table_args__ = (Index("ix_import_line_of_import", "import_id", "number"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("patient_import.id", ondelete="CASCADE"))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))
    typed: Mapped[str] = mapped_column(String(200))  # the contact as it stands in the file
    birth_date: Mapped[date | None]
    fault: Mapped[RowError | None] = mapped_column(enum_column(RowError))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("invitation.id", ondelete="SET NULL"), index=True)
    invitation: Mapped[Invitation | None] = relationship()


class PatientImport(Model):
    """Of one sender for one doctor; `client_id` makes a form that is sent twice one list."""

    __table_args__ = (UniqueConstraint("sender_id", "client_id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    sender_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    client_id: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # every line is invited; sending may go on
    # Until it is sent: the file, and what its columns were taken for (place, title, kind and first cells of each).
    source: Mapped[bytes | None] = mapped_column(deferred=True)
    columns: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    doctor: Mapped[Doctor] = relationship(innerjoin=True)
    sender: Mapped[User] = relationship(innerjoin=True)

    # Look-ups

    @classmethod
    def kept_by(cls, user: User) -> Select[tuple[Self]]:
        """A list is its sender's alone."""
        people = joinedload(cls.doctor).joinedload(Doctor.user), joinedload(cls.sender).joinedload(User.doctor)
        return select(cls).options(*people).where(cls.sender_id == user.id).order_by(cls.id.desc())

    @classmethod
    def to_invite(cls, id: int) -> Self | None:
        people = joinedload(cls.doctor), joinedload(cls.sender)
        going = cls.id == id, cls.started_at.is_not(None), cls.finished_at.is_(None)
        return db.session.scalar(select(cls).options(*people).where(*going))

    @classmethod
    def purge_old(cls) -> int:
        """Lists hold names and phones of people who may never come."""
        now = clock.now()
        draft = cls.started_at.is_(None) & (cls.created_at < now - DRAFTS_LIVE)
        return purge(cls, draft | (cls.finished_at < now - KEPT_FOR))

    @property
    def faulty(self) -> Select[tuple[ImportLine]]:
        return self.lines.where(ImportLine.fault.is_not(None))

    @property
    def good(self) -> Select[tuple[ImportLine]]:
        return self.lines.where(ImportLine.fault.is_(None))

    @property
    def unsent(self) -> Select[tuple[ImportLine]]:
        """Invited, and it did not go out."""
        lost = DeliveryState.FAILED, DeliveryState.UNDELIVERED, DeliveryState.UNKNOWN
        out = self.lines.join(ImportLine.invitation).join(Invitation.delivery)
        return out.where(Delivery.state.in_(lost), Invitation.accepted_at.is_(None), Invitation.opened_at.is_(None))

    @property
    def lines(self) -> Select[tuple[ImportLine]]:
        loaded = joinedload(ImportLine.invitation).joinedload(Invitation.delivery)
        return select(ImportLine).options(loaded).where(ImportLine.import_id == self.id).order_by(ImportLine.number)

    def counts(self) -> Counts:
        return Counts.of(self)

    # Verbs

    @classmethod
    def draft(
        cls,
        doctor: Doctor,
        sender: User,
        client_id: str,
        rows: Sequence[dict[str, Any]],
        source: bytes | None = None,
        columns: list[dict[str, Any]] | None = None,
    ) -> Self:
        """`rows` are the lines' columns. Sent twice by one form it is the list already there."""
        advisory_lock(LockKind.PATIENT_IMPORT, sender.id, client_id)
        known = db.session.scalar(select(cls).where(cls.sender_id == sender.id, cls.client_id == client_id))
        if known is not None:
            return known
        made = cls(doctor_id=doctor.id, sender_id=sender.id, client_id=client_id, source=source, columns=columns)
        db.session.add(made)
        db.session.flush()
        made._write_lines(rows)
        return made

    def reread(self, rows: Sequence[dict[str, Any]], columns: list[dict[str, Any]]) -> bool:
        """Its lines by other columns; False when sending has begun meanwhile, and nothing changes."""
        waiting = update(PatientImport).where(PatientImport.id == self.id, PatientImport.started_at.is_(None))
        if db.session.execute(waiting.values(columns=columns)).rowcount == 0:  # type: ignore[attr-defined]
            return False
        db.session.execute(delete(ImportLine).where(ImportLine.import_id == self.id))
        self._write_lines(rows)
        return True

    def start(self) -> bool:
        """True for the press that began it: two at once are one."""
        begun = update(PatientImport).where(PatientImport.id == self.id, PatientImport.started_at.is_(None))
        done = begun.values(started_at=clock.now(), source=None, columns=None)
        if db.session.execute(done).rowcount == 0:  # type: ignore[attr-defined]
            return False
        Job.add(JobKind.PATIENT_IMPORT, self.id)
        return True

    def invite_some(self) -> bool:
        """The next lines; False when there are none left. Done again after a crash it goes on where it was."""
        waiting = self.good.where(ImportLine.invitation_id.is_(None)).limit(AT_ONCE)
        lines = db.session.scalars(waiting).all()
        for line in lines:
            try:
                contact = {"phone": line.phone, "email": line.email}
                who = {"name": line.name, "birth_date": line.birth_date}
                made = Invitation.invite(self.doctor, self.sender, **contact, **who)  # type: ignore[arg-type]
                line.invitation_id = made.id
            except errors.IsLandline:
                line.fault = RowError.LANDLINE
            except errors.NoSmsThere:
                line.fault = RowError.ABROAD
            except errors.CannotBeInvited:
                line.fault = RowError.KNOWN
        if not lines:
            self.finished_at = clock.now()
        return bool(lines)

    def _write_lines(self, rows: Sequence[dict[str, Any]]) -> None:
        """Nobody is born tomorrow, and who is known already – by another of their phones or addresses, too – is sent
        no second link: `also` of a row has these."""
        known, today = Invitation.contacts_known_to(self.doctor), clock.now().date()
        for row in rows:
            contact, name, also = row["phone"] or row["email"], key_of(row["name"]), row.pop("also", ())
            is_known = contact in known or any(one in known and (not name or name in known[one]) for one in also)
            if row["fault"] is None and is_known:
                row["fault"] = RowError.KNOWN
            if (row.get("birth_date") or today) > today:
                row["birth_date"] = None
        db.session.execute(insert(ImportLine), [row | {"import_id": self.id} for row in rows])


class Counts:
    """How far an import is, from one query."""

    def __init__(self, lines: int, faulty: int, invited: int, sent: int, lost: int) -> None:
        self.lines, self.faulty, self.invited, self.sent, self.lost = lines, faulty, invited, sent, lost

    @classmethod
    def of(cls, list_: PatientImport) -> Self:
        rows = db.session.execute(
            select(ImportLine.fault, ImportLine.invitation_id.is_not(None), Delivery.state, func.count())
            .outerjoin(ImportLine.invitation)
            .outerjoin(Invitation.delivery)
            .where(ImportLine.import_id == list_.id)
            .group_by(ImportLine.fault, ImportLine.invitation_id.is_not(None), Delivery.state)
        ).all()
        gone = DeliveryState.SENT, DeliveryState.DELIVERED
        lost = DeliveryState.FAILED, DeliveryState.UNDELIVERED, DeliveryState.UNKNOWN
        return cls(
            lines=sum(count for *_, count in rows),
            faulty=sum(count for fault, _, _, count in rows if fault),
            invited=sum(count for _, is_invited, _, count in rows if is_invited),
            sent=sum(count for _, _, state, count in rows if state in gone),
            lost=sum(count for _, _, state, count in rows if state in lost),
        )

    @property
    def good(self) -> int:
        return self.lines - self.faulty

    @property
    def waiting(self) -> int:
        return self.good - self.sent - self.lost

    @property
    def percent(self) -> int:
        return 100 * (self.sent + self.lost) // self.good if self.good else 100
