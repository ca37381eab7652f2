"""What every doctor asks first: allergies, regular medicines, chronic illnesses; a row each, with who and when.

docs/product.md, «Facts about the patient»: what the patient writes every doctor of theirs sees; what a doctor adds is
seen by that doctor and the patient, by others after «Показать всем моим врачам». A row's words never change: another
wording is a row of its own that replaces it; what somebody takes off stays, crossed out. So both histories are kept.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, Text, and_, exists, or_, select, text, update
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship
from sqlalchemy.orm.strategy_options import _AbstractLoad

from ... import errors
from ...events import PatientFactsChanged, record
from ...extensions import Model, db
from ...services import clock
from ..locking import LockKind, advisory_lock
from ..types import RowId, UtcDateTime, enum_column
from .fact_lines import FactKind, fact_key, lines_of
from .person import SubjectKey
from .user import User


class PatientFact(Model):
    """A live one is crossed out by nobody the reader is to hear of; see strike_for()."""

    LONGEST = 2000  # letters: a line of an intake form may be as long as all of it
    LONGEST_TYPED = 300
    MOST = 100  # live ones of a kind by one author

    __table_args__ = (Index("ix_patient_fact_of_patient", "patient_id", "kind", "id"),)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    dependant_id: Mapped[int | None] = mapped_column(ForeignKey("dependant.id"), index=True)  # about whom, if not them
    kind: Mapped[FactKind] = mapped_column(enum_column(FactKind))
    text: Mapped[str] = mapped_column(Text)
    author_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    shared_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by the patient, with all their doctors
    withheld_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the patient was asked, and said no
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("patient_fact.id"), unique=True)
    author: Mapped[User] = relationship(foreign_keys=[author_id], innerjoin=True, viewonly=True)
    strikes: Mapped[list[PatientFactStrike]] = relationship(order_by="PatientFactStrike.id", viewonly=True)

    # Look-ups

    @classmethod
    def seen_by(cls, viewer: User, whose: SubjectKey) -> list[PatientFact]:
        """The oldest first, crossed out ones as well, each with its people; whose patient it is asks the caller."""
        shown = _with_people(cls).where(*cls.are_about(whose), cls._is_seen_by(viewer.id))
        return list(db.session.scalars(shown.order_by(cls.id)).unique())

    @classmethod
    def find_for(cls, viewer: User, id: int) -> PatientFact | None:
        """One that the person may see, if it is of a patient of theirs."""
        one = _with_people(cls).where(cls.id == id, cls._is_seen_by(viewer.id))
        return db.session.scalars(one.execution_options(populate_existing=True)).unique().one_or_none()

    @classmethod
    def known_to_all(cls, whose: SubjectKey, kind: FactKind) -> list[PatientFact]:
        """The live ones that every doctor sees, the oldest first: what an intake form begins with."""
        known = _with_people(cls).where(*cls.are_about(whose), cls.kind == kind, cls._are_shared())
        known = known.order_by(cls.id)
        return [one for one in db.session.scalars(known).unique() if one._strike_seen_by(whose.patient_id) is None]

    @classmethod
    def unanswered_of(cls, whose: SubjectKey) -> list[PatientFact]:
        """Allergies that a doctor has added, and of which the patient has not said whether all doctors may see them."""
        asked = _with_people(cls).where(cls.is_unanswered(and_(*cls.are_about(whose)))).order_by(cls.id)
        return list(db.session.scalars(asked).unique())

    @classmethod
    def is_unanswered(cls, whose: ColumnElement[bool]) -> ColumnElement[bool]:
        is_open = cls.shared_at.is_(None) & cls.withheld_at.is_(None) & (cls.author_id != cls.patient_id)
        is_struck = exists().where(PatientFactStrike.fact_id == cls.id, PatientFactStrike.undone_at.is_(None))
        return whose & (cls.kind == FactKind.ALLERGY) & is_open & ~is_struck

    @classmethod
    def are_about(cls, whose: SubjectKey) -> tuple[ColumnElement[bool], ...]:
        """All of one person, whoever may see which."""
        return cls.patient_id == whose.patient_id, cls.dependant_id.is_not_distinct_from(whose.dependant_id)

    @classmethod
    def _is_seen_by(cls, viewer_id: int) -> ColumnElement[bool]:
        """As is_seen_by() says of one, and _are_shared() as is_shared."""
        return or_(cls._are_shared(), cls.author_id == viewer_id, cls.patient_id == viewer_id)

    @classmethod
    def _are_shared(cls) -> ColumnElement[bool]:
        return or_(cls.author_id == cls.patient_id, cls.shared_at.is_not(None))

    # Questions

    def is_seen_by(self, viewer: User) -> bool:
        """The same rule of one that is loaded already."""
        return self.is_shared or viewer.id in (self.author_id, self.patient_id)

    @property
    def subject_key(self) -> SubjectKey:
        """Whom it is about."""
        return SubjectKey(self.patient_id, self.dependant_id)

    @property
    def is_of_patient(self) -> bool:
        return self.author_id == self.patient_id

    @property
    def is_shared(self) -> bool:
        """Every doctor of the patient sees it."""
        return self.is_of_patient or self.shared_at is not None

    def strike_for(self, viewer: User) -> PatientFactStrike | None:
        """Who has crossed it out, as far as this reader hears of it: a doctor's line through another's words is seen by
        that doctor and the patient; the patient's own, and the author's, by everybody."""
        return self._strike_seen_by(viewer.id)

    def _strike_seen_by(self, viewer_id: int) -> PatientFactStrike | None:
        live = (one for one in self.strikes if one.undone_at is None)
        return next((one for one in live if not one.is_private or viewer_id in (self.patient_id, one.by_id)), None)

    def is_live_for(self, viewer: User) -> bool:
        return self.strike_for(viewer) is None

    def may_be_reworded_by(self, viewer: User) -> bool:
        """One's own words only; others' are taken off, and one's own added."""
        return self.author_id == viewer.id and self.is_live_for(viewer)

    def may_be_restored_by(self, viewer: User) -> bool:
        strike = self.strike_for(viewer)
        return strike is not None and strike.by_id == viewer.id and not strike.is_replacement

    def is_asked_of(self, viewer: User) -> bool:
        """«Показать всем моим врачам» is this person's to say."""
        return viewer.id == self.patient_id and not self.is_shared and self.is_live_for(viewer)

    @property
    def newest(self) -> PatientFact:
        """What has taken its place by now, else itself."""
        one = self
        while (after := db.session.scalar(select(PatientFact).where(PatientFact.replaces_id == one.id))) is not None:
            one = after
        return one

    # Verbs: all under the lock of the facts about one person

    @classmethod
    def lock_of(cls, whose: SubjectKey) -> None:
        advisory_lock(LockKind.PATIENT_FACTS, whose)

    @classmethod
    def add(cls, whose: SubjectKey, author: User, kind: FactKind, text: str) -> PatientFact:
        """The new row, or the one that says the same already. Raises TooManyFacts."""
        cls.lock_of(whose)
        own = [one for one in cls.seen_by(author, whose) if one.kind is kind and one.is_live_for(author)]
        same = fact_key(text)
        for one in own:
            if fact_key(one.text) == same and (one.author_id == author.id or one.is_shared):
                return one
        if sum(one.author_id == author.id for one in own) >= cls.MOST:
            raise errors.TooManyFacts
        return cls._insert(whose, author, kind, text)

    def reword(self, author: User, text: str) -> PatientFact:
        """A row of its own takes its place, and is asked about anew; nothing changes when it says the same.

        Raises FactHasChanged when it was taken off or reworded meanwhile.
        """
        self.lock_of(self.subject_key)
        one = self._anew()
        if one.text == text and one.is_live_for(author):
            return one
        if not one.may_be_reworded_by(author) or one.newest is not one:
            raise errors.FactHasChanged
        one._cross_out(author, is_replacement=True)
        return one._insert(one.subject_key, author, one.kind, text, replaces_id=one.id)

    def strike(self, by: User) -> None:
        """Off, and readable; twice is once."""
        self.lock_of(self.subject_key)
        one = self._anew()
        if one.is_live_for(by):
            one._cross_out(by)

    def restore(self, by: User) -> None:
        """One's own line through it is taken back. Raises FactHasChanged when there is none."""
        self.lock_of(self.subject_key)
        one = self._anew()
        if one.is_live_for(by):
            return
        strike = one.strike_for(by)
        if strike is None or not one.may_be_restored_by(by):
            raise errors.FactHasChanged
        strike.undone_at = clock.now()
        db.session.flush()
        record(PatientFactsChanged(*one.subject_key))

    def answer(self, *, is_shared: bool) -> None:
        """The patient's word on what a doctor has added: all their doctors see it from now on, or only that doctor."""
        self.lock_of(self.subject_key)
        if self.is_of_patient:
            return
        self.shared_at = (self.shared_at or clock.now()) if is_shared else None
        self.withheld_at = None if is_shared else clock.now()
        if is_shared and self.replaces_id is not None:  # from now on it stands for what it replaces
            replaced = PatientFactStrike.fact_id == self.replaces_id, PatientFactStrike.is_replacement
            db.session.execute(update(PatientFactStrike).where(*replaced).values(is_private=False))
        db.session.flush()
        record(PatientFactsChanged(*self.subject_key))

    @classmethod
    def confirm(cls, whose: SubjectKey, patient: User, kind: FactKind, before: str, now: str) -> None:
        """An intake form was sent, on which `before` stood and now stands `now`: new lines are added, those that were
        taken out are crossed out by the patient, who may have answered for somebody. Raises TooManyFacts."""
        cls.lock_of(whose)
        wanted = {fact_key(line): line for line in lines_of(kind, now)}
        gone = {fact_key(line) for line in lines_of(kind, before)} - wanted.keys()
        known = cls.known_to_all(whose, kind)
        for one in known:
            if fact_key(one.text) in gone:
                one._cross_out(patient)
        had = {fact_key(one.text) for one in known}
        for same, line in wanted.items():
            if same not in had:
                cls.add(whose, patient, kind, line)

    @classmethod
    def _insert(
        cls, whose: SubjectKey, author: User, kind: FactKind, text: str, replaces_id: int | None = None
    ) -> PatientFact:
        said = {"author_id": author.id, "kind": kind, "text": text, "replaces_id": replaces_id}
        one = cls(**whose._asdict(), **said)
        db.session.add(one)
        db.session.flush()
        record(PatientFactsChanged(*whose))
        return one

    def _anew(self) -> PatientFact:
        one = _with_people(PatientFact).where(PatientFact.id == self.id).execution_options(populate_existing=True)
        return db.session.scalars(one).unique().one()

    def _cross_out(self, by: User, *, is_replacement: bool = False) -> None:
        """A doctor's new wording of what all doctors see is not theirs to see yet: the old one stands for them."""
        is_foreign = by.id not in (self.patient_id, self.author_id)
        is_private = is_foreign or (is_replacement and not self.is_of_patient and self.is_shared)
        strike = PatientFactStrike(fact_id=self.id, by_id=by.id, is_replacement=is_replacement, is_private=is_private)
        db.session.add(strike)
        db.session.flush()
        db.session.expire(self, ["strikes"])
        record(PatientFactsChanged(*self.subject_key))


class PatientFactStrike(Model):
    """Somebody's line through a row: it was taken off then, and may be put back by who took it off."""

    __table_args__ = (
        Index(
            "uq_patient_fact_strike_live", "fact_id", "by_id", unique=True,
            sqlite_where=text("undone_at IS NULL"), postgresql_where=text("undone_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    fact_id: Mapped[int] = mapped_column(ForeignKey("patient_fact.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    struck_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_replacement: Mapped[bool] = mapped_column(default=False)  # for other words of the same author
    is_private: Mapped[bool] = mapped_column(default=False)  # seen by who drew it and the patient alone
    by: Mapped[User] = relationship(innerjoin=True, viewonly=True)


def people_of_facts() -> tuple[_AbstractLoad, ...]:
    """Who wrote them and who has crossed them out, by their names. Else SQLite reads whole tables."""
    author = joinedload(PatientFact.author, innerjoin=False)
    by = joinedload(PatientFact.strikes).joinedload(PatientFactStrike.by, innerjoin=False)
    return author.load_only(User.name), by.load_only(User.name)


def _with_people(noun: type[PatientFact]) -> Select[tuple[PatientFact]]:
    return select(noun).options(*people_of_facts())
