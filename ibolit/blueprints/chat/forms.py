"""What is typed into a chat."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import IntegerField, TextAreaField
from wtforms.validators import Length, NumberRange, ValidationError

from ...models import Message
from ...web.file_forms import AttachmentFormMixin
from ...web.text_filters import clean_text


class MessageForm(AttachmentFormMixin):
    TOO_MANY = "В одном сообщении до {most} файлов. Уберите лишние или отправьте их следующим."

    text = TextAreaField(
        "Сообщение",
        [Length(max=Message.LONGEST, message="Сообщение длиннее 4 000 знаков. Разделите его на части.")],
        [clean_text],
    )

    @property
    def refusal(self) -> list[str]:
        return [*self.text.errors, *self.files.errors, *self.client_id.errors]

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data and not self.has_files:
            raise ValidationError("Напишите сообщение.")


class ReceiptsForm(FlaskForm):
    """Numbers of messages; a missing one moves nothing."""

    delivered_to = IntegerField("delivered", [NumberRange(min=0)], default=0)
    read_to = IntegerField("read", [NumberRange(min=0)], default=0)
