"""What is typed into a chat."""

from __future__ import annotations

import re

from flask_wtf import FlaskForm
from wtforms import HiddenField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, ValidationError

from ...models import Message

CLIENT_ID = re.compile(r"[A-Za-z0-9-]{8,40}")
# Nothing a keyboard types; PostgreSQL refuses NUL.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def tidy(value: str | None) -> str | None:
    """Browsers send CR LF; one line break is one everywhere."""
    return CONTROL.sub("", value.replace("\r\n", "\n")).strip() if value else value


class MessageForm(FlaskForm):
    text = TextAreaField(
        "Сообщение",
        [
            InputRequired("Напишите сообщение."),
            Length(max=Message.LONGEST, message="Сообщение длиннее 4 000 знаков. Разделите его на части."),
        ],
        [tidy],
    )
    client_id = HiddenField()

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data:
            raise ValidationError("Напишите сообщение.")

    def validate_client_id(self, field: HiddenField) -> None:
        if not CLIENT_ID.fullmatch(field.data or ""):
            raise ValidationError("Обновите страницу и отправьте ещё раз.")


class ReceiptsForm(FlaskForm):
    """Numbers of messages; a missing one moves nothing."""

    delivered_to = IntegerField("delivered", [NumberRange(min=0)], default=0)
    read_to = IntegerField("read", [NumberRange(min=0)], default=0)
