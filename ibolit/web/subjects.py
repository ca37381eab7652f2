"""«Пишу за»: whom what a patient writes or books is about, as a form of a page says it."""

from __future__ import annotations

from typing import Any

from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import RadioField
from wtforms.validators import ValidationError

from ..models import Dependant

ONESELF = "0"
NOT_CHOSEN = "Выберите, за кого вы пишете."
GONE = "Писать за этого человека больше нельзя. Выберите ещё раз."


class SubjectField(RadioField):
    """The number of one of the patient's own dependants, or `ONESELF`. Who writes for nobody else is asked nothing."""

    data: str | None

    def __init__(self, label: str = "Пишу за", **kwargs: Any) -> None:
        super().__init__(label, choices=[], validate_choice=False, **kwargs)

    @property
    def dependants(self) -> list[Dependant]:
        """For whom beside themselves this patient may write."""
        return current_user.writes_for if current_user.is_patient else []

    @property
    def dependant(self) -> Dependant | None:
        """None: it is about the patient themselves. Of a form that is valid."""
        return next((one for one in self.dependants if str(one.id) == self.data), None)

    def pre_validate(self, form: Any) -> None:
        if self.data in (None, "") and not self.dependants:
            self.data = ONESELF
        if self.data in (None, ""):
            raise ValidationError(NOT_CHOSEN)
        if self.data != ONESELF and self.dependant is None:
            raise ValidationError(GONE)

    def suggest(self, chosen: int | None) -> None:
        """Of an empty form: who an address or a chat named."""
        known = [one.id for one in self.dependants if one.id == chosen]
        self.data = str(known[0]) if known else ONESELF if chosen == 0 or not self.dependants else None


class SubjectForm(FlaskForm):
    """Whom it is about: of a chat that begins, of the composer, of one's own message."""

    subject = SubjectField()
