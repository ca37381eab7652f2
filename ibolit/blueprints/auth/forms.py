"""What people type at the entrance."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from ...config import current_settings
from ...normalization import opaque
from ...services import weak_passwords
from ...web.fields import NAME_RULES, BirthDateField, SixDigits, SmsPhoneMixin
from ...web.text_filters import one_line

SHORTEST_PASSWORD = 8
NOT_TOO_LONG = Length(max=200, message="Пароль длиннее 200 знаков.")


class LoginForm(FlaskForm):
    login = StringField(
        "Телефон или почта",
        [
            DataRequired("Введите телефон или почту."),
            Length(max=254, message="Слишком длинно. Проверьте телефон или почту."),
        ],
        [one_line],
    )
    password = PasswordField("Пароль", [DataRequired("Введите пароль."), NOT_TOO_LONG])


class PhoneForm(SmsPhoneMixin, FlaskForm):
    """`by_mail` is pressed by who was told that no SMS comes: the code goes to their proved address."""

    phone = StringField("Телефон", [DataRequired("Введите номер телефона.")], [one_line])
    by_mail = BooleanField("by_mail")

    @property
    def instead(self) -> str:
        return f"Если ваша почта подтверждена, код придёт на неё. {super().instead}".strip()

    def validate_phone(self, field: StringField) -> None:
        self.read_phone(field.data or "")
        if not self.by_mail.data:
            self.refuse_without_sms()


class CodeForm(FlaskForm):
    code = StringField("Код из СМС", [DataRequired("Введите шесть цифр из СМС."), SixDigits()])


class NewPassword:
    """Fields of a password that is being set."""

    password = PasswordField(
        "Новый пароль",
        [
            DataRequired("Придумайте пароль."),
            Length(min=SHORTEST_PASSWORD, message="Пароль короче 8 знаков. Добавьте букв или цифр."),
            NOT_TOO_LONG,
        ],
        [lambda password: opaque(password) if password else password],
    )
    personal: tuple[str, ...] = ()  # what others know of the person

    def validate_password(self, field: PasswordField) -> None:
        """Length says nothing of what is tried first."""
        if weak_passwords.is_common(field.data or ""):
            raise ValidationError("Такой пароль подбирают первым. Придумайте другой, можно несколько слов подряд.")
        if weak_passwords.is_made_of(field.data or "", (*self.personal, current_settings.clinic_name)):
            raise ValidationError("Пароль не должен состоять из телефона, имени или названия клиники.")


class SetPasswordForm(NewPassword, FlaskForm):
    """`name` is asked of new people only."""

    name = StringField("Имя и фамилия", NAME_RULES, [one_line])

    def __init__(self, *, asks_name: bool, personal: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.asks_name = asks_name
        self.personal = (*personal, self.name.data or "")

    def validate_name(self, field: StringField) -> None:
        if self.asks_name and not field.data:
            raise ValidationError("Напишите, как вас зовут.")


class OwnerForm(FlaskForm):
    owner = StringField(
        "Имя и фамилия",
        [DataRequired("Напишите имя и фамилию."), Length(max=120, message="Имя длиннее 120 знаков.")],
        [one_line],
    )
    birth_date = BirthDateField("Дата рождения", [DataRequired("Введите дату рождения.")], [one_line])

    def __init__(self, *, asks_birth_date: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not asks_birth_date:
            del self.birth_date

    @property
    def born(self) -> date | None:
        return self.birth_date.day if self.birth_date else None


class ConsentForm(FlaskForm):
    offer = BooleanField("offer", [DataRequired("Без этого согласия продолжить нельзя.")])
    personal_data = BooleanField("personal_data", [DataRequired("Без этого согласия продолжить нельзя.")])
