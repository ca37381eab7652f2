"""A row of a patient's facts, the patient's word on who may see it, and what a page of them shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from ..models import FactKind, FactList, PatientFact, SubjectKey, User
from ..models.people import lines_of
from .edit_form import EditForm
from .fields import invalid_choice
from .text_filters import one_line

AGAIN = "Обновите страницу и нажмите ещё раз."
TOO_LONG = f"Длиннее {PatientFact.LONGEST_TYPED} знаков. Сократите или напишите в двух строках."
LABELS = {
    FactKind.ALLERGY: "На что аллергия",
    FactKind.MEDICINE: "Какое лекарство и сколько",
    FactKind.ILLNESS: "Какая болезнь",
}


def words() -> StringField:
    return StringField(
        "Текст", [DataRequired("Напишите хотя бы слово."), Length(max=PatientFact.LONGEST_TYPED, message=TOO_LONG)],
        [one_line],
    )  # fmt: skip


def _labelled(field: StringField, kind: FactKind, id: str) -> None:
    field.label.text, field.id, field.label.field_id = LABELS[kind], id, id


class FactForm(FlaskForm):
    """A new row: one kind stands on a page beside another, so each has a field of its own name on the page."""

    kind = SelectField(choices=[SelectChoice(one.value, one.value) for one in FactKind], **invalid_choice(AGAIN))
    text = words()

    @classmethod
    def of(cls, kind: FactKind) -> FactForm:
        form = cls(formdata=None, kind=kind.value)
        form.label_for(kind)
        return form

    def label_for(self, kind: FactKind) -> None:
        _labelled(self.text, kind, f"fact-{kind}")

    def validate_text(self, field: StringField) -> None:
        if self.kind.data in [*FactKind] and not lines_of(FactKind(self.kind.data), field.data or ""):
            raise ValidationError("Если ничего нет, добавлять ничего не нужно.")


class FactTextForm(EditForm):
    """Other words for a row of one's own."""

    text = words()

    @classmethod
    def of(cls, fact: PatientFact, shown: str) -> FactTextForm:
        form = cls(formdata=None, text=shown)
        form.label_for(fact.kind)
        return form

    def label_for(self, kind: FactKind) -> None:
        _labelled(self.text, kind, f"fact-{kind}-text")


class SharingForm(FlaskForm):
    answer = SelectField(
        choices=[SelectChoice("yes", "Показать всем моим врачам"), SelectChoice("no", "Не показывать")],
        **invalid_choice(AGAIN),
    )


def fact_page(whose: SubjectKey, viewer: User, known: Sequence[PatientFact] | None = None) -> dict[str, Any]:
    """What fragments/facts/all.html is given; one query, or none where the person's rows are `known`."""
    forms = {kind: FactForm.of(kind) for kind in FactKind}
    return {"fact_lists": FactList.all_of(whose, viewer, known), "fact_forms": forms, "viewer": viewer}
