"""Forms of what is written of a consultation, and how their files come in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectChoice, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from ...models import (
    Attachment,
    Conclusion,
    ConclusionDraft,
    ConclusionTemplate,
    Consultation,
    IntakeAnswers,
    IntakeQuestionnaire,
    Review,
)
from ...models.consultations import empty_headings
from ...services.codes import content_hash
from ...web.edit_form import EditForm
from ...web.fields import BirthDateField, SexField, hidden_number, invalid_choice
from ...web.file_forms import AttachmentFormMixin
from ...web.text_filters import CLIENT_ID, clean_text, one_line

END = ("Что обсудили", "Рекомендации", "Нужен ли очный приём")


def under(*headings: str) -> str:
    """A line to write on stands under each."""
    return "\n\n\n".join(f"{one}:" for one in headings) + "\n"


# word, title, text
TEMPLATES = (
    (ConclusionTemplate.FIRST, "Первичная беседа", under("Жалобы", "Анамнез", *END)),
    (ConclusionTemplate.AGAIN, "Повторная", under("Жалобы", "Что изменилось", *END)),
    (ConclusionTemplate.TESTS, "Разбор анализов", under("Жалобы", "Анамнез", "Какие анализы разобрали", *END)),
)
TEXTS = {word: text for word, _, text in TEMPLATES}

STARS = (
    (5, "5 – отлично"),
    (4, "4 – хорошо"),
    (3, "3 – нормально"),
    (2, "2 – плохо"),
    (1, "1 – очень плохо"),
)

ENDS = {0: "0 – не беспокоит", IntakeQuestionnaire.MOST_SEVERE: f"{IntakeQuestionnaire.MOST_SEVERE} – нестерпимо"}
SEVERITIES = [SelectChoice("", "Не указывать")]
SEVERITIES += [SelectChoice(str(one), ENDS.get(one, str(one))) for one in range(IntakeQuestionnaire.MOST_SEVERE + 1)]


def template_of(word: str | None) -> ConclusionTemplate | None:
    return ConclusionTemplate(word) if word and word in [*ConclusionTemplate] else None


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
    """`confirmed`: the mark of the empty headings that the page has asked about; others are asked about again."""

    confirmed = HiddenField()
    child_agreed = BooleanField("child_agreed")  # asked where it is about a child of 15 and older

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.asked: list[str] = []  # about these headings the page asks now

    def needs_confirmation(self) -> bool:
        """Whether to ask before it goes out: under some headings nothing is written."""
        empty = empty_headings(self.text.data or "")
        answered, self.confirmed.data = self.confirmed.data, content_hash("\n".join(empty))
        self.asked = empty if answered != self.confirmed.data else []
        return bool(self.asked)

    def give(self, consultation: Consultation, attachments: Sequence[Attachment]) -> Conclusion:
        return Conclusion.give(
            consultation,
            self.text.data or "",
            self.client_id.data,
            seen=self.seen.data,
            template=template_of(self.template.data),
            attachments=attachments,
            child_agreed=bool(self.child_agreed.data),
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


BIRTH_DATE, SEX = "birth_date", "sex"  # fields of it that are asked once


class IntakeForm(EditForm, AttachmentFormMixin):
    chief_complaint = TextAreaField(
        "Что беспокоит",
        [DataRequired("Напишите, что вас беспокоит."), not_longer_than(IntakeQuestionnaire.LONGEST)],
        [clean_text],
        name="trouble",
    )
    onset = StringField(
        "С какого времени", [not_longer_than(IntakeQuestionnaire.LONGEST_ONSET)], [one_line], name="since"
    )
    severity = SelectField(
        "Насколько сильно",
        name="strength",
        choices=SEVERITIES,
        default="",
        **invalid_choice("Выберите число от 0 до 10."),
    )
    medications = TextAreaField(
        "Какие лекарства принимаете", [not_longer_than(IntakeQuestionnaire.LONGEST)], [clean_text], name="medicines"
    )
    allergies = TextAreaField("На что аллергия", [not_longer_than(IntakeQuestionnaire.LONGEST)], [clean_text])
    illnesses = TextAreaField("Хронические болезни", [not_longer_than(IntakeQuestionnaire.LONGEST)], [clean_text])
    birth_date = BirthDateField("Дата рождения", filters=[one_line])
    sex = SexField("Пол", default=SexField.UNSAID)

    @classmethod
    def before(
        cls, consultation: Consultation, sent: IntakeQuestionnaire | None, keeps: Sequence[str] = (), **more: Any
    ) -> IntakeForm:
        """Who somebody is is asked once: with the first one, unless the person has said it already.

        `sent`: what was sent of it already. `keeps` names fields that an answer has had; what was typed into one is
        never dropped unseen.
        """
        subject = consultation.subject
        born = f"{subject.birth_date:%d.%m.%Y}" if subject.birth_date else ""
        form = cls(birth_date=born, sex=subject.sex or SexField.UNSAID, **more)
        is_first = IntakeQuestionnaire.is_first_of(consultation)
        for name, known in ((BIRTH_DATE, subject.birth_date), (SEX, subject.sex)):
            is_kept = name in keeps or form[name].raw_data
            is_said = name == BIRTH_DATE and consultation.chat.dependant is not None  # in «Семья», where it is changed
            if not is_first or is_said or not (is_kept or sent or not known):
                del form[name]
        if form.is_drawn_anew:
            form.expected.data = form.marks
        return form

    @property
    def asks_of_oneself(self) -> list[str]:
        return [name for name in (BIRTH_DATE, SEX) if name in self]

    @property
    def told_of_oneself(self) -> dict[str, Any]:
        """What was asked here, and its answer: `birth_date` a day, `sex` one of Sex, None where nothing is said."""
        told: dict[str, Any] = {}
        if BIRTH_DATE in self:
            told[BIRTH_DATE] = self.birth_date.day
        if SEX in self:
            told[SEX] = self.sex.sex
        return told

    @property
    def answers(self) -> IntakeAnswers:
        return IntakeAnswers(
            chief_complaint=self.chief_complaint.data or "",
            onset=self.onset.data or "",
            severity=int(self.severity.data) if self.severity.data else None,
            medications=self.medications.data or "",
            allergies=self.allergies.data or "",
            illnesses=self.illnesses.data or "",
        )
