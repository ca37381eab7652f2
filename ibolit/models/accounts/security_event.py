"""A way into an account has changed, or somebody tries: told to every older way, which may say «Это не я»."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ... import errors
from ...events import AccountNoted, record
from ...extensions import Model, db
from ...services import clock
from ...services.codes import is_short_link_token, new_nonce, short_link_token
from ..consultations import DeviceTransfer
from ..delivery import Channel, PushSubscription
from ..family import permission
from ..invitations import LoginCode
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..my_data import DataCopy
from ..people import EMAIL_SETTLES_IN, Dependant, Device, EmailProof, KnownBrowser, User
from ..purging import purge
from ..types import RowId, UtcDateTime, enum_column


class SecurityEventKind(StrEnum):
    PASSWORD = "password"
    EMAIL = "email"
    DEVICE = "device"  # somebody signed in in a browser that was not known
    WRONG_PASSWORDS = "wrong_passwords"  # wrong passwords
    PHONE_LEFT = "phone_left"  # its new holder said that the account is not theirs
    PHONE_GIVEN = "phone_given"  # by the office
    PHONE = "phone"  # by both codes
    ERASURE = "erasure"  # «Удалить аккаунт»
    WITHDRAWAL = "withdrawal"  # of the consent to the processing
    DATA_COPY = "data_copy"  # somebody asked for all that is known of them
    REPRESENTED = "represented"  # by a code to their phone somebody was let write for them


# Told by SMS, too, whatever else there is; of the others only who has neither push nor mail hears by SMS.
CHANGES = (
    SecurityEventKind.PASSWORD,
    SecurityEventKind.EMAIL,
    SecurityEventKind.PHONE,
    SecurityEventKind.ERASURE,
    SecurityEventKind.WITHDRAWAL,
)
LEAVING = (SecurityEventKind.ERASURE, SecurityEventKind.WITHDRAWAL)
TOLD_BY_SMS = (*CHANGES, SecurityEventKind.DATA_COPY, SecurityEventKind.REPRESENTED)

OF_PHONE = (SecurityEventKind.PHONE_LEFT, SecurityEventKind.PHONE_GIVEN)

JOB_FOR_CHANNEL = {
    Channel.SMS: JobKind.SECURITY_SMS,
    Channel.MAIL: JobKind.SECURITY_MAIL,
    Channel.PUSH: JobKind.SECURITY_PUSH,
}


@dataclass(frozen=True)
class PriorCredentials:
    """The ways in as they were."""

    email: str | None
    email_is_settled: bool
    password_hash: str

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(user.email, user.email_is_settled, user.password_hash)


class SecurityEvent(Model):
    """What was before lies in `email` and `password_hash`: what «Это не я» brings back within 72 hours."""

    __table_args__ = (Index("ix_security_event_of_user", "user_id", "id"),)

    UNDO_WITHIN = timedelta(hours=72)
    KEPT_FOR = timedelta(days=7)
    WRONG_PASSWORDS_EVERY = timedelta(days=1)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[SecurityEventKind] = mapped_column(enum_column(SecurityEventKind))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    nonce: Mapped[str] = mapped_column(String(32), default=new_nonce)
    device_id: Mapped[int | None] = mapped_column(RowId)  # where it was done; devices are forgotten sooner
    email: Mapped[str | None] = mapped_column(String(254))  # before it
    email_is_settled: Mapped[bool] = mapped_column(default=False)
    password_hash: Mapped[str | None] = mapped_column(String(200))  # before it, where it was another
    phone: Mapped[str | None] = mapped_column(String(20))  # before it, where it was another
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    dependant_id: Mapped[int | None] = mapped_column(RowId)  # who was let be written for
    user: Mapped[User] = relationship(innerjoin=True)

    @classmethod
    def announce(
        cls,
        user: User,
        kind: SecurityEventKind,
        device: Device | None = None,
        before: PriorCredentials | None = None,
        phone: str | None = None,
        dependant_id: int | None = None,
    ) -> Self:
        """Within the transaction of the change, of the ways as they were before it; `phone`: as it was; `dependant_id`:
        in whose name somebody may write."""
        before = before or PriorCredentials.of(user)
        change = cls(user=user, kind=kind, device_id=device.id if device else None, email=before.email, phone=phone)
        change.email_is_settled, change.password_hash = before.email_is_settled, before.password_hash
        change.dependant_id = dependant_id
        db.session.add(change)
        db.session.flush()
        for channel in change._channels():
            Job.add(JOB_FOR_CHANNEL[channel], change.id)
        return change

    @classmethod
    def announce_wrong_passwords(cls, user: User) -> None:
        """Once a day."""
        advisory_lock(LockKind.WRONG_PASSWORDS, user.id)
        since = clock.now() - cls.WRONG_PASSWORDS_EVERY
        told = select(cls.id).where(
            cls.user_id == user.id, cls.kind == SecurityEventKind.WRONG_PASSWORDS, cls.at > since
        )
        if db.session.scalar(told.limit(1)) is None:
            cls.announce(user, SecurityEventKind.WRONG_PASSWORDS)

    @classmethod
    def purge_old(cls) -> int:
        return purge(cls, cls.at < clock.now() - cls.KEPT_FOR)

    def token_for(self, channel: Channel) -> str:
        """Of the link in this way's news; empty for a way that may undo nothing, being hardly older than the change."""
        return short_link_token(f"not-me-{channel}", self.id, self.nonce) if self._may_undo(channel) else ""

    def is_shown_by(self, token: str) -> bool:
        """Whether the link is one of this change's, from a way that may undo it."""
        answers = [is_short_link_token(f"not-me-{channel}", self.id, self.nonce, token) for channel in Channel]
        return any(answers) and clock.now() - self.at < self.UNDO_WITHIN

    def listening(self) -> Sequence[PushSubscription]:
        """Devices that are older than the change, and not the one it was made on."""
        older = select(Device.id).where(Device.user_id == self.user_id, Device.created_at < self.at)
        devices = set(db.session.scalars(older)) - {self.device_id}
        return [one for one in PushSubscription.reaching(self.user_id) if one.device_id in devices]

    @property
    def is_change(self) -> bool:
        """Whether a way in was changed; else somebody only came in by one, or tried to."""
        return self.kind in (*CHANGES, *OF_PHONE)

    @property
    def older_phone(self) -> str | None:
        """Where its SMS goes."""
        return self.phone or self.user.phone

    def undo(self, token: str) -> None:
        """«Это не я»: this change and all after it are undone, and so is an earlier one that would erase the account;
        everybody is signed out, the ways in are frozen.

        Raises LinkIsSpent. Pressed twice it changes nothing more.
        """
        advisory_lock(LockKind.WAYS_IN, self.user_id)
        if not self.is_shown_by(token):
            raise errors.NotMeIsSpent
        if self.undone_at is not None:
            return
        for change in self._undone_with_it():
            change._restore()
        void_pending_proofs(self.user)
        Device.end_others(self.user, None)
        KnownBrowser.forget_others(self.user_id, "")
        self.user.freeze()

    # Below: parts of the verbs

    def _channels(self) -> list[Channel]:
        ways = [Channel.PUSH] if self.listening() else []
        ways += [Channel.MAIL] if self.email else []
        if self.kind in OF_PHONE or self.older_phone is None:  # the number is no older way
            return ways
        return [*ways, Channel.SMS] if self.kind in TOLD_BY_SMS or not ways else ways

    def _may_undo(self, channel: Channel) -> bool:
        return channel is not Channel.MAIL or self.email_is_settled

    def _undone_with_it(self) -> Sequence[SecurityEvent]:
        """This one, later ones, and of the earlier ones what would erase the account; the newest first."""
        one, young = SecurityEvent, clock.now() - self.UNDO_WITHIN
        leaves = one.kind.in_(LEAVING) & (one.at > young)
        mine = one.user_id == self.user_id, one.undone_at.is_(None), (one.id >= self.id) | leaves
        return db.session.scalars(select(one).where(*mine).order_by(one.id.desc())).all()

    def _give_phone_back(self, phone: str) -> None:
        """Unless somebody has it by now: then the account has none until the office gives it one."""
        advisory_lock(LockKind.PHONE, phone)
        owner, before = User.by_phone(phone), self.user.phone
        self.user.phone = phone if owner in (None, self.user) else None
        db.session.flush()
        self.user.note_phone_change(before)

    def _restore(self) -> None:
        self.undone_at = clock.now()
        if self.kind is SecurityEventKind.DATA_COPY:
            DataCopy.withdraw_all_of(self.user)
        if self.kind is SecurityEventKind.PASSWORD and self.password_hash is not None:
            self.user.password_hash = self.password_hash
        if self.kind is SecurityEventKind.REPRESENTED and self.dependant_id is not None:
            permission.end(db.session.get_one(Dependant, self.dependant_id))
        if self.kind is SecurityEventKind.PHONE_GIVEN:
            self.user.phone = None
        if self.kind is SecurityEventKind.PHONE and self.phone is not None:
            self._give_phone_back(self.phone)
        if self.kind in LEAVING and self.user.erased_at is None:
            self.user.erases_at = self.user.withdrawn_at = None
            record(AccountNoted("undone", self.user_id))
        if self.kind is SecurityEventKind.EMAIL and not _is_anothers(self.email, self.user):
            self.user.email = self.email
            self.user.email_proved_at = self.at - EMAIL_SETTLES_IN if self.email_is_settled else self.at


