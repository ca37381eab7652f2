"""A doctor's profile, prices and hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, ValidationError
from wtforms.widgets import HiddenInput

from ... import errors
from ...extensions import db
from ...formatting import plural
from ...models import AbsenceTerms, Doctor, Introduction, PhotoCrop, Tariff, TariffTerms, TimeOff
from ...models.doctors import MIDNIGHT, PROMISED_HOURS
from ...services import clock
from ...web.edit_form import CHANGED, EditForm, shown
from ...web.fields import (
    DURATIONS,
    NO_SUCH_DURATION,
    DayField,
    PriceField,
    WholeNumberField,
    format_price,
    invalid_choice,
    read_time,
)
from ...web.text_filters import clean_text, one_line

EARLIEST, MOST_FREE = 1940, 90  # a year, days
ANOTHER_PHOTO = f"{errors.PhotoHasChanged.sentence} Чтобы поставить своё, выберите файл ещё раз."
CROPS = [
    SelectChoice(PhotoCrop.START, "Верх или левый край"),
    SelectChoice(PhotoCrop.MIDDLE, "Середина"),
    SelectChoice(PhotoCrop.END, "Низ или правый край"),
]


WEEK = "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"
PROMISES = [
    SelectChoice("", "Не обещаю"),
    *(SelectChoice(str(hours), f"За {plural(hours, 'час', 'часа', 'часов')}") for hours in PROMISED_HOURS),
]
NO_HOUR = "Введите время, например 9:00."


def no_longer(most: int) -> Length:
    return Length(max=most, message=f"Длиннее {most} знаков. Сократите.")


class PhotoForm(EditForm):
    """Without a file the present photo is cut anew."""

    photo = FileField("Файл")
    present = StringField(widget=HiddenInput())  # which photo was seen
    cut = RadioField(
        "Что оставить в квадрате", choices=CROPS, default=PhotoCrop.MIDDLE, **invalid_choice("Выберите, что оставить.")
    )

    @classmethod
    def of(cls, doctor: Doctor) -> PhotoForm:
        return cls(formdata=None, cut=doctor.photo_crop, present=doctor.photo_version)

    def meets(self, stored: Self) -> bool:
        """A cut belongs to its photo: where another one stands now, nothing is cut or thrown away unseen."""
        seen, is_met = self.present.data, super().meets(stored)
        if seen == self.present.data or (is_met and not self.given and self.cut.data == stored.cut.data):
            return is_met
        if self.given:
            self.photo.errors = [ANOTHER_PHOTO]
        elif is_met:
            self.cut.errors, self.cut.theirs = [CHANGED], shown(stored.cut)
        return False

    @property
    def given(self) -> FileStorage | None:
        """A browser sends a nameless file when none was chosen."""
        file = self.photo.data
        return file if isinstance(file, FileStorage) and file.filename else None


class IntroductionForm(EditForm):
    specialty = StringField("Специальность", [DataRequired("Напишите специальность."), no_longer(80)], [one_line])
    practises_since = WholeNumberField("С какого года работаете", [InputRequired("Введите год, например 2005.")])
    education = TextAreaField("Образование", [no_longer(2000)], [clean_text])
    licence = StringField("Сертификат или аккредитация", [no_longer(120)], [one_line])
    languages = StringField(
        "На каких языках говорите", [DataRequired("Напишите хотя бы один язык."), no_longer(120)], [one_line]
    )
    about = TextAreaField("О себе", [no_longer(4000)], [clean_text])

    @classmethod
    def of(cls, doctor: Doctor) -> IntroductionForm:
        return cls(formdata=None, obj=doctor)

    @property
    def words(self) -> Introduction:
        return Introduction(
            specialty=self.specialty.data or "",
            practises_since=self.practises_since.data or 0,
            education=self.education.data or "",
            licence=self.licence.data or "",
            languages=self.languages.data or "",
            about=self.about.data or "",
        )

    def validate_practises_since(self, field: WholeNumberField) -> None:
        latest = clock.now().year
        if field.data is None or not EARLIEST <= field.data <= latest:
            raise ValidationError(f"Введите год от {EARLIEST} до {latest}.")


class TermsForm(EditForm):
    price = PriceField("Обычная цена консультации, ₽")
    minutes = SelectField("Обычно длится, минут", coerce=int, choices=DURATIONS, **invalid_choice(NO_SUCH_DURATION))
    free_days = WholeNumberField(
        "Бесплатных дней в новом чате",
        [
            InputRequired("Введите число дней, 0 – без бесплатных."),
            NumberRange(0, MOST_FREE, f"Введите от 0 до {MOST_FREE} дней."),
        ],
    )

    @classmethod
    def of(cls, doctor: Doctor) -> TermsForm:
        known = {"price": format_price(doctor.default_price), "minutes": doctor.default_minutes}
        return cls(formdata=None, free_days=doctor.free_days, **known)


class TimeField(StringField):
    """«22:00» or nothing; `minute` after midnight once it is read."""

    minute: int | None = None

    def pre_validate(self, form: FlaskForm) -> None:
        words = (self.data or "").strip()
        if not words:
            return
        try:
            read = read_time(words)
        except ValueError:
            raise ValidationError("Введите время так: 22:00.") from None
        self.minute = read.hour * 60 + read.minute


class ReachabilityForm(EditForm):
    available = BooleanField("Показывать «на связи», когда я на сайте")
    quiet_from = TimeField("Тихие часы с")
    quiet_to = TimeField("до")

    @classmethod
    def of(cls, doctor: Doctor) -> ReachabilityForm:
        hours = {"quiet_from": minute_as_typed(doctor.quiet_from), "quiet_to": minute_as_typed(doctor.quiet_to)}
        return cls(formdata=None, available=doctor.available, **hours)

    def validate_quiet_to(self, field: TimeField) -> None:
        if self.quiet_from.errors:
            return
        if (self.quiet_from.minute is None) != (field.minute is None):
            raise ValidationError("Заполните оба времени или оставьте оба пустыми.")
        if field.minute is not None and field.minute == self.quiet_from.minute:
            raise ValidationError("Начало и конец совпадают. Введите разное время.")


class AnswersForm(EditForm):
    """When a doctor answers, and what is promised within those hours; a bit a day, Monday the lowest."""

    promise = SelectField("Обещаю ответить", choices=PROMISES, **invalid_choice("Выберите время из списка."))
    monday = BooleanField("Пн")
    tuesday = BooleanField("Вт")
    wednesday = BooleanField("Ср")
    thursday = BooleanField("Чт")
    friday = BooleanField("Пт")
    saturday = BooleanField("Сб")
    sunday = BooleanField("Вс")
    answer_from = TimeField("С", [InputRequired(NO_HOUR)])
    answer_to = TimeField("До", [InputRequired(NO_HOUR)])

    @classmethod
    def of(cls, doctor: Doctor) -> AnswersForm:
        days = {name: bool(doctor.answer_days >> number & 1) for number, name in enumerate(WEEK)}
        hours = {
            "answer_from": minute_as_typed(doctor.answer_from),
            "answer_to": minute_as_typed(doctor.answer_to % MIDNIGHT),
        }
        return cls(formdata=None, promise=str(doctor.promise_hours or ""), **days, **hours)

    @property
    def each_day(self) -> list[BooleanField]:
        return [self[name] for name in WEEK]

    @property
    def days(self) -> int:
        return sum(field.data << number for number, field in enumerate(self.each_day))

    @property
    def hours(self) -> int | None:
        return int(self.promise.data) if self.promise.data else None

    @property
    def start(self) -> int:
        return self.answer_from.minute or 0

    @property
    def end(self) -> int:
        """«00:00» is the end of the day."""
        return self.answer_to.minute or MIDNIGHT

    def validate_sunday(self, _field: BooleanField) -> None:
        if not self.days:
            raise ValidationError("Отметьте хотя бы один день.")

    def validate_answer_to(self, field: TimeField) -> None:
        if not self.answer_from.errors and field.minute is not None and self.end <= self.start:
            raise ValidationError("Конец раньше начала. Введите время позже.")


class TariffForm(EditForm):
    """Each tariff has its own on the page, so their fields are told apart by a prefix."""

    title = StringField("Название", [DataRequired("Назовите тариф."), no_longer(80)], [one_line])
    days = WholeNumberField(
        "Сколько дней",
        [
            InputRequired("Введите число дней."),
            NumberRange(1, Tariff.LONGEST, f"Введите от 1 до {Tariff.LONGEST} дней."),
        ],
    )
    price = PriceField("Цена, ₽")

    @classmethod
    def new(cls) -> TariffForm:
        return cls(formdata=None, prefix="new-")

    @classmethod
    def of(cls, tariff: Tariff) -> TariffForm:
        known: dict[str, Any] = {"title": tariff.title, "days": tariff.days, "price": format_price(tariff.price)}
        return cls(formdata=None, prefix=prefix_of(tariff.id), **known)

    @property
    def terms(self) -> TariffTerms:
        return TariffTerms(self.title.data or "", self.days.data or 0, self.price.kopecks)

    def validate_price(self, field: PriceField) -> None:
        if not field.errors and not field.kopecks:
            raise ValidationError("Введите цену в рублях, например 900.")


class TimeOffForm(EditForm):
    """Whole days of the doctor's own zone; today begins now. Each absence has its own on the page, with a prefix."""

    first_day = DayField("Первый день", [DataRequired("Выберите первый день.")])
    last_day = DayField("Последний день", [DataRequired("Выберите последний день.")])
    stand_in = SelectField("Кто замещает", coerce=int, **invalid_choice(errors.StandInIsUnknown.sentence))
    words = TextAreaField("Что добавить к ответу", [no_longer(TimeOff.LONGEST_WORDS)], [clean_text])

    def __init__(self, doctor: Doctor, begun: TimeOff | None = None, **more: Any) -> None:
        super().__init__(**more)
        self.doctor, self.begun = doctor, begun if begun is not None and begun.has_begun else None
        colleagues = db.session.scalars(TimeOff.may_stand_in_for(doctor)).all()
        known = [SelectChoice(one.id, f"{one.user.name}, {one.specialty.lower()}") for one in colleagues]
        self.stand_in.choices = [SelectChoice(0, "Никто"), *known]

    @classmethod
    def new(cls, doctor: Doctor) -> TimeOffForm:
        return cls(doctor, formdata=None, prefix="new-", stand_in=0)

    @classmethod
    def of(cls, time_off: TimeOff) -> TimeOffForm:
        zone = time_off.doctor.user.zone
        days = {
            "first_day": time_off.starts_at.astimezone(zone).date().isoformat(),
            "last_day": time_off.last_moment.astimezone(zone).date().isoformat(),
        }
        said = {"stand_in": time_off.stand_in_id or 0, "words": time_off.words}
        return cls(time_off.doctor, time_off, formdata=None, prefix=f"away-{time_off.id}-", **days, **said)

    @classmethod
    def sent_by(cls, doctor: Doctor, time_off: TimeOff | None = None) -> TimeOffForm:
        return cls(doctor, time_off, prefix=f"away-{time_off.id}-" if time_off else "new-")

    @property
    def terms(self) -> AbsenceTerms:
        assert self.first_day.day is not None
        assert self.last_day.day is not None
        begins = max(self._midnight(self.first_day.day), clock.now())
        ends = self._midnight(self.last_day.day + timedelta(days=1))
        return AbsenceTerms(begins, ends, self.stand_in.data or None, self.words.data or "")

    def validate_first_day(self, field: DayField) -> None:
        """What has begun keeps its first day, whatever is sent."""
        today = clock.now().astimezone(self.doctor.user.zone).date()
        if field.day is not None and field.day < today and self.begun is None:
            raise ValidationError(errors.TimeOffBeganBefore.sentence)

    def validate_last_day(self, field: DayField) -> None:
        first = self.first_day.day
        if field.day is None or first is None or self.first_day.errors:
            return
        if field.day < first:
            raise ValidationError(errors.TimeOffIsPast.sentence)
        if field.day - first > TimeOff.LONGEST:
            raise ValidationError(errors.TimeOffIsTooLong.sentence)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.doctor.user.zone).astimezone(UTC)


class EndTimeOffForm(FlaskForm):
    """«Отменить», «Закончить сейчас»: nothing but its token."""


def prefix_of(id: int) -> str:
    return f"tariff-{id}-"


def minute_as_typed(minute: int | None) -> str:
    """«09:00», as a field of time has it."""
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"
