"""A reply template as it is typed."""

from __future__ import annotations

from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from ...models import ReplyTemplate
from ...web.edit_form import EditForm
from ...web.text_filters import clean_text, one_line


class ReplyForm(EditForm):
    """Each template has its own on the page, so their fields are told apart by a prefix."""

    name = StringField(
        "Название",
        [
            DataRequired("Назовите шаблон: по названию вы найдёте его."),
            Length(max=ReplyTemplate.LONGEST_NAME, message=f"Длиннее {ReplyTemplate.LONGEST_NAME} знаков. Сократите."),
        ],
        [one_line],
    )
    text = TextAreaField(
        "Текст",
        [
            DataRequired("Напишите текст ответа."),
            Length(max=ReplyTemplate.LONGEST, message="Длиннее 2 000 знаков. Сократите."),
        ],
        [clean_text],
    )

    @classmethod
    def new(cls) -> ReplyForm:
        return cls(formdata=None, prefix="new-")

    @classmethod
    def again(cls, form: ReplyForm) -> ReplyForm:
        """What was typed for a template that is no more."""
        return cls(formdata=None, prefix="new-", name=form.name.data, text=form.text.data)

    @classmethod
    def of(cls, template: ReplyTemplate) -> ReplyForm:
        return cls(formdata=None, prefix=prefix_of(template.id), name=template.name, text=template.text)


def prefix_of(id: int) -> str:
    return f"reply-{id}-"
