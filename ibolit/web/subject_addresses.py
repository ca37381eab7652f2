"""«7» or «7-3» in an address: a patient's own page, or that of somebody they write for."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

from ..models import SubjectKey


class SubjectConverter(BaseConverter):
    """`<subject:id>`: the door is given a SubjectKey, and an address may be built of one or of a patient's number."""

    regex = r"\d{1,18}(?:-\d{1,18})?"

    def to_python(self, value: str) -> SubjectKey:
        patient, _, dependant = value.partition("-")
        return SubjectKey(int(patient), int(dependant) if dependant else None)

    def to_url(self, value: SubjectKey | int) -> str:
        return str(value)
