"""What the demo's patients have said of themselves, and what their doctors have added; Marina has said nothing yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ..models import Doctor, FactKind, PatientFact, Sex, User

ANNA_SAYS = (
    (FactKind.ALLERGY, "Пенициллин"),
    (FactKind.MEDICINE, "Витамин D 2000 МЕ"),
    (FactKind.ILLNESS, "Мигрень с 2010 года"),
)
PYOTR_SAYS = (
    (FactKind.MEDICINE, "Лозартан 50 мг, утром"),
    (FactKind.ILLNESS, "Гипертония"),
)


def fill(patients: Sequence[User], doctors: Sequence[Doctor]) -> None:
    """Of what a doctor has added one row is shown to all of Anna's, one to nobody, and of an allergy she is asked."""
    anna, pyotr, _ = patients
    ivanova, lebedev = doctors[0].user, doctors[1].user
    anna.birth_date, anna.sex = date(1983, 3, 14), Sex.FEMALE
    pyotr.birth_date, pyotr.sex = date(1957, 10, 2), Sex.MALE
    for person, said in ((anna, ANNA_SAYS), (pyotr, PYOTR_SAYS)):
        for kind, text in said:
            PatientFact.add(person.subject_key, person, kind, text)
    PatientFact.add(anna.subject_key, anna, FactKind.MEDICINE, "Кофеин в таблетках").strike(anna)
    PatientFact.add(anna.subject_key, ivanova, FactKind.ILLNESS, "Гипертония 1 степени").answer(is_shared=True)
    PatientFact.add(anna.subject_key, ivanova, FactKind.MEDICINE, "Эналаприл 5 мг, утром")
    PatientFact.add(anna.subject_key, lebedev, FactKind.ALLERGY, "Йод: сыпь после контраста")
