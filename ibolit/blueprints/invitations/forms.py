"""Whom one invites, and the phone of who holds a mailed link."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import FieldList, FileField, SelectChoice, SelectField, StringField
from wtforms.validators import DataRequired, ValidationError

from ... import patient_lists
from ...models import Doctor
from ...models.people import birth_dates
from ...patient_lists import ColumnKind
from ...web.fields import NAME_RULES, BirthDateField, ClientIdField, SmsPhoneMixin, invalid_choice
from ...web.text_filters import one_line

WRONG_CONTACT = {
    "no_contact": "Введите телефон или почту.",
    "bad_phone": "Такого номера не бывает. Пример: +7 916 123-45-67.",
    "landline": "Это городской номер, СМС на него не придёт. Введите мобильный или почту.",
    "not_ascii": "До знака @ не латинские буквы: на такой адрес письмо не дойдёт. Проверьте адрес или введите телефон.",
    "bad_email": "Проверьте адрес. Пример: anna@example.ru.",
}


class HostForm(FlaskForm):
    """An operator says for which doctor; a doctor invites to their own chats, and is not asked."""

    doctor = SelectField("Врач", validate_choice=False)

    def __init__(self, hosts: Sequence[Doctor], *, asks_doctor: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hosts = {str(host.id): host for host in hosts}
        self.asks_doctor = asks_doctor
        words = [SelectChoice(id, f"{host.user.name}, {host.specialty}") for id, host in self.hosts.items()]
        self.doctor.choices = [SelectChoice("", "Выберите врача"), *words]

    def validate_doctor(self, field: SelectField) -> None:
        if self.asks_doctor and field.data not in self.hosts:
            raise ValidationError("Выберите врача.")

    @property
    def host(self) -> Doctor:
        return self.hosts[self.doctor.data] if self.asks_doctor else next(iter(self.hosts.values()))


class InvitationForm(HostForm):
    contact = StringField("Телефон или почта", [DataRequired(WRONG_CONTACT["no_contact"])], [one_line])
    name = StringField("Имя и фамилия", [DataRequired("Напишите, как зовут пациента."), *NAME_RULES], [one_line])
    child_born = BirthDateField("Дата рождения ребёнка", filters=[one_line])
    phone: str | None = None
    email: str | None = None

    def validate_child_born(self, field: BirthDateField) -> None:
        if field.day is not None and field.day <= birth_dates.latest_of_age():
            raise ValidationError("По этой дате 18 лет уже есть: взрослого приглашают по его телефону.")

    def validate_contact(self, field: StringField) -> None:
        try:
            self.phone, self.email = patient_lists.contact_of(field.data or "")
        except ValueError as error:
            raise ValidationError(WRONG_CONTACT[str(error)]) from None


class ListForm(HostForm):
    file = FileField("Файл со списком")
    client_id = ClientIdField(action="выберите файл")


MOST_COLUMNS = 40  # shown to be corrected
COLUMN_KINDS = [
    SelectChoice(ColumnKind.OTHER.value, "не нужен"),
    SelectChoice(ColumnKind.PHONE.value, "телефон"),
    SelectChoice(ColumnKind.EMAIL.value, "почта"),
    SelectChoice(ColumnKind.NAME.value, "имя"),
    SelectChoice(ColumnKind.BIRTH_DATE.value, "дата рождения"),
]


class ColumnsForm(FlaskForm):
    """A choice for each column of a list that is shown: `shown` is what is kept of them (place, title, kind, cells)."""

    columns = FieldList(
        SelectField(choices=COLUMN_KINDS, **invalid_choice("Выберите из списка, что в этом столбце.")),
        max_entries=MOST_COLUMNS,
    )

    def __init__(self, shown: Sequence[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(columns=[one["kind"] for one in shown], **kwargs)
        self.shown = shown
        for choice, one in zip(self.columns, shown, strict=False):
            choice.label.text, choice.description = one["title"], ", ".join(one["samples"])

    def validate_columns(self, field: FieldList) -> None:
        if len(field.entries) != len(self.shown):
            raise ValidationError("Обновите страницу и выберите столбцы ещё раз.")
        if not {ColumnKind.PHONE, ColumnKind.EMAIL} & set(field.data):
            raise ValidationError("Выберите столбец с телефоном или почтой.")

    @property
    def kinds(self) -> dict[int, ColumnKind]:
        """By the columns' places in the file."""
        return {one["at"]: ColumnKind(kind) for one, kind in zip(self.shown, self.columns.data, strict=True)}

    @property
    def refusals(self) -> list[str]:
        """Of the choices together; each one's own stands beside it."""
        return [error for error in self.columns.errors if isinstance(error, str)]


class GuestForm(SmsPhoneMixin, FlaskForm):
    """`asks_phone`: the link came by mail, and the clinic does not know the phone yet."""

    phone = StringField("Ваш телефон", filters=[one_line])

    def __init__(self, *, asks_phone: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.asks_phone = asks_phone

    def validate_phone(self, field: StringField) -> None:
        if not self.asks_phone:
            return
        if not field.data:
            raise ValidationError("Введите номер телефона.")
        self.read_phone(field.data)
        self.refuse_without_sms()
