"""What a time that is taken meets, and which free ones lie near."""

from __future__ import annotations

from datetime import datetime

from ... import errors
from ...formatting import day_and_time, listed, local_day, local_time, surname_of
from ...models import Consultation, Doctor, User
from ...web.submission import Submission
from .forms import TimeFields, TimesFields


def tell_clash(sent: Submission, form: TimeFields, viewer: User, doctor: Doctor, minutes: int) -> list[datetime]:
    """The sentence stands next to the time that was typed; returns what is free near it, nothing for other refusals.

    Whose consultation it is is told to the doctor who leads it alone: «11:00–11:30 Соколова».
    """
    taken = sent.refusal
    if not isinstance(taken, errors.TimeIsTaken):
        return []
    consultation = Consultation.find_for(viewer, taken.consultation_id)
    said = _met(taken.span, consultation, viewer) if consultation and viewer.is_doctor else sent.sentence
    near = Consultation.nearest_free_times(doctor.id, taken.wanted, minutes, doctor.user.zone)
    if near:
        said = f"{said} Ближайшее свободное: {_in_words(near, taken.wanted, viewer)}."
    form.at.errors = ()
    field = form.field_of(taken.wanted) if isinstance(form, TimesFields) else form.at
    field.errors = [said]
    return near


def _met(span: tuple[datetime, datetime], consultation: Consultation, viewer: User) -> str:
    begins, ends = (local_time(moment, viewer.zone) for moment in span)
    return f"В это время у вас {begins}–{ends} {surname_of(consultation.subject.name)}."


def _in_words(moments: list[datetime], wanted: datetime, viewer: User) -> str:
    """Of the same day the hours alone."""
    zone = viewer.zone
    is_same_day = all(local_day(moment, zone) == local_day(wanted, zone) for moment in moments)
    return listed([local_time(moment, zone) if is_same_day else day_and_time(moment, zone) for moment in moments])
