"""What is typed about an adult relative, and what they read out."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from ...models.people import RELATIONS_OF, DependantKind, DependantTerms, Relation
from ...web.fields import NAME_RULES, BirthDateField, SexField, SixDigits, SmsPhoneMixin, invalid_choice
from ...web.text_filters import one_line

RELATIONS = [SelectChoice("", "Выберите")] + [
    SelectChoice(one.value, one.word.capitalize()) for one in RELATIONS_OF[DependantKind.ADULT]
]


class PhoneForm(SmsPhoneMixin, FlaskForm):
    """The relative's own, or the child's."""

    phone = StringField("Телефон родственника", [DataRequired("Введите номер телефона.")], [one_line])

    def validate_phone(self, field: StringField) -> None:
        self.read_phone(field.data or "")
        self.refuse_without_sms()


class RelativeForm(PhoneForm):
    name = StringField("Имя и фамилия", [DataRequired("Напишите, за кого будете писать."), *NAME_RULES], [one_line])
    birth_date = BirthDateField("Дата рождения", [DataRequired("Введите дату рождения.")], [one_line])
    sex = SexField("Пол")
    relation = SelectField("Кем вы приходитесь", choices=RELATIONS, **invalid_choice("Выберите из списка."))

    def validate_relation(self, field: SelectField) -> None:
        if not field.data:
            raise ValidationError("Выберите из списка.")

    @property
    def terms(self) -> DependantTerms:
        assert self.birth_date.day is not None
        relation = Relation(self.relation.data)
        return DependantTerms(self.name.data or "", self.birth_date.day, relation, self.sex.sex, DependantKind.ADULT)

    @property
    def typed(self) -> dict[str, Any]:
        """What stands in the fields again when the person is back."""
        return {one.name: one.data for one in self if one.name != "csrf_token"}


class CodeForm(FlaskForm):
    """Read out by who has the phone, or sent on by them."""

    code = StringField(
        "Код, который вам назовут",
        [
            DataRequired("Введите шесть цифр кода."),
            SixDigits("В коде шесть цифр. Проверьте, все ли введены."),
        ],
    )


class BornForm(FlaskForm):
    birth_date = BirthDateField("Ваша дата рождения", [DataRequired("Введите дату рождения.")], [one_line])


class SureForm(FlaskForm):
    sure = BooleanField("sure", [DataRequired("Отметьте, если это так.")])
