"""One idiom for every form that edits: `expected` says what stood in its fields when the page was drawn.

So two windows meet as people would: what only one of them changed is kept, whichever is saved last; what both changed
is asked back, with both texts on the page. A page that says nothing of what it showed overwrites as it always did.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from flask_wtf import FlaskForm
from wtforms import Field, FileField, HiddenField, MultipleFileField, SelectField, SelectMultipleField

from ..services.codes import content_hash

CHANGED = "Пока вы писали, это изменили в другом окне. Сравните оба и сохраните ещё раз то, что вернее."
NOT_TEXT = HiddenField, FileField, MultipleFileField, SelectMultipleField


class EditForm(FlaskForm):
    expected = HiddenField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_drawn_anew = kwargs.get("formdata", ...) is None or not self.is_submitted()  # not sent
        if self.is_drawn_anew:
            self.expected.data = self.marks

    @property
    def marks(self) -> str:
        return " ".join(f"{field.short_name}:{content_hash(field.data)}" for field in self._edited())

    def meets(self, stored: Self) -> bool:
        """Takes over what another window saved meanwhile; False when both changed the same, which the fields say then.

        `stored` is drawn from what lies under the lock. Call after validation; what is joined is checked once more.
        """
        before = dict(pair.partition(":")[::2] for pair in (self.expected.data or "").split())
        drawn, changed = {field.short_name: field for field in stored}, []
        for field in self._edited():
            now = drawn[field.short_name]
            mine, theirs = content_hash(field.data), content_hash(now.data)
            seen = before.get(field.short_name, theirs)
            if mine == theirs or theirs == seen:
                continue
            if mine != seen:
                changed.append((field, now))
            else:
                field.data, field.raw_data = now.data, [_words_of(now)]
        self.expected.data = stored.marks
        for field, now in changed:
            field.errors, field.theirs = [CHANGED], shown(now)
        return not changed and self.validate()

    def _edited(self) -> Iterator[Field]:
        return (field for field in self if not isinstance(field, NOT_TEXT))


def _words_of(field: Field) -> str:
    return str("" if field.data is None else field.data)


def shown(field: Field) -> str:
    if isinstance(field, SelectField):
        return next((str(label) for value, label, *_ in field.iter_choices() if field.coerce(value) == field.data), "")
    return _words_of(field)
