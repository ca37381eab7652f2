"""What people change about themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    PasswordField,
    SelectChoice,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, Length, ValidationError

from ...models import User
from ...models.erasure import AtStake
from ...services import current_services
from ...services.push import are_keys
from ...web.edit_form import EditForm
from ...web.fields import NAME_RULES, BirthDateField, EmailField, SexField, SixDigits, SmsPhoneMixin, invalid_choice
from ...web.text_filters import one_line
from ...web.time_zones import PLACES, ZONES, is_zone, title_of
from ..auth.forms import NOT_TOO_LONG, NewPassword


class NameForm(EditForm):
    name = StringField(
        "Имя и фамилия",
        [DataRequired("Напишите, как вас зовут."), *NAME_RULES],
        [one_line],
    )


class BirthDateForm(EditForm):
    """Nothing takes it off."""

    birth_date = BirthDateField("Дата рождения", filters=[one_line])

    @classmethod
    def of(cls, user: User) -> BirthDateForm:
        return cls(formdata=None, birth_date=f"{user.birth_date:%d.%m.%Y}" if user.birth_date else "")


class SexForm(EditForm):
    sex = SexField("Пол")

    @classmethod
    def of(cls, user: User) -> SexForm:
        return cls(formdata=None, sex=user.sex or SexField.UNSAID)


AGAIN = "Обновите страницу и ответьте ещё раз."


class SuggestedBirthDateForm(FlaskForm):
    """`shown` is the date that stood on the page, as ISO writes it."""

    shown = HiddenField()
    answer = SelectField(
        choices=[SelectChoice("yes", "Да"), SelectChoice("no", "Нет"), SelectChoice("later", "Пропустить")],
        **invalid_choice(AGAIN),
    )
    day = date.min

    def validate_shown(self, field: HiddenField) -> None:
        try:
            self.day = date.fromisoformat(field.data or "")
        except ValueError:
            raise ValidationError(AGAIN) from None


class EmailForm(FlaskForm):
    email = EmailField("Адрес почты", [DataRequired("Введите адрес почты.")], [one_line])


class ErasureForm(FlaskForm):
    """`expected` is what the page said would end."""

    expected = HiddenField(filters=[one_line])

    @classmethod
    def of(cls, at_stake: AtStake) -> ErasureForm:
        return cls(formdata=None, expected=at_stake.mark)

    def validate_expected(self, field: HiddenField) -> None:
        if len(field.data or "") > 200:
            raise ValidationError(AGAIN)


class NewPhoneForm(SmsPhoneMixin, FlaskForm):
    phone = StringField("Новый номер", [DataRequired("Введите номер телефона.")], [one_line])

    def __init__(self, present: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.present = present

    def validate_phone(self, field: StringField) -> None:
        self.read_phone(field.data or "")
        if self.e164 == self.present:
            raise ValidationError("Этот номер уже ваш.")
        self.refuse_without_sms()


class BothCodesForm(FlaskForm):
    old = StringField("Код с прежнего номера", [SixDigits()])
    new = StringField("Код с нового номера", [SixDigits()])

    def __init__(self, *, asks_old: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not asks_old:
            del self.old


class ZoneForm(EditForm):
    zone = SelectField("Часовой пояс", validate_choice=False)

    def __init__(self, *, followed: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        chosen = self.zone.data or ""
        rare = [chosen] if chosen not in PLACES and is_zone(chosen) else []  # of a device, and kept by «Вернуть»
        self.zone.choices = [
            ("", "Как на устройстве" if chosen else f"{followed}, как на устройстве"),  # a phone cuts the end
            *ZONES,
            *((one, title_of(one)) for one in rare),
        ]

    def validate_zone(self, field: SelectField) -> None:
        if field.data and not is_zone(field.data):
            raise ValidationError("Выберите пояс из списка.")


class NotificationsForm(EditForm):
    """What a push may say. A doctor chooses their quiet hours on their own page."""

    names = BooleanField("Показывать в уведомлениях имя врача")

    @classmethod
    def of(cls, user: User) -> NotificationsForm:
        return cls(formdata=None, names=user.push_names)


class SubscriptionForm(FlaskForm):
    """What a browser tells of itself. Nobody types it, so what is wrong needs one sentence only."""

    WRONG = "Этот браузер назвал адрес, на который мы не отправляем. Обновите его или включите уведомления в другом."

    endpoint = StringField(validators=[DataRequired(WRONG), Length(max=1000, message=WRONG)])
    p256dh = StringField(validators=[DataRequired(WRONG), Length(max=100, message=WRONG)])
    auth = StringField(validators=[DataRequired(WRONG), Length(max=40, message=WRONG)])

    def validate_endpoint(self, field: StringField) -> None:
        if not current_services.push.is_push_service(field.data or ""):
            raise ValidationError(self.WRONG)

    def validate_auth(self, field: StringField) -> None:
        if not are_keys(self.p256dh.data or "", field.data or ""):
            raise ValidationError(self.WRONG)


class RenewalForm(SubscriptionForm):
    """From the service worker, which has no token: the old address is known to this device alone."""

    old = StringField(
        validators=[DataRequired(SubscriptionForm.WRONG), Length(max=1000, message=SubscriptionForm.WRONG)]
    )

    class Meta:
        csrf = False


class RefundRequestForm(FlaskForm):
    note = TextAreaField(
        "Почему, если хотите сказать",
        [Length(max=300, message="Причина длиннее 300 знаков.")],
        [one_line],
    )


class ConfirmForm(FlaskForm):
    current = PasswordField("Пароль", [DataRequired("Введите пароль."), NOT_TOO_LONG])


class PasswordForm(NewPassword, ConfirmForm):
    def __init__(self, user: User, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.personal = (user.phone or "", user.name, user.email or "")

    current = PasswordField("Нынешний пароль", [DataRequired("Введите нынешний пароль."), NOT_TOO_LONG])
