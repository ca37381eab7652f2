"""Who a dependant is, as the one who writes for them says it."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired

from ... import errors
from ...models import RELATIONS_OF, Dependant, DependantKind, DependantTerms, Relation
from ...web.edit_form import EditForm
from ...web.fields import NAME_RULES, BirthDateField, SexField, invalid_choice
from ...web.submission import Submission
from ...web.text_filters import one_line

WHO = "Выберите, кто вы этому человеку."
NOBODY_DECLARES = "Отметьте заявление: без него писать за ребёнка нельзя."

# Next to which field a broken rule is told; the others stand next to the name.
FIELDS: dict[type, str] = {
    errors.DependantIsOfAge: "birth_date",
    errors.DependantIsAChild: "birth_date",
    errors.BornTooEarly: "birth_date",
    errors.NotBornYet: "birth_date",
}


class DependantForm(EditForm):
    name = StringField(
        "Имя и фамилия",
        [DataRequired("Напишите имя и фамилию."), *NAME_RULES],
        [one_line],
    )
    birth_date = BirthDateField("Дата рождения", [DataRequired("Укажите дату рождения.")], filters=[one_line])
    sex = SexField("Пол", default=SexField.UNSAID)
    relation = SelectField("Кто вы", [DataRequired(WHO)], **invalid_choice(WHO))

    def __init__(self, *args: Any, kind: DependantKind = DependantKind.CHILD, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        known = [SelectChoice(one.value, one.word.capitalize()) for one in RELATIONS_OF[kind]]
        self.relation.choices = [SelectChoice("", "Выберите"), *known]

    @classmethod
    def of(cls, dependant: Dependant) -> DependantForm:
        said = {"name": dependant.name, "birth_date": f"{dependant.birth_date:%d.%m.%Y}"}
        said |= {"sex": dependant.sex or SexField.UNSAID, "relation": dependant.relation.value}
        return cls(formdata=None, kind=dependant.kind, **said)

    @property
    def terms(self) -> DependantTerms:
        """Once it is valid."""
        assert self.birth_date.day is not None
        relation = Relation(self.relation.data)
        return DependantTerms(self.name.data or "", self.birth_date.day, relation, self.sex.sex, self.kind)

    def tell(self, sent: Submission) -> None:
        """What was refused, next to its field."""
        sent.tell(self[FIELDS.get(type(sent.refusal), "name")])


class NewChildForm(DependantForm):
    """With the declaration of the legal representative, which nobody makes by leaving a tick where it was."""

    representation = BooleanField(
        "Я законный представитель",
        [DataRequired(NOBODY_DECLARES)],
    )


class RemovalForm(FlaskForm):
    """A press, with its token."""
