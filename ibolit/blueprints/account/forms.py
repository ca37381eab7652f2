"""What people change about themselves."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from ...models import User
from ...services import current_services
from ...services.push import are_keys
from ..auth.forms import NOT_TOO_LONG, NewPassword
from ..editing import EditForm
from ..fields import EmailField, InLetters
from ..typed import squeezed

# Where Russian speakers live, by their distance from Moscow; every other zone of the device is followed, not chosen.
ZONES = (
    ("Europe/Kaliningrad", "Калининград (МСК−1)"),
    ("Europe/Moscow", "Москва (МСК)"),
    ("Europe/Minsk", "Минск (МСК)"),
    ("Europe/Samara", "Самара (МСК+1)"),
    ("Asia/Tbilisi", "Тбилиси (МСК+1)"),
    ("Asia/Yerevan", "Ереван (МСК+1)"),
    ("Asia/Yekaterinburg", "Екатеринбург (МСК+2)"),
    ("Asia/Almaty", "Алматы (МСК+2)"),
    ("Asia/Tashkent", "Ташкент (МСК+2)"),
    ("Asia/Omsk", "Омск (МСК+3)"),
    ("Asia/Bishkek", "Бишкек (МСК+3)"),
    ("Asia/Krasnoyarsk", "Красноярск (МСК+4)"),
    ("Asia/Irkutsk", "Иркутск (МСК+5)"),
    ("Asia/Yakutsk", "Якутск (МСК+6)"),
    ("Asia/Vladivostok", "Владивосток (МСК+7)"),
    ("Asia/Magadan", "Магадан (МСК+8)"),
    ("Asia/Kamchatka", "Камчатка (МСК+9)"),
    ("Europe/Berlin", "Берлин, Париж, Рим"),
    ("Asia/Jerusalem", "Израиль"),
    ("Asia/Dubai", "Дубай"),
    ("America/New_York", "Нью-Йорк"),
)


class NameForm(EditForm):
    name = StringField(
        "Имя и фамилия",
        [DataRequired("Напишите, как вас зовут."), Length(max=120, message="Имя длиннее 120 знаков."), InLetters()],
        [squeezed],
    )


class EmailForm(FlaskForm):
    email = EmailField("Адрес почты", [DataRequired("Введите адрес почты.")], [squeezed])


class ZoneForm(EditForm):
    zone = SelectField("Часовой пояс", validate_choice=False)

    def __init__(self, *, followed: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.zone.choices = [("", f"Как на устройстве ({followed})"), *ZONES]

    def validate_zone(self, field: SelectField) -> None:
        try:
            if field.data:
                ZoneInfo(field.data)
        except (KeyError, ValueError, OSError):
            raise ValidationError("Выберите пояс из списка.") from None


class NotificationsForm(EditForm):
    """What a push may say. When it keeps silent a doctor chooses on his own page."""

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
        if not current_services.push.takes(field.data or ""):
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


class WishForm(FlaskForm):
    note = TextAreaField(
        "Почему, если хотите сказать",
        [Length(max=300, message="Причина длиннее 300 знаков.")],
        [squeezed],
    )


class PasswordForm(NewPassword, FlaskForm):
    current = PasswordField("Нынешний пароль", [DataRequired("Введите нынешний пароль."), NOT_TOO_LONG])
