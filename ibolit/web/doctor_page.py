"""A doctor's page, with the form that begins a chat: «Пишу за», «Написать сообщение»."""

from __future__ import annotations

from typing import Any

from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..models import Chat, Doctor, Review, booking
from ..responses import respond
from .subjects import SubjectForm


def show_doctor(doctor: Doctor, form: SubjectForm | None = None, status: int = 200) -> ResponseReturnValue:
    """`begun`: about whom there is a chat already, by the numbers of dependants, None for the patient themselves."""
    begun = Chat.begun_with(current_user, doctor) if current_user.is_patient else set()
    if form is None and current_user.is_patient:
        form = SubjectForm(formdata=None)
        form.subject.suggest(None)
    shown: dict[str, Any] = {"doctor": doctor, "begun": begun, "form": form, "rating": Review.rating_of(doctor.id)}
    about = {None, *(one.id for one in form.subject.dependants)} if form is not None else set()
    shown["offers_free_days"] = bool(about - begun)
    shown["times"] = booking.next_free_times([doctor])
    return respond("doctors/profile.html", page="doctors/show.html", status=status, **shown)
