"""What patients may book, in which hours, by which rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    FieldList,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectChoice,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from ... import errors
from ...formatting import WEEKDAYS, length_of
from ...models import AppointmentType, BookingRules, ConsultationKind, HoursSpan, RulesTerms, TypeTerms, WeeklyHours
from ...models.doctors import MIDNIGHT
from ...services.codes import content_hash
from ...web.edit_form import EditForm
from ...web.fields import KINDS, NO_SUCH_DURATION, PriceField, WholeNumberField, format_price, invalid_choice
from ...web.text_filters import one_line
from ...web.time_zones import ZONES, title_of
from .forms import NO_HOUR, TimeField, minute_as_typed, no_longer

TWO_PRICES = "Стоит и цена, и «Бесплатно». Оставьте что-то одно."
LENGTHS = 10, 15, 20, 25, 30, 40, 45, 50, 60, 75, 90, 120, 150, 180  # minutes
SPARE = 2  # rows of a day at least, one of them empty
HOUR, DAY = 60, 24 * 60  # minutes
NOTICES = 15, 30, *(hours * HOUR for hours in (1, 2, 3, 4, 6, 12)), *(days * DAY for days in (1, 2, 3, 7, 14))


class PriceOrFreeField(PriceField):
    WRONG = "Введите цену в рублях, например 1500, или отметьте «Бесплатно»."


class AppointmentTypeForm(EditForm):
    """Each type has its own on the page, so their fields are told apart by a prefix."""

    title = StringField(
        "Название", [DataRequired("Введите название."), no_longer(AppointmentType.LONGEST_TITLE)], [one_line]
    )
    kind = RadioField(
        "Как проходит",
        choices=KINDS,
        default=ConsultationKind.VIDEO,
        **invalid_choice("Выберите, видео или аудио."),
    )
    minutes = SelectField("Сколько минут", coerce=int, **invalid_choice(NO_SUCH_DURATION))
    price = PriceOrFreeField("Цена, ₽")
    free = BooleanField("Бесплатно")

    def __init__(self, type: AppointmentType | None = None, **more: Any) -> None:
        super().__init__(**more)
        lengths = sorted({*LENGTHS, *([type.minutes] if type else [])})
        self.minutes.choices = [SelectChoice(minutes, str(minutes)) for minutes in lengths]

    @classmethod
    def new(cls) -> AppointmentTypeForm:
        return cls(formdata=None, prefix="new-", minutes=30)

    @classmethod
    def sent_for(cls, type: AppointmentType | None = None) -> AppointmentTypeForm:
        return cls(type, prefix=prefix_of(type.id) if type else "new-")

    @classmethod
    def of(cls, type: AppointmentType) -> AppointmentTypeForm:
        known: dict[str, Any] = {"title": type.title, "kind": type.kind, "minutes": type.minutes, "free": type.is_free}
        price = format_price(type.price) if type.price else ""
        return cls(type, formdata=None, prefix=prefix_of(type.id), price=price, **known)

    @property
    def terms(self) -> TypeTerms:
        kind = ConsultationKind(self.kind.data)
        return TypeTerms(self.title.data or "", kind, self.minutes.data, self.price.kopecks)

    def validate_price(self, field: PriceField) -> None:
        """What costs nothing is meant so: an empty price alone may have been forgotten."""
        if field.errors:
            return
        if self.free.data and field.kopecks:
            raise ValidationError(TWO_PRICES)
        if not self.free.data and not field.kopecks:
            raise ValidationError(field.WRONG)


class EndTimeField(TimeField):
    """«00:00» and «24:00» are the end of the day."""

    def pre_validate(self, form: FlaskForm) -> None:
        if (self.data or "").strip() == "24:00":
            self.minute = MIDNIGHT
            return
        super().pre_validate(form)
        self.minute = MIDNIGHT if self.minute == 0 else self.minute


class SpanForm(Form):
    """Both times, or neither. Nothing ticked: for all types."""

    start = TimeField("С")
    end = EndTimeField("До")
    types = SelectMultipleField(
        "Только для",
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        **invalid_choice(errors.HoursForUnknownType.sentence),
    )
    removed = BooleanField("Убрать")

    @property
    def offers_types(self) -> bool:
        """There is something to choose from."""
        return len(self.types.choices or ()) > 1

    @property
    def is_given(self) -> bool:
        return not self.removed.data and (self.start.minute is not None or self.end.minute is not None)

    def validate_end(self, field: EndTimeField) -> None:
        if self.removed.data or self.start.errors:
            return
        if (self.start.minute is None) != (field.minute is None):
            raise ValidationError(NO_HOUR)
        if field.minute is not None and self.start.minute is not None and field.minute <= self.start.minute:
            raise ValidationError("Конец раньше начала. Введите время позже.")
        if (field.minute or 0) % 5 or (self.start.minute or 0) % 5:
            raise ValidationError("Минуты – с шагом 5, например 9:05.")

    def span(self, weekday: int) -> HoursSpan:
        assert self.start.minute is not None
        assert self.end.minute is not None
        return HoursSpan(weekday, self.start.minute, self.end.minute, frozenset(self.types.data or ()))


class HoursForm(FlaskForm):
    """One day of the week. `expected`: the mark of what stood there."""

    expected = HiddenField()
    spans = FieldList(FormField(SpanForm), max_entries=WeeklyHours.MOST_A_DAY)
    copy_to = SelectMultipleField(
        "Скопировать на другие дни",
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        **invalid_choice("Выберите дни из списка."),
    )

    def __init__(self, weekday: int, types: Sequence[AppointmentType], **more: Any) -> None:
        super().__init__(prefix=f"day-{weekday}-", **more)
        self.weekday = weekday
        self.copy_to.choices = [SelectChoice(day, WEEKDAYS[day]) for day in range(7) if day != weekday]
        for entry in self.spans:
            self._offer(entry, types)
        self.types = types

    @classmethod
    def of(cls, weekday: int, spans: Sequence[HoursSpan], types: Sequence[AppointmentType]) -> Self:
        """With empty rows for more."""
        form = cls(weekday, types, formdata=None)
        for one in spans:
            times = {"start": minute_as_typed(one.start), "end": minute_as_typed(one.end % MIDNIGHT)}
            form._append(times | {"types": sorted(one.type_ids)})
        form.add_rows()
        form.expected.data = day_version(spans)
        return form

    @property
    def week_day(self) -> list[HoursSpan]:
        return [entry.form.span(self.weekday) for entry in self.spans if entry.form.is_given]

    def add_rows(self) -> None:
        """There is always room for one more."""
        empty = sum(not (entry.form.start.data or entry.form.end.data) for entry in self.spans)
        most = self.spans.max_entries or 0
        while len(self.spans) < most and (len(self.spans) < SPARE or not empty):
            self._append({})
            empty += 1

    def _append(self, values: dict[str, Any]) -> None:
        self._offer(self.spans.append_entry(values), self.types)

    @staticmethod
    def _offer(entry: FormField, types: Sequence[AppointmentType]) -> None:
        entry.form.types.choices = [SelectChoice(one.id, one.title) for one in types]


class BookingRulesForm(EditForm):
    zone = SelectField("Часовой пояс часов приёма", **invalid_choice(errors.ZoneIsUnknown.sentence))
    notice_minutes = SelectField(
        "Записаться можно не позже чем", coerce=int, **invalid_choice("Выберите из списка, за сколько.")
    )
    pause_minutes = WholeNumberField(
        "Перерыв между консультациями, минут",
        [
            InputRequired("Введите число минут, 0 – без перерыва."),
            NumberRange(*BookingRules.PAUSE, "Введите от {} до {} минут.".format(*BookingRules.PAUSE)),
        ],
    )
    horizon_days = WholeNumberField(
        "На сколько дней вперёд",
        [
            InputRequired("Введите число дней."),
            NumberRange(*BookingRules.HORIZON, "Введите от {} до {} дней.".format(*BookingRules.HORIZON)),
        ],
    )
    confirms_free = BooleanField("Бесплатные подтверждать сразу, без моего ответа")

    def __init__(self, rules: BookingRules, **more: Any) -> None:
        super().__init__(**more)
        offered = sorted({*NOTICES, rules.notice_minutes})
        self.notice_minutes.choices = [SelectChoice(minutes, f"за {length_of(minutes)}") for minutes in offered]
        zones = dict(ZONES)
        zones.setdefault(rules.zone, title_of(rules.zone))
        self.zone.choices = [SelectChoice(name, title) for name, title in zones.items()]

    @classmethod
    def of(cls, rules: BookingRules) -> Self:
        return cls(rules, formdata=None, **vars(rules.terms))

    @property
    def terms(self) -> RulesTerms:
        return RulesTerms(
            self.zone.data,
            self.notice_minutes.data,
            self.pause_minutes.data or 0,
            self.horizon_days.data or 0,
            confirms_free=self.confirms_free.data,
        )


def day_version(spans: Iterable[HoursSpan]) -> str:
    """Tells whether a day still is what its page showed."""
    told = [(one.start, one.end, sorted(one.type_ids)) for one in sorted(spans)]
    return content_hash(repr(told))


def prefix_of(id: int) -> str:
    return f"type-{id}-"
