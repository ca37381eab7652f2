"""A six-digit SMS code that proves a phone. It belongs to the browser that asked for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from sqlalchemy import String, false, select, update
from sqlalchemy.orm import Mapped, mapped_column

from ... import errors
from ...config import current_settings
from ...extensions import db
from ...networks import household_of, network_of
from ...services import clock
from ...services.codes import code_for, is_code, new_nonce
from ..job import Job, JobKind
from ..locking import LockKind, advisory_lock
from ..people import LimitKind, RateLimitHit, User, hash_of
from ..typed_code import TypedCode
from ..types import RowId, UtcDateTime, enum_column
from .invitation import Invitation

LONGEST_NEXT_URL = 200


class PhoneHolder(StrEnum):
    """Who proved a number that may have been resold."""

    OWNER = "owner"  # of the account that has it
    NEW = "new"


class LoginCode(TypedCode):
    """Computed when sent, never stored; proves once, then opens one change of password.

    Every browser has codes and guesses of its own: what strangers type spoils nobody's.
    """

    PROOF_LIVES = timedelta(minutes=15)  # from the right code to the new password
    MOST_FOR_STRANGERS = 3  # of browsers nobody knows, for one phone

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    phone: Mapped[str] = mapped_column(String(20), index=True)
    browser: Mapped[str] = mapped_column(String(64), default="", server_default="")  # its cookie's hash
    has_own: Mapped[bool] = mapped_column(default=False, server_default=false())  # an allowance, see ask()
    is_for_change: Mapped[bool] = mapped_column(default=False, server_default=false())  # of a phone; opens nothing else
    nonce: Mapped[str] = mapped_column(String(32), default=new_nonce)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)  # of the last sending
    guesses: Mapped[int] = mapped_column(default=0)
    holder: Mapped[PhoneHolder | None] = mapped_column(
        enum_column(PhoneHolder)
    )  # as far as it was asked, see reassigned_number
    proved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    spent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_url: Mapped[str] = mapped_column(
        String(LONGEST_NEXT_URL), default="", server_default=""
    )  # a path behind the entrance

    @classmethod
    def ask(cls, phone: str, address: str, browser: str = "", own: str = "", *, is_for_change: bool = False) -> Self:
        """A code for this phone, on its way by a job; the one still alive is sent again, but not within a minute.

        `browser` is the token of the one that asks, `own` whose allowance it takes: that of a known browser, a device
        or an invitation's link, which no stranger can use up. Raises TooManyAttempts. Says nothing of whether the
        phone is known: the job decides that.
        """
        advisory_lock(LockKind.PHONE, phone)
        browser = hash_of(browser) if browser else ""
        code = cls.newest_for(phone, browser)
        if code is None or not code.is_redeemable() or code.is_for_change != is_for_change:
            if not own and cls._count_of_strangers(phone) >= cls.MOST_FOR_STRANGERS:
                raise errors.TooManyAttempts
            code = cls(phone=phone, browser=browser, has_own=bool(own), is_for_change=is_for_change)
            db.session.add(code)
        elif code.resend_in():
            return code
        cls._count(phone, address, browser, own)
        code.asked_at = clock.now()
        db.session.flush()
        Job.add(JobKind.LOGIN_CODE, code.id)
        return code

    @classmethod
    def newest_for(cls, phone: str, browser: str | None = None) -> Self | None:
        """Of one browser, by its cookie's hash, or of any."""
        codes = select(cls).where(cls.phone == phone).order_by(cls.id.desc()).limit(1)
        return db.session.scalar(codes if browser is None else codes.where(cls.browser == browser))

    @classmethod
    def interrupted_next_url_of(cls, phone: str) -> str | None:
        """Where an entry with this phone was led that has not arrived there, of a day, in whichever browser."""
        newest = select(cls.next_url).where(cls.phone == phone, cls.next_url != "").order_by(cls.id.desc()).limit(1)
        return db.session.scalar(newest.where(cls.created_at > clock.now() - cls.KEPT))

    @classmethod
    def forget_next_url(cls, phone: str) -> None:
        db.session.execute(update(cls).where(cls.phone == phone, cls.next_url != "").values(next_url=""))

    @classmethod
    def void_all_of(cls, phone: str) -> None:
        """A new password was set, or somebody said «Это не я»."""
        live = cls.phone == phone, cls.spent_at.is_(None)
        db.session.execute(update(cls).where(*live).values(spent_at=clock.now()))

    @property
    def digits(self) -> str:
        return code_for("login", self.id, self.nonce)

    def is_invited(self) -> bool:
        """In `invite` mode only phones the clinic knows get codes, and no other phone ever proves one."""
        is_known = current_settings.registration_is_open or self.is_for_change or User.by_phone(self.phone) is not None
        return is_known or Invitation.knows_phone(self.phone)

    def mail_as_well(self) -> None:
        """Where the SMS does not arrive: to the address the person has proved, once for each time it was asked for."""
        user = User.by_phone(self.phone)
        if user is None or not user.email_is_settled or not self.is_redeemable():
            return
        if not Job.was_added(JobKind.CODE_BY_MAIL, self.id, since=self.asked_at):
            Job.add(JobKind.CODE_BY_MAIL, self.id)

    def is_redeemable(self) -> bool:
        is_used = self.proved_at is not None or self.spent_at is not None
        return not self.is_old() and not is_used and self.guesses < self.MOST_GUESSES

    def is_newest(self) -> bool:
        """Of its browser's."""
        return LoginCode.newest_for(self.phone, self.browser) is self

    def guess(self, digits: str) -> None:
        """The guess is counted by the database before it is compared.

        Raises CodeIsOld, CodeIsSpent, CodeIsElsewhere or CodeIsWrong. Commit also after a wrong guess: the count
        must stay.
        """
        if self.is_old() or not self.is_newest():
            raise errors.CodeIsOld
        counted = db.session.execute(
            update(LoginCode)
            .where(LoginCode.id == self.id, LoginCode.guesses < self.MOST_GUESSES)
            .where(LoginCode.proved_at.is_(None), LoginCode.spent_at.is_(None))
            .values(guesses=LoginCode.guesses + 1)
        )
        if counted.rowcount == 0:  # type: ignore[attr-defined]
            raise errors.CodeIsSpent
        if not is_code("login", self.id, self.nonce, digits) or not self.is_invited():
            if self._is_of_another_browser(digits):
                raise errors.CodeIsElsewhere
            raise errors.CodeIsWrong(self.MOST_GUESSES - self.guesses, was_sent=current_settings.registration_is_open)
        self.proved_at = clock.now()

    def _is_of_another_browser(self, digits: str) -> bool:
        """Who has read the SMS is told where it belongs; it opens nothing here."""
        others = LoginCode.phone == self.phone, LoginCode.id != self.id, LoginCode.browser != self.browser
        living = db.session.scalars(select(LoginCode).where(*others, LoginCode.created_at > clock.now() - self.LIVES))
        return any(one.is_redeemable() and is_code("login", one.id, one.nonce, digits) for one in living)

    @classmethod
    def _count_of_strangers(cls, phone: str) -> int:
        """Codes of browsers nobody knows that can be typed now."""
        living = cls.phone == phone, ~cls.has_own, cls.created_at > clock.now() - cls.LIVES
        return sum(code.is_redeemable() for code in db.session.scalars(select(cls).where(*living)))

    @staticmethod
    def _count(phone: str, address: str, browser: str, own: str) -> None:
        """Raises TooManyAttempts. Of a phone's five an hour one unknown browser gets three, and one address."""
        if own:
            RateLimitHit.count(LimitKind.CODE_OF_ITS_OWN, f"{own} {phone}")
            return
        home = household_of(address)
        RateLimitHit.count(LimitKind.CODE_FROM_ADDRESS, home)
        if browser:
            RateLimitHit.count(LimitKind.CODE_PHONE_BROWSER, f"{phone} {browser}")
            RateLimitHit.count(LimitKind.CODE_PHONE_ADDRESS, f"{phone} {home}")
        RateLimitHit.count(LimitKind.CODE_FOR_PHONE, phone)
        try:
            RateLimitHit.count(LimitKind.CODE_FROM_NETWORK, network_of(address))
        except errors.TooManyAttempts:
            raise errors.NetworkHasAskedEnough from None

    def proves_phone(self) -> bool:
        return self.proved_at is not None and self.spent_at is None and clock.now() - self.proved_at < self.PROOF_LIVES

    def spend(self) -> None:
        """The proof opens one password; raises CodeIsSpent for the second, also when both come at once."""
        advisory_lock(LockKind.PHONE, self.phone)  # who registers this phone beside us is waited for
        if not self.proves_phone():
            raise errors.CodeIsSpent
        spent = db.session.execute(
            update(LoginCode).where(LoginCode.id == self.id, LoginCode.spent_at.is_(None)).values(spent_at=clock.now())
        )
        if spent.rowcount == 0:  # type: ignore[attr-defined]
            raise errors.CodeIsSpent
