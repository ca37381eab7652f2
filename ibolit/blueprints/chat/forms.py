"""What is typed into a chat."""

from __future__ import annotations

from flask import request
from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, RadioField, SelectChoice, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from ...errors import QuoteIsUnknown
from ...models import Chat, Message, StandInChoice, User
from ...web.file_forms import AttachmentFormMixin
from ...web.text_filters import clean_text

MOST_SEQ = 2**31 - 1  # a larger number is none of ours


class QuotedField(IntegerField):
    """What is no number is no message that may be quoted."""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(QuoteIsUnknown.sentence) from None


class MessageForm(AttachmentFormMixin):
    TOO_MANY = "В одном сообщении до {most} файлов. Уберите лишние или отправьте их следующим."

    text = TextAreaField(
        "Сообщение",
        [Length(max=Message.LONGEST, message="Сообщение длиннее 4 000 знаков. Разделите его на части.")],
        [clean_text],
    )

    quoted = QuotedField("quoted", [Optional(), NumberRange(1, MOST_SEQ, QuoteIsUnknown.sentence)])
    warned = BooleanField("warned")  # «Всё равно отправить»
    urgent_groups: tuple[str, ...] = ()  # of what emergencies it speaks, when it is asked back because of them
    quoting: Message | None = None  # what `quoted` names, shown over the field

    @property
    def refusal(self) -> list[str]:
        unknown = [QuoteIsUnknown.sentence] if self.quoted.errors else []
        return [*self.text.errors, *self.files.errors, *self.client_id.errors, *unknown]

    def asks_back(self, chat: Chat, author: User) -> bool:
        """Once, of whoever looks at the page that answers: «Похоже на неотложное состояние»."""
        if not self.warned.data:
            self.urgent_groups = chat.urgent_groups_in(author, self.text.data or "")
        return bool(self.urgent_groups)

    def keep(self, chat: Chat) -> None:
        """Files and the quote stay; what may not be quoted is left out."""
        super().keep(chat)
        is_number = self.quoted.data is not None and not self.quoted.errors
        found = Message.in_chat(chat, self.quoted.data) if is_number else None
        self.quoting = found if found is not None and found.may_be_quoted else None

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data and not self.has_files:
            raise ValidationError("Напишите сообщение.")


class QueueForm(FlaskForm):
    """A press on a chat of the list: its token, and `seen`, the last seq its page showed; nonsense settles nothing."""

    @property
    def seen(self) -> int:
        return request.form.get("seen", 0, type=int)


class RecallForm(FlaskForm):
    """«Отозвать»: nothing but its token."""


class StandInForm(FlaskForm):
    """Who shall answer."""

    choice = RadioField(choices=[SelectChoice(one.value, one.value) for one in StandInChoice])


class ReceiptsForm(FlaskForm):
    """Numbers of messages; a missing one moves nothing."""

    delivered_to = IntegerField("delivered", [NumberRange(min=0)], default=0)
    read_to = IntegerField("read", [NumberRange(min=0)], default=0)
