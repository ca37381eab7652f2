"""Forms for the payer before the payment is created."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms.validators import DataRequired

from ...web.fields import EmailField
from ...web.text_filters import one_line


class ReceiptForm(FlaskForm):
    """The address of a receipt: not proved, and not the account's."""

    email = EmailField("Почта для чека", [DataRequired("Введите адрес почты.")], [one_line])
