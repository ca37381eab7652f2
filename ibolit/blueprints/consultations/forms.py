"""What is agreed: times as people type them, in their own zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from ...models import CancellationReason, CancellationTerms, Consultation, ConsultationKind
from ...web.fields import (
    DURATIONS,
    KINDS,
    NO_SUCH_DURATION,
    ClientIdField,
    DayField,
    ExpectedField,
    PriceField,
    epoch_field,
    format_price,
    hidden_number,
    invalid_choice,
    moment_of,
    read_time,
)
from ...web.text_filters import clean_text, one_line

REASONS = [
    SelectChoice(CancellationReason.CHANGED_MIND, "Изменились планы"),
    SelectChoice(CancellationReason.BAD_TIME, "Не подходит время"),
    SelectChoice(CancellationReason.OTHER, "Другая причина"),
]
NO_REASON = "Выберите причину."


class NoSuchTime(ValueError):
    """The clocks were put forward over it."""


def local_moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """In UTC. Of a doubled hour the first; raises NoSuchTime for one that the clocks leave out."""
    moment = datetime.combine(day, at, zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) != datetime.combine(day, at):
        raise NoSuchTime
    return moment


def meant_moment(day: date, at: time, zone: ZoneInfo, shown: datetime) -> datetime:
    """The same, but of a doubled hour the one that stood there, if it is as it stood. Raises NoSuchTime."""
    is_as_shown = shown.astimezone(zone).replace(tzinfo=None) == datetime.combine(day, at)
    return shown if is_as_shown else local_moment(day, at, zone)


class TimeFields(FlaskForm):
    """`moment` once both are read, in UTC. What stood there and was not touched is the moment that was meant, also in
    the hour that comes twice when the clocks go back."""

    day = DayField("Дата", [DataRequired("Выберите дату.")])
    at = StringField("Время", [DataRequired("Выберите время.")], name="time")
    shown = epoch_field()
    moment: datetime

    def __init__(self, zone: ZoneInfo, suggested: datetime | None = None, **more: Any) -> None:
        local = suggested.astimezone(zone) if suggested else None
        shown: dict[str, Any] = {}
        if suggested and local:
            shown = {"day": f"{local:%Y-%m-%d}", "at": f"{local:%H:%M}", "shown": int(suggested.timestamp() * 1000)}
        super().__init__(**(shown | more))
        self.zone = zone

    def validate_at(self, field: StringField) -> None:
        moment = read_moment(self.day, field, self.zone, moment_of(self.shown.data or 0))
        if moment is not None:
            self.moment = moment


class TimesFields(TimeFields):
    """Up to two times more, which may be left empty: `more` once all are read, in UTC."""

    day_2, at_2 = DayField("Второй день"), StringField("Время", name="time_2")
    day_3, at_3 = DayField("Третий день"), StringField("Время", name="time_3")

    @property
    def pairs(self) -> list[tuple[DayField, StringField]]:
        return [(self.day_2, self.at_2), (self.day_3, self.at_3)]

    @property
    def is_choice(self) -> bool:
        """Something stands in them."""
        return any(day.data or at.data for day, at in self.pairs)

    @property
    def more(self) -> tuple[datetime, ...]:
        return tuple(self._more)

    def validate(self, extra_validators: Any = None) -> bool:
        self._more: dict[datetime, StringField] = {}
        return bool(super().validate(extra_validators))

    def validate_day_2(self, field: DayField) -> None:
        _needs_other(field, self.at_2, "Выберите дату.")

    def validate_day_3(self, field: DayField) -> None:
        _needs_other(field, self.at_3, "Выберите дату.")

    def validate_at_2(self, field: StringField) -> None:
        self._read_one_more(self.day_2, field)

    def validate_at_3(self, field: StringField) -> None:
        self._read_one_more(self.day_3, field)

    def field_of(self, moment: datetime) -> StringField:
        """Where that time was typed."""
        return self._more.get(moment, self.at)

    def _read_one_more(self, day: DayField, at: StringField) -> None:
        _needs_other(at, day, "Выберите время.")
        moment = read_moment(day, at, self.zone) if at.data else None
        if moment is None:
            return
        if moment in (getattr(self, "moment", None), *self._more):
            raise ValidationError("Это время уже стоит выше. Выберите другое.")
        self._more[moment] = at


def read_moment(day: DayField, at: StringField, zone: ZoneInfo, shown: datetime | None = None) -> datetime | None:
    """In UTC; None when the day is not read, which says so itself. Raises ValidationError with what is wrong."""
    try:
        hour = read_time(at.data or "")
    except ValueError:
        raise ValidationError("Введите время так: 14:00.") from None
    if day.day is None:
        return None
    try:
        return meant_moment(day.day, hour, zone, shown) if shown else local_moment(day.day, hour, zone)
    except NoSuchTime:
        raise ValidationError("Такого времени в этот день нет: часы переводят вперёд.") from None
    except OverflowError:
        raise ValidationError("Такой даты в календаре нет. Проверьте год.") from None


def _needs_other(field: StringField, other: StringField, sentence: str) -> None:
    if other.data and not field.data:
        raise ValidationError(sentence)


class ProposalForm(TimesFields):
    kind = RadioField(
        "Вид", choices=KINDS, default=ConsultationKind.VIDEO, **invalid_choice("Выберите видео или аудио.")
    )
    minutes = SelectField(
        "Сколько минут", coerce=int, choices=DURATIONS, default=30, **invalid_choice(NO_SUCH_DURATION)
    )
    price = PriceField("Цена, ₽", [DataRequired("Введите цену. Для бесплатной – 0.")])
    note = TextAreaField(
        "Что передать пациенту",
        [Length(max=Consultation.LONGEST_NOTE, message="Примечание длиннее 500 знаков.")],
        [clean_text],
    )
    client_id = ClientIdField()
    request_id = hidden_number()

    def __init__(self, zone: ZoneInfo, default_price: int = 0, **more: Any) -> None:
        super().__init__(zone, price=format_price(default_price), **more)


class RequestForm(FlaskForm):
    kind = RadioField(
        "Вид", choices=KINDS, default=ConsultationKind.VIDEO, **invalid_choice("Выберите видео или аудио.")
    )
    wishes = TextAreaField(
        "Когда вам удобно",
        [
            DataRequired("Напишите, когда вам удобно."),
            Length(max=500, message="Длиннее 500 знаков. Оставьте главное."),
        ],
        [clean_text],
    )
    client_id = ClientIdField()


class ActionForm(FlaskForm):
    """A button of a card: `expected` is the time that stood there."""

    expected = epoch_field(formerly="seen")

    @property
    def moment(self) -> datetime:
        return moment_of(self.expected.data or 0)


class RescheduleForm(TimeFields):
    """«Предложить другое время»; `expected` is the agreed one, `expected_request` the one the other side asks for."""

    expected = epoch_field(formerly="seen")
    expected_request = epoch_field(formerly="seen_wish")

    @property
    def request_on_screen(self) -> datetime | None:
        return moment_of(self.expected_request.data) if self.expected_request.data else None


class CancelForm(FlaskForm):
    reason = RadioField("Причина", [DataRequired(NO_REASON)], choices=REASONS, **invalid_choice(NO_REASON))
    expected = ExpectedField(filters=[one_line], formerly="promise")

    @property
    def expected_terms(self) -> CancellationTerms | None:
        return CancellationTerms(self.expected.data) if self.expected.data in list(CancellationTerms) else None
