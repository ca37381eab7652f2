"""Fields that more than one door has: phones, money, lengths and times as people type them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, SelectChoice, SelectField, StringField
from wtforms.validators import Length, ValidationError

from .. import emails, errors, phones
from ..config import current_settings
from ..models import ConsultationKind
from ..models.people import Sex, birth_dates
from ..normalization import plain, six_digits
from ..sums import kopecks, rubles
from .text_filters import CLIENT_ID

DURATIONS = [SelectChoice(minutes, str(minutes)) for minutes in (10, 15, 20, 30, 45, 60, 90)]  # of a consultation
KINDS = [SelectChoice(ConsultationKind.VIDEO, "Видео"), SelectChoice(ConsultationKind.AUDIO, "Аудио")]
NO_SMS_ABROAD = "СМС на номера этой страны мы не отправляем."
NO_SUCH_DURATION = "Выберите из списка, сколько минут."
DAY = re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})|(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4})")
TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?::\d{2})?")
# Keyboards of digits alone have no point: «03051957».
BIRTH_DATE = re.compile(r"(\d{1,2})[.,/ -]+(\d{1,2})[.,/ -]+(\d{4})|(\d\d)(\d\d)(\d{4})")
ISO_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")  # what browsers fill in by themselves


class NoSuchDay(ValueError):
    """29 February of most years."""


def read_day(words: str) -> date:
    """«2026-11-25» of a browser that has a calendar, «25.11.2026» of a hand. Raises NoSuchDay, ValueError."""
    found = DAY.fullmatch(words.strip())
    if found is None:
        raise ValueError(words)
    year, month, day = (found[long] or found[short] for long, short in (("year", "y"), ("month", "m"), ("day", "d")))
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise NoSuchDay(words) from None


def read_time(words: str) -> time:
    """«14:00» or «14.00». Raises ValueError."""
    found = TIME.fullmatch(words.strip())
    if found is None:
        raise ValueError(words)
    return time(int(found[1]), int(found[2]))


def format_price(kopecks: int) -> str:
    """What stands in a MoneyField: «1 500»."""
    return rubles(kopecks).removesuffix("\u00a0₽")


class HasLetters:
    """A name must have a letter in it."""

    def __call__(self, form: FlaskForm, field: StringField) -> None:
        if field.data and not any(one.isalpha() for one in field.data):
            raise ValidationError("Напишите имя буквами.")


NAME_RULES = Length(max=120, message="Имя длиннее 120 знаков."), HasLetters()  # of a person, whoever types it


class SixDigits:
    """A code that came by SMS; the whole SMS may be pasted, with marks of direction and digits of another script."""

    def __init__(self, sentence: str = "Нужны шесть цифр из СМС.") -> None:
        self.sentence = sentence

    def __call__(self, form: FlaskForm, field: StringField) -> None:
        field.data = six_digits(field.data or "") or ""
        if not field.data:
            raise ValidationError(self.sentence)


def invalid_choice(sentence: str) -> dict[str, str]:
    """For a field of choices, `**invalid_choice("Выберите вид.")`: what it says of what stands on no page of ours."""
    return {"invalid_value_message": sentence, "invalid_choice_message": sentence}


class ExpectedField(HiddenField):
    """What stood on the page when the person pressed: nothing else is done than that.

    Read as well under the name that pages opened before the update of 29 November 2026 post; until 27 February 2027.
    """

    def __init__(self, label: str | None = None, *, formerly: str, **more: Any) -> None:
        super().__init__(label, **more)
        self.formerly = formerly

    def process(self, formdata: MultiDict[str, str] | None, *args: Any, **more: Any) -> None:
        if formdata is not None and self.name not in formdata and self.formerly in formdata:
            formdata = MultiDict({self.name: formdata.getlist(self.formerly)})
        super().process(formdata, *args, **more)


def hidden_number(*, digits: int = 18, otherwise: int = 0, formerly: str = "") -> HiddenField:
    """A number the page wrote down for itself; anything else is `otherwise`, and the rules say what that means."""

    def read(value: object) -> int:
        words = str(value)
        return int(words) if words.isdecimal() and len(words) <= digits else otherwise

    return ExpectedField(filters=[read], formerly=formerly) if formerly else HiddenField(filters=[read])


def epoch_field(*, formerly: str = "") -> HiddenField:
    """A moment the person saw on the screen, in milliseconds; 0 for anything else."""
    return hidden_number(digits=14, formerly=formerly)


def moment_of(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


class ClientIdField(HiddenField):
    """Made by the page with the form: a submission that is repeated with it is one action."""

    def __init__(self, label: str | None = None, *, action: str = "отправьте", **more: Any) -> None:
        super().__init__(label, **more)
        self.action = action

    def pre_validate(self, form: FlaskForm) -> None:
        if not CLIENT_ID.fullmatch(self.data or ""):
            raise ValidationError(f"Обновите страницу и {self.action} ещё раз.")


class WholeNumberField(IntegerField):
    """Anything but a whole number is None: the field's range says what to type."""

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            self.data = None


