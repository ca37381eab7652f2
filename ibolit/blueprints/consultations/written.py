"""Forms of what is written of a consultation, and how their files come in."""

from __future__ import annotations

from collections.abc import Sequence

from flask_wtf import FlaskForm
from wtforms import HiddenField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from ...models import Attachment, Complaint, Conclusion, ConclusionDraft, Consultation, Review, Sheet, Template
from ...web.edit_form import EditForm
from ...web.fields import hidden_number, invalid_choice
from ...web.file_forms import AttachmentFormMixin
from ...web.text_filters import CLIENT_ID, clean_text, one_line

END = ("Что обсудили", "Рекомендации", "Нужен ли очный приём")


def under(*headings: str) -> str:
    """A line to write on stands under each."""
    return "\n\n\n".join(f"{one}:" for one in headings) + "\n"


# word, title, text
TEMPLATES = (
    (Template.FIRST, "Первичная беседа", under("Жалобы", "Анамнез", *END)),
    (Template.AGAIN, "Повторная", under("Жалобы", "Что изменилось", *END)),
    (Template.TESTS, "Разбор анализов", under("Жалобы", "Анамнез", "Какие анализы разобрали", *END)),
)
TEXTS = {word: text for word, _, text in TEMPLATES}

STARS = (
    (5, "5 – отлично"),
    (4, "4 – хорошо"),
    (3, "3 – нормально"),
    (2, "2 – плохо"),
    (1, "1 – очень плохо"),
)

ENDS = {0: "0 – не беспокоит", Complaint.STRONGEST: f"{Complaint.STRONGEST} – нестерпимо"}
STRENGTHS = [SelectChoice("", "Не указывать")]
STRENGTHS += [SelectChoice(str(one), ENDS.get(one, str(one))) for one in range(Complaint.STRONGEST + 1)]


def template_of(word: str | None) -> Template | None:
    return Template(word) if word and word in [*Template] else None


def is_untouched(text: str | None) -> bool:
    """Nothing, or a template in which nothing was written."""
    return " ".join((text or "").split()) in ["", *(" ".join(one.split()) for one in TEXTS.values())]


class DraftForm(FlaskForm):
    text = TextAreaField(
        "Заключение",
        [Length(max=Conclusion.LONGEST, message="Заключение длиннее 20 000 знаков. Сократите его.")],
        [clean_text],
    )
    template = HiddenField()
    seen = hidden_number()  # the last version the doctor knew of
    pen = HiddenField()  # this page's own: it may go on with what it wrote
    expected = HiddenField()  # the mark of the text it began with

    def keep_draft(self, consultation: Consultation, *, seen: int | None) -> None:
        text, template = self.text.data or "", template_of(self.template.data)
        ConclusionDraft.keep(consultation, text, template, seen=seen or 0, pen=self._pen, expected=self._expected)

    def refuse_unseen(self, consultation: Consultation) -> None:
        """Raises DraftHasChanged: what another page wrote meanwhile would be thrown away."""
        ConclusionDraft.refuse_unseen(consultation, self.text.data or "", self._pen, self._expected)

    @property
    def _pen(self) -> str:
        return self.pen.data if self.pen.data and CLIENT_ID.fullmatch(self.pen.data) else ""

    @property
    def _expected(self) -> str:
        return self.expected.data or ""


class ConclusionForm(AttachmentFormMixin, DraftForm):
    def give(self, consultation: Consultation, attachments: Sequence[Attachment]) -> Conclusion:
        return Conclusion.give(
            consultation,
            self.text.data or "",
            self.client_id.data,
            seen=self.seen.data,
            template=template_of(self.template.data),
            attachments=attachments,
        )

    def validate_text(self, field: TextAreaField) -> None:
        if is_untouched(field.data):
            raise ValidationError("Напишите заключение.")


class ReviewForm(FlaskForm):
    stars = RadioField(
        "Как прошла консультация?",
        choices=[SelectChoice(stars, words) for stars, words in STARS],
        coerce=int,
        **invalid_choice("Выберите оценку."),
    )
    words = TextAreaField(
        "Несколько слов врачу, если хотите",
        [Length(max=Review.LONGEST, message="Отзыв длиннее 1 000 знаков.")],
        [clean_text],
    )


def not_longer_than(most: int) -> Length:
    return Length(max=most, message=f"Длиннее {most} знаков. Сократите.")


class ComplaintForm(EditForm, AttachmentFormMixin):
    trouble = TextAreaField(
        "Что беспокоит",
        [DataRequired("Напишите, что вас беспокоит."), not_longer_than(Complaint.LONGEST)],
        [clean_text],
    )
    since = StringField("С какого времени", [not_longer_than(Complaint.LONGEST_SINCE)], [one_line])
    strength = SelectField(
        "Насколько сильно",
        choices=STRENGTHS,
        default="",
        **invalid_choice("Выберите число от 0 до 10."),
    )
    medicines = TextAreaField("Какие лекарства принимаете", [not_longer_than(Complaint.LONGEST)], [clean_text])
    allergies = TextAreaField("На что аллергия", [not_longer_than(Complaint.LONGEST)], [clean_text])

    @property
    def sheet(self) -> Sheet:
        return Sheet(
            trouble=self.trouble.data or "",
            since=self.since.data or "",
            strength=int(self.strength.data) if self.strength.data else None,
            medicines=self.medicines.data or "",
            allergies=self.allergies.data or "",
        )
