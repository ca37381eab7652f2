"""What an operator decides about money."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from ...web.fields import MoneyField, format_price, hidden_number
from ...web.text_filters import one_line

NOT_TOO_LONG = Length(max=300, message="Причина длиннее 300 знаков.")


class AmountForm(FlaskForm):
    """One of many on the page, so its fields' ids carry the thing they are about."""

    def __init__(self, thing: str, sum_: int = 0, **more: Any) -> None:
        super().__init__(amount=format_price(sum_), expected=sum_, **more)
        for field in self:
            field.id = f"{thing}-{field.name}"


class ConfirmedAmountForm(AmountForm):
    """`confirmed`: the amount, in kopecks, that the page has said back; another is said back before it is sent."""

    amount = MoneyField("Сумма, ₽", [DataRequired("Введите сумму.")])
    confirmed = hidden_number(otherwise=-1)

    def needs_confirmation(self, refundable: int) -> bool:
        """Whether to ask before anything is given; more than `refundable`, in kopecks, is refused and not asked."""
        asked, self.confirmed.data = self.confirmed.data, self.amount.kopecks
        return bool(asked != self.amount.kopecks <= refundable)


class ApprovalForm(ConfirmedAmountForm):
    note = StringField("Причина", [NOT_TOO_LONG], [one_line])


class DeclineForm(AmountForm):
    note = TextAreaField(
        "Почему. Пациент это прочтёт", [DataRequired("Напишите причину отказа."), NOT_TOO_LONG], [one_line]
    )


class RetryForm(ConfirmedAmountForm):
    """The amount on the card was decided before; only another one is said back."""


class OutOfBandForm(AmountForm):
    note = StringField(
        "Как вернули. Пациент это прочтёт", [DataRequired("Напишите, как вернули деньги."), NOT_TOO_LONG], [one_line]
    )
    receipt = StringField(
        "Номер чека возврата",
        [DataRequired("Введите номер чека возврата."), Length(max=40, message="Номер длиннее 40 знаков.")],
        [one_line],
    )


class RefundForm(ConfirmedAmountForm):
    """`expected` is what could go back when the form was drawn: pressed twice it gives back once."""

    expected = hidden_number(otherwise=-1, formerly="rest")
    note = StringField("Причина", [DataRequired("Напишите причину возврата."), NOT_TOO_LONG], [one_line])