def change_phone(user: User, old: LoginCode | None, new: LoginCode, device: Device | None) -> None:
    """Both numbers were proved by their codes; who has none, proves the new one alone. Older ways hear of it.

    Raises CodeIsSpent and NumberIsAnothers.
    """
    advisory_lock(LockKind.WAYS_IN, user.id)
    db.session.refresh(user, with_for_update={"of": User})
    if old is not None:
        old.spend()
    new.spend()
    if (old.phone if old else None) != user.phone:
        raise errors.CodeIsSpent  # it was changed in another window meanwhile
    replace_phone(user, new.phone, device)


def replace_phone(user: User, phone: str, device: Device | None = None) -> None:
    """By the person, or by the office that has seen who asks. Raises NumberIsAnothers."""
    advisory_lock(LockKind.PHONE, phone)
    if User.by_phone(phone) is not None:
        raise errors.NumberIsAnothers
    before, user.phone = user.phone, phone
    db.session.flush()
    SecurityEvent.announce(user, SecurityEventKind.PHONE, device, phone=before)
    if before is not None:
        LoginCode.void_all_of(before)
    user.note_phone_change(before)


def change_password(user: User, hashed: str, device: Device | None, browser: str) -> None:
    """Nobody else stays in, and nothing that was under way goes on. A first password is nobody's change."""
    if user.is_activated:
        SecurityEvent.announce(user, SecurityEventKind.PASSWORD, device)
    user.password_hash = hashed
    void_pending_proofs(user)
    Device.end_others(user, device)
    KnownBrowser.forget_others(user.id, browser)


