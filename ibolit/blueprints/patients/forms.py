"""A doctor's private note about a patient, and the days the doctor gives."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import HiddenField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from ...models import PatientNote
from ...web.fields import ClientIdField, WholeNumberField, hidden_number
from ...web.text_filters import CLIENT_ID, clean_text, new_client_id

MOST, USUAL = 365, 7  # days


class NoteForm(FlaskForm):
    """`pen` is this page's own: it may go on with what it wrote; `seen` is the version it began with."""

    text = TextAreaField(
        "Заметки",
        [Length(max=PatientNote.LONGEST, message="Заметка длиннее 10 000 знаков. Сократите.")],
        [clean_text],
        id="note-text",  # beside a chat, whose composer has a text, too
    )
    pen = HiddenField()
    seen = hidden_number(digits=9)

    @classmethod
    def of(cls, note: PatientNote | None) -> NoteForm:
        form = cls(formdata=None, text=note.text if note else "", pen=new_client_id())
        form.see(note)
        return form

    def see(self, note: PatientNote | None) -> None:
        self.seen.data = note.version if note else 0

    def validate_pen(self, field: HiddenField) -> None:
        if not CLIENT_ID.fullmatch(field.data or ""):
            self.text.errors = ["Обновите страницу и сохраните ещё раз."]
            raise ValidationError(self.text.errors[0])


class DaysForm(FlaskForm):
    days = WholeNumberField(
        "Сколько дней",
        [InputRequired(f"Введите от 1 до {MOST} дней."), NumberRange(1, MOST, f"Введите от 1 до {MOST} дней.")],
    )
    client_id = ClientIdField(action="нажмите")

    @classmethod
    def new(cls) -> DaysForm:
        return cls(formdata=None, days=USUAL, client_id=new_client_id())