class EmailField(StringField):
    """An e-mail address in its one spelling."""

    NOT_ASCII = "До знака @ не латинские буквы: на такой адрес письмо не дойдёт. Проверьте раскладку клавиатуры."

    data: str | None

    def pre_validate(self, form: FlaskForm) -> None:
        try:
            self.data = emails.parse(self.data or "")
        except emails.NotAscii:
            raise ValidationError(self.NOT_ASCII) from None
        except emails.NotAnEmail:
            raise ValidationError("Проверьте адрес. Пример: anna@example.ru.") from None


class DayField(StringField):
    """A day of the calendar; `day` once it is read."""

    data: str | None
    day: date | None = None

    def pre_validate(self, form: FlaskForm) -> None:
        words = (self.data or "").strip()
        if not words:
            return
        try:
            self.day = read_day(words)
        except NoSuchDay:
            raise ValidationError("Такой даты нет в календаре. Проверьте день и месяц.") from None
        except ValueError:
            raise ValidationError("Введите дату так: 25.11.2026.") from None


class BirthDateField(StringField):
    """Day, month and year as people type them, and `day` once they are read; nothing is None."""

    data: str | None
    day: date | None = None

    def pre_validate(self, form: FlaskForm) -> None:
        words, self.day = plain(self.data or ""), None
        if words:
            self.day = read_birth_date(words)
            self.data = f"{self.day:%d.%m.%Y}"


def read_birth_date(words: str) -> date:
    """«03.05.1957», «3 5 1957», «03051957», «1957-05-03». Raises ValidationError with what is wrong with it."""
    iso, usual = ISO_DATE.fullmatch(words), BIRTH_DATE.fullmatch(words)
    if iso:
        year, month, day = iso.groups()
    elif usual:
        day, month, year = filter(None, usual.groups())
    else:
        raise ValidationError("Введите день, месяц и год цифрами. Пример: 03.05.1957.")
    try:
        born = date(int(year), int(month), int(day))
    except ValueError:
        raise ValidationError("Такого дня не бывает. Пример: 03.05.1957.") from None
    try:
        birth_dates.check(born)
    except errors.RuleViolation as refusal:
        raise ValidationError(refusal.sentence) from None
    return born


class SexField(SelectField):
    """As a patient says it; `sex` is None where it stays unsaid."""

    UNSAID = "unsaid"
    CHOICES = (
        SelectChoice(UNSAID, "Не указан"),
        SelectChoice(Sex.FEMALE.value, "Женский"),
        SelectChoice(Sex.MALE.value, "Мужской"),
    )

    def __init__(self, label: str | None = None, **more: Any) -> None:
        super().__init__(label, choices=self.CHOICES, **invalid_choice("Выберите пол из списка."), **more)

    @property
    def sex(self) -> Sex | None:
        return Sex(self.data) if self.data != self.UNSAID else None


class MoneyField(StringField):
    """Rubles as people type them, and `kopecks` once they are read; nothing is 0."""

    WRONG = "Введите сумму в рублях, например 1 500 или 1500,50. После запятой – не больше двух цифр."
    kopecks = 0

    def pre_validate(self, form: FlaskForm) -> None:
        words = (self.data or "").strip()
        try:
            self.kopecks = kopecks(words) if words else 0
        except ValueError:
            raise ValidationError(self.WRONG) from None


class PriceField(MoneyField):
    """Empty or 0 means free."""

    WRONG = "Введите цену в рублях, например 1500. Для бесплатной – 0."

    def pre_validate(self, form: FlaskForm) -> None:
        if (self.data or "").strip() == "0":
            return
        super().pre_validate(form)
        if self.kopecks > 1_000_000_00:
            raise ValidationError("Это больше миллиона рублей. Проверьте цену.")


class MoveForm(FlaskForm):
    """«Выше» and «Ниже»."""

    steps = SelectField(
        coerce=int,
        choices=[SelectChoice(-1, "Выше"), SelectChoice(1, "Ниже")],
        **invalid_choice("Обновите страницу и нажмите ещё раз."),
    )


def why_no_sms(phone: str) -> str:
    """A sentence about an E.164 to which the clinic sends no SMS."""
    return "На городской номер СМС не придёт." if phones.is_landline(phone) else NO_SMS_ABROAD


class SmsPhoneMixin:
    """For forms whose phone gets an SMS code."""

    NO_SMS = NO_SMS_ABROAD

    e164 = ""
    gets_no_sms = False

    @property
    def instead(self) -> str:
        """What to do instead: call the clinic."""
        return f"Позвоните в клинику: {current_settings.clinic_phone}." if current_settings.clinic_phone else ""

    def read_phone(self, typed: str) -> None:
        """Raises ValidationError."""
        try:
            self.e164 = phones.parse(typed)
        except phones.NotAPhone:
            raise ValidationError("Такого номера не бывает. Пример: +7 916 123-45-67.") from None
        self.gets_no_sms = not current_settings.sends_sms_to(self.e164)

    def refuse_without_sms(self) -> None:
        """Raises ValidationError."""
        if self.gets_no_sms:
            other = "Введите мобильный." if phones.is_landline(self.e164) else ""
            raise ValidationError(" ".join(filter(None, (why_no_sms(self.e164), other, self.instead))))
