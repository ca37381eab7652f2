"""A one-time link to a phone or an e-mail that leads a patient into the chat with a doctor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Self

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, String, and_, false, select, text
from sqlalchemy.orm import Mapped, contains_eager, joinedload, mapped_column, relationship

from ... import errors, phones
from ...config import current_settings
from ...extensions import Model, db
from ...normalization import key_of
from ...services import clock
from ...services.codes import fingerprint, new_nonce, short_link_token
from ..chats import Chat
from ..delivery import Delivery
from ..doctors import Doctor
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import LimitKind, RateLimitHit, User
from ..types import RowId, UtcDateTime
from .acceptance import InvitationAcceptance
from .personal_data import InvitationPersonalData
from .states import OF_DELIVERY, InvitationState

NOT_WITHDRAWN = text("withdrawn_at IS NULL")


class Invitation(InvitationAcceptance, InvitationPersonalData, Model):
    """To a phone or an address, never both. Its token is computed when it is sent; only its fingerprint is kept."""

    __table_args__ = (
        Index(
            "uq_invitation_phone",
            "doctor_id",
            "phone",
            unique=True,
            sqlite_where=NOT_WITHDRAWN,
            postgresql_where=NOT_WITHDRAWN,
        ),
        Index(
            "uq_invitation_email",
            "doctor_id",
            "email",
            unique=True,
            sqlite_where=NOT_WITHDRAWN,
            postgresql_where=NOT_WITHDRAWN,
        ),
        Index("ix_invitation_of_doctor", "doctor_id", "id"),
        Index("ix_invitation_of_phone", "phone"),
        Index("ix_invitation_of_email", "email"),
        Index("ix_invitation_of_guest", "guest_phone"),
        Index("ix_invitation_of_patient", "accepted_by_id"),
        CheckConstraint("(phone IS NULL) <> (email IS NULL)", "contact"),
    )

    LIVES = timedelta(days=7)
    AGAIN_AFTER = timedelta(seconds=60)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("doctor.id"))
    sender_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    phone: Mapped[str | None] = mapped_column(String(20))
    email: Mapped[str | None] = mapped_column(String(254))  # lower case
    name: Mapped[str] = mapped_column(String(120), default="")
    birth_date: Mapped[date | None]  # as the clinic's list has it: a suggestion, never a fact
    dependant_id: Mapped[int | None] = mapped_column(RowId)  # whose chats go over, see family/own_phone.py
    nonce: Mapped[str] = mapped_column(String(32), default=new_nonce)
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # of the last sending
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    opened_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    guest_phone: Mapped[str | None] = mapped_column(String(20))  # what the holder of a mailed link says is theirs
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    forgotten_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # nothing of the person is here any more
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"), index=True)  # the newest
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id", ondelete="SET NULL"), index=True)
    doctor: Mapped[Doctor] = relationship(innerjoin=True)
    delivery: Mapped[Delivery | None] = relationship()

    # Look-ups

    @classmethod
    def by_token(cls, token: str) -> Self | None:
        """With who invites; also one that has ended."""
        return db.session.scalar(cls._with_doctor().where(cls.token_hash == fingerprint(token)))

    @classmethod
    def kept_by(cls, user: User) -> Select[tuple[Self]]:
        """A doctor's own, whoever of the clinic sent them; an operator's are all; nobody else has any."""
        kept = cls._with_doctor().options(joinedload(cls.delivery)).order_by(cls.id.desc())
        if user.is_operator:
            return kept
        return kept.where(cls.doctor_id == user.doctor.id if user.doctor is not None else false())

    @staticmethod
    def hosts_for(user: User) -> list[Doctor]:
        """To whose chats this person may invite."""
        if not user.is_operator:
            return [user.doctor] if user.doctor is not None else []
        all_ = select(Doctor).join(Doctor.user).options(contains_eager(Doctor.user)).order_by(Doctor.name_key)
        return list(db.session.scalars(all_))

    @classmethod
    def to_send(cls, id: int, job: Job) -> Self | None:
        """None when it has ended, or when a newer sending is on its way."""
        return db.session.scalar(select(cls).where(cls.id == id, cls.job_id == job.id, cls.is_pending()))

    @classmethod
    def is_pending(cls) -> ColumnElement[bool]:
        return and_(cls.accepted_at.is_(None), cls.withdrawn_at.is_(None), cls.expires_at > clock.now())

    @classmethod
    def contacts_known_to(cls, doctor: Doctor) -> dict[str, set[str]]:
        """Phones and addresses of who was invited already or is in a chat with this doctor, and how they are called
        there (`key_of` their names)."""
        invited = select(cls.phone, cls.email, cls.name).where(cls.doctor_id == doctor.id, cls.withdrawn_at.is_(None))
        with_chat = select(User.phone, User.email, User.name).join(Chat, Chat.patient_id == User.id)
        rows = [*db.session.execute(invited), *db.session.execute(with_chat.where(Chat.doctor_id == doctor.id))]
        known: dict[str, set[str]] = {}
        for *contacts, name in rows:
            for contact in filter(None, contacts):
                known.setdefault(contact, set()).add(key_of(name))
        return known

    @classmethod
    def chats_of(cls, invitations: Sequence[Self]) -> dict[int, int]:
        """The chats that these have opened, by the invitations' numbers."""
        accepted = [invitation.id for invitation in invitations if invitation.accepted_at is not None]
        meets = (Chat.patient_id == cls.accepted_by_id) & (Chat.doctor_id == cls.doctor_id)
        opened = select(cls.id, Chat.id).join(Chat, meets).where(cls.id.in_(accepted))
        return dict(db.session.execute(opened).tuples().all()) if accepted else {}

    # Questions

    @property
    def token(self) -> str:
        return short_link_token("invitation", self.id, self.nonce)

    @property
    def contact(self) -> str:
        return self.phone or self.email or ""

    @property
    def is_alive(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > clock.now()

    @property
    def state(self) -> InvitationState:
        if self.accepted_at is not None:
            return InvitationState.ACCEPTED
        if self.forgotten_at is not None:
            return InvitationState.FORGOTTEN
        if self.withdrawn_at is not None:
            return InvitationState.WITHDRAWN
        if self.expires_at <= clock.now():
            return InvitationState.EXPIRED
        if self.opened_at is not None:
            return InvitationState.OPENED
        return (
            OF_DELIVERY.get(self.delivery.state, InvitationState.WAITING) if self.delivery else InvitationState.WAITING
        )

    @property
    def is_on_its_way(self) -> bool:
        """The next look may find it sent."""
        return self.state is InvitationState.WAITING and not (self.delivery and self.delivery.failure)

    @property
    def waits_for_tomorrow(self) -> bool:
        """Today's SMS are used up."""
        return self.delivery is not None and self.delivery.waits_for_tomorrow

    @property
    def can_be_sent_again(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None

    # Verbs

    @classmethod
    def invite(
        cls,
        doctor: Doctor,
        sender: User,
        *,
        phone: str | None = None,
        email: str | None = None,
        name: str = "",
        birth_date: date | None = None,
    ) -> Self:
        """On its way by a job; one contact is invited by one doctor once, and only who could be a patient.

        Raises what is a CannotBeInvited: NoSmsThere, IsOnesOwn, IsOfTheClinic, AlreadyHasChat, AlreadyInvited,
        InvitedEnoughToday.
        """
        advisory_lock(LockKind.INVITED_CONTACT, doctor.id, phone or email)
        mine = cls.doctor_id == doctor.id, cls.withdrawn_at.is_(None)
        contact = cls.phone == phone if phone else cls.email == email
        cls._refuse_without_sms(phone)
        cls._refuse_the_known(doctor, sender, phone, email)
        if db.session.scalar(select(cls.id).where(*mine, contact)) is not None:
            raise errors.AlreadyInvited
        cls._count_sending(doctor.id, phone or email or "")
        invitation = cls(doctor_id=doctor.id, sender_id=sender.id, phone=phone, email=email, name=name)
        invitation.birth_date = birth_date
        invitation.expires_at = clock.now() + cls.LIVES
        db.session.add(invitation)
        db.session.flush()
        invitation._go_out()
        return invitation

    def send_again(self) -> None:
        """By a fresh link; the old one is dead.

        Raises InvitationIsOver, InvitationIsFresh, NoSmsThere or InvitedEnoughToday.
        """
        self._lock()
        if not self.can_be_sent_again:
            raise errors.InvitationIsOver
        if clock.now() - self.asked_at < self.AGAIN_AFTER:
            raise errors.InvitationIsFresh
        self._refuse_without_sms(self.phone)
        self._count_sending(self.doctor_id, self.contact)
        self.nonce = new_nonce()
        self.asked_at, self.expires_at = clock.now(), clock.now() + self.LIVES
        self.opened_at = self.delivery_id = self.delivery = None
        self._go_out()

    def withdraw(self) -> None:
        """Raises InvitationIsOver when the patient was faster."""
        self._lock()
        if self.accepted_at is not None:
            raise errors.InvitationIsOver
        self.withdrawn_at = self.withdrawn_at or clock.now()

    def leave(self, delivery: Delivery) -> None:
        """Its days count from when it can be read, not from when it waited for its turn."""
        self.delivery = delivery
        self.expires_at = clock.now() + self.LIVES

    def wait(self) -> None:
        """For a day on which it may be sent."""
        self.expires_at = clock.now() + self.LIVES

    # Below: parts of the verbs

    @classmethod
    def _with_doctor(cls) -> Select[tuple[Self]]:
        return (
            select(cls)
            .join(cls.doctor)
            .join(Doctor.user)
            .options(contains_eager(cls.doctor).contains_eager(Doctor.user))
        )

    @staticmethod
    def _count_sending(doctor_id: int, contact: str) -> None:
        """Taken back and sent anew is sent once more. Raises InvitedEnoughToday."""
        try:
            RateLimitHit.count(LimitKind.INVITATION, f"{doctor_id} {contact}")
        except errors.TooManyAttempts:
            raise errors.InvitedEnoughToday from None

    @staticmethod
    def _refuse_without_sms(phone: str | None) -> None:
        if phone is not None and not current_settings.sends_sms_to(phone):
            raise errors.IsLandline if phones.is_landline(phone) else errors.NoSmsThere

    @staticmethod
    def _refuse_the_known(doctor: Doctor, sender: User, phone: str | None, email: str | None) -> None:
        """Who has only looked at the chat, and does not find it in their list, may be invited to it."""
        known = db.session.scalar(select(User).where(User.phone == phone if phone else User.email == email))
        if known is None:
            return
        if known.id == sender.id:
            raise errors.IsOnesOwn
        if not known.is_patient:
            raise errors.IsOfTheClinic
        chat = Chat.between(known, doctor)
        if chat is not None and chat.last_at is not None:
            raise errors.AlreadyHasChat(chat.id)

    def _go_out(self) -> None:
        self.token_hash = fingerprint(self.token)
        job = Job.add(JobKind.INVITATION, self.id)
        db.session.flush()
        self.job_id = job.id

    def _lock(self) -> None:
        """Until the commit nobody else accepts it, takes it back, sends it again or makes it forget its person."""
        advisory_lock(LockKind.INVITATION, self.id)
        db.session.flush()  # what is read anew forgets what was not written yet
        seen = ["accepted_at", "accepted_by_id", "withdrawn_at", "expires_at", "nonce", "asked_at", "phone", "email"]
        db.session.refresh(self, seen, with_for_update=True)
