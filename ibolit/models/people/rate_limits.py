"""Counted attempts: what limits guessing. Rows survive a restart; phones and addresses are kept as fingerprints."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Index, String, and_, delete, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...config import current_settings
from ...extensions import Model, db
from ...services import clock
from ...services.codes import fingerprint
from ..locking import LockKind, advisory_lock
from ..purging import purge
from ..types import RowId, UtcDateTime, enum_column


class LimitKind(StrEnum):
    """A hit's key is a fingerprint that begins with this value, so a value in use is never changed."""

    CODE_FOR_PHONE = "code_phone"
    CODE_FROM_ADDRESS = "code_address"
    CODE_FROM_NETWORK = "code_network"
    CODE_PHONE_ADDRESS = "code_phone_address"
    CODE_PHONE_BROWSER = "code_phone_browser"
    CODE_OF_ITS_OWN = "code_of_its_own"
    PASSWORD_FOR_ACCOUNT = "password_account"
    PASSWORD_KNOWN = "password_known"
    PASSWORD_CURRENT = "password_current"
    PASSWORD_SLOWED = "password_slowed"
    WRONG_FOR_LOGIN = "wrong_login"
    WRONG_FOR_USER = "wrong_user"
    PASSWORD_FROM_ADDRESS = "password_address"
    OWNER_NAME = "owner_name"
    OWNER_MAIL = "owner_mail"
    OWNER_CODE = "owner_code"
    EMAIL_PROOF = "email_proof"
    PHONE_CHANGE = "phone_change"
    PAYMENT_CHECK = "payment_check"
    ASKING_FOR_TIME = "asking_for_time"
    DEVICE_TRANSFER = "handover"
    DEVICE_TRANSFER_FROM_ADDRESS = "handover_address"
    INVITATION = "invitation"
    LIVE_SCREEN = "live_screen"
    CALENDAR_FEED = "calendar_feed"
    DATA_COPY = "data_copy"
    FAMILY_CODE_OF_ACCOUNT = "family_code_account"
    FAMILY_CODE_FOR_PHONE = "family_code_phone"
    OWN_BIRTH_DATE = "own_birth_date"


SLOWED_AFTER = 20  # wrong passwords within an hour

BY_SETTING = 0  # the clinic decides how many

# Carriers put whole towns behind one address, so an address may try much more than a person.
LIMITS = {
    LimitKind.CODE_FOR_PHONE: (5, timedelta(hours=1)),
    LimitKind.CODE_FROM_ADDRESS: (30, timedelta(hours=1)),
    LimitKind.CODE_FROM_NETWORK: (BY_SETTING, timedelta(days=1)),
    LimitKind.CODE_PHONE_ADDRESS: (3, timedelta(hours=1)),
    LimitKind.CODE_PHONE_BROWSER: (3, timedelta(hours=1)),
    LimitKind.CODE_OF_ITS_OWN: (3, timedelta(hours=1)),  # of a known browser, a device, an invitation's link
    # What was typed from one address: never the account, whose phone and mail would tell of each other.
    LimitKind.PASSWORD_FOR_ACCOUNT: (10, timedelta(minutes=15)),
    LimitKind.PASSWORD_FROM_ADDRESS: (100, timedelta(minutes=15)),
    LimitKind.PASSWORD_KNOWN: (10, timedelta(minutes=15)),
    LimitKind.PASSWORD_CURRENT: (10, timedelta(minutes=15)),
    LimitKind.PASSWORD_SLOWED: (
        4,
        timedelta(hours=1),
    ),  # from one address, once SLOWED_AFTER wrong ones came from anywhere
    LimitKind.WRONG_FOR_LOGIN: (SLOWED_AFTER, timedelta(hours=1)),
    LimitKind.WRONG_FOR_USER: (SLOWED_AFTER, timedelta(hours=1)),
    LimitKind.OWNER_NAME: (3, timedelta(days=1)),  # of an account whose number may be resold
    LimitKind.OWNER_MAIL: (3, timedelta(days=1)),
    LimitKind.OWNER_CODE: (5, timedelta(days=1)),  # of one proof
    LimitKind.EMAIL_PROOF: (5, timedelta(hours=1)),
    LimitKind.PHONE_CHANGE: (5, timedelta(days=1)),  # of an account: each sends SMS to a number that somebody has typed
    LimitKind.DEVICE_TRANSFER: (10, timedelta(hours=1)),
    LimitKind.DEVICE_TRANSFER_FROM_ADDRESS: (60, timedelta(hours=1)),
    LimitKind.INVITATION: (5, timedelta(days=1)),  # to one phone or address by one doctor
    LimitKind.FAMILY_CODE_OF_ACCOUNT: (10, timedelta(days=1)),  # each is an SMS to a relative
    LimitKind.FAMILY_CODE_FOR_PHONE: (3, timedelta(hours=1)),
    LimitKind.OWN_BIRTH_DATE: (3, timedelta(days=1)),  # of who has come of age and takes the chats over
    LimitKind.PAYMENT_CHECK: (20, timedelta(minutes=10)),  # each may become a question to the provider
    LimitKind.LIVE_SCREEN: (
        0,
        timedelta(days=1),
    ),  # what failed by our own fault, for `flask doctor`; nobody is refused it
    LimitKind.CALENDAR_FEED: (60, timedelta(hours=1)),  # of a doctor: calendars look every quarter of an hour at most
    LimitKind.DATA_COPY: (3, timedelta(days=1)),  # each may be a gigabyte
    LimitKind.ASKING_FOR_TIME: (10, timedelta(hours=1)),  # each is an SMS to the other side, which the clinic pays for
}


