"""What is known of a patient as one reader sees it, kind by kind."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from .fact_lines import FactKind
from .patient_fact import PatientFact
from .person import SubjectKey
from .user import User


@dataclass(frozen=True)
class FactList:
    """One kind of a patient's facts as this reader sees them."""

    FEW: ClassVar = 2

    whose: SubjectKey
    kind: FactKind
    live: Sequence[PatientFact]
    struck: Sequence[PatientFact]

    @property
    def shows_struck(self) -> bool:
        """A few crossed out rows stand open, many are folded."""
        return len(self.struck) <= self.FEW

    @property
    def unanswered(self) -> list[PatientFact]:
        """Those the patient is asked about, among what the patient sees."""
        if self.kind is not FactKind.ALLERGY:
            return []
        return [one for one in self.live if not one.is_shared and one.withheld_at is None]

    @classmethod
    def all_of(cls, whose: SubjectKey, viewer: User, known: Sequence[PatientFact] | None = None) -> list[FactList]:
        """All kinds, empty ones too; one query, or none where all rows about the person are `known` already."""
        if known is None:
            facts = PatientFact.seen_by(viewer, whose)
        else:
            facts = [one for one in known if one.is_seen_by(viewer)]
        return [cls.of(whose, kind, viewer, facts) for kind in FactKind]

    @classmethod
    def of(cls, whose: SubjectKey, kind: FactKind, viewer: User, facts: Iterable[PatientFact]) -> FactList:
        mine = [one for one in facts if one.kind is kind]
        live = [one for one in mine if one.is_live_for(viewer)]
        return cls(whose, kind, live, [one for one in mine if one not in live])
