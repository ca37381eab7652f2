"""What is typed into a chat."""

from __future__ import annotations

from collections.abc import Sequence

from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import IntegerField, MultipleFileField, SelectMultipleField, TextAreaField
from wtforms.validators import Length, NumberRange, ValidationError

from ...config import current_settings
from ...models import Attachment, Message
from ..fields import ClientIdField
from ..typed import tidy


class MessageForm(FlaskForm):
    """`uploads` names files that came before the form, `files` come with it. What was taken in is never asked again."""

    text = TextAreaField(
        "Сообщение",
        [Length(max=Message.LONGEST, message="Сообщение длиннее 4 000 знаков. Разделите его на части.")],
        [tidy],
    )
    client_id = ClientIdField()
    uploads = SelectMultipleField(validate_choice=False, choices=[])
    files = MultipleFileField("Файлы")
    kept: Sequence[Attachment] = ()  # shown again beside the text when something else was wrong

    @property
    def brings_files(self) -> bool:
        return bool(self.uploads.data or self.given)

    @property
    def given(self) -> list[FileStorage]:
        """A browser sends one nameless file when none was chosen."""
        return [file for file in self.files.data or () if isinstance(file, FileStorage) and file.filename]

    @property
    def refusal(self) -> list[str]:
        return [*self.text.errors, *self.files.errors, *self.client_id.errors]

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data and not self.brings_files:
            raise ValidationError("Напишите сообщение.")

    def validate_files(self, field: MultipleFileField) -> None:
        most = current_settings.files_max
        if len(self.uploads.data or ()) + len(self.given) > most:
            raise ValidationError(f"В одном сообщении до {most} файлов. Уберите лишние или отправьте их следующим.")


class ReceiptsForm(FlaskForm):
    """Numbers of messages; a missing one moves nothing."""

    delivered_to = IntegerField("delivered", [NumberRange(min=0)], default=0)
    read_to = IntegerField("read", [NumberRange(min=0)], default=0)