def prove_email(proof: EmailProof, token: str) -> None:
    """Its older ways learn of it. Raises LinkIsSpent."""
    before = PriorCredentials.of(proof.user)
    proof.accept(token)
    if before.email != proof.email:
        SecurityEvent.announce(proof.user, SecurityEventKind.EMAIL, None, before)


def request_data_copy(user: User, device: Device) -> DataCopy:
    """All that is known of them, for themselves; their older ways learn of it. Raises TooManyAttempts."""
    DataCopy.lock_of(user)  # a second press at the same time meets the first one's copy
    newest = DataCopy.newest_of(user)
    copy = DataCopy.ask(user, device)
    if newest is None or copy.id != newest.id:
        SecurityEvent.announce(user, SecurityEventKind.DATA_COPY, device)
    return copy


def void_pending_proofs(user: User) -> None:
    """Proofs, codes and links that were asked for before are worth nothing after it."""
    now = clock.now()
    db.session.execute(
        update(EmailProof).where(EmailProof.user_id == user.id, EmailProof.used_at.is_(None)).values(used_at=now)
    )
    DeviceTransfer.void_all_of(user.id)
    if user.phone is not None:
        LoginCode.void_all_of(user.phone)


def _is_anothers(email: str | None, user: User) -> bool:
    owner = User.by_email(email) if email else None
    return owner is not None and owner.id != user.id