class RateLimitHit(Model):
    __table_args__ = (Index("ix_rate_limit_hit_counted", "kind", "key", "at"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    kind: Mapped[LimitKind] = mapped_column(enum_column(LimitKind))
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)

    @classmethod
    def count(cls, kind: LimitKind, who: str) -> None:
        """Adds one attempt or raises TooManyAttempts; the check and the row are one step."""
        advisory_lock(LockKind.RATE_LIMIT, fingerprint(f"{kind}:{who}"))
        if cls.is_reached(kind, who):
            raise errors.TooManyAttempts
        cls.note(kind, who)

    @classmethod
    def note(cls, kind: LimitKind, who: str) -> None:
        """Add a hit without checking the limit."""
        db.session.add(cls.of(kind, who))
        db.session.flush()

    @classmethod
    def of(cls, kind: LimitKind, who: str) -> RateLimitHit:
        return cls(kind=kind, key=fingerprint(f"{kind}:{who}"))

    @classmethod
    def is_reached(cls, kind: LimitKind, who: str) -> bool:
        """Whether the limit is used up within its period."""
        most = LIMITS[kind][0] if kind is not LimitKind.CODE_FROM_NETWORK else current_settings.sms_network_max
        return cls.recent(kind, who) >= most

    @classmethod
    def recent(cls, kind: LimitKind, who: str) -> int:
        """How many in the period of its limit."""
        key, since = fingerprint(f"{kind}:{who}"), clock.now() - LIMITS[kind][1]
        found = select(func.count()).where(cls.kind == kind, cls.key == key, cls.at > since)
        return db.session.scalar(found) or 0

    @classmethod
    def forgive(cls, kind: LimitKind, who: str) -> None:
        """Delete the hits: the right password clears the wrong ones before it."""
        db.session.execute(delete(cls).where(cls.kind == kind, cls.key == fingerprint(f"{kind}:{who}")))

    @classmethod
    def purge_old(cls) -> int:
        """Delete hits older than their period, or than KEEP_ATTEMPT_DAYS if that is longer."""
        kept = timedelta(days=current_settings.keep_attempts)
        old = (and_(cls.kind == kind, cls.at < clock.now() - max(one, kept)) for kind, (_, one) in LIMITS.items())
        return purge(cls, or_(*old))
