"""The worker has no request: every live fragment is drawn without one, for every kind of person, and none fails."""

from __future__ import annotations

import pytest
from factories import later, make_chat, make_doctor, propose, say
from flask import Flask, has_request_context
from payment_steps import begin, settle

from ibolit.events import (
    CallbackRequested,
    ConsultationStarted,
    MemberTyped,
    MessageChanged,
    MessageRecalled,
    WaitingChanged,
    publish,
)
from ibolit.extensions import db
from ibolit.models import FactKind, PatientFact, User
from ibolit.ops import checks
from ibolit.services import Services
from ibolit.services.payments import GatewayStatus

BY_ITS_SOCKET = {"ready.html"}  # the first word to a page, said inside the socket's own request

PHOTOS = {"letters": None, "of the demo": "portraits/doctor-1.svg", "own": "0123456789abcdef0123456789abcdef"}


@pytest.mark.parametrize("photo", PHOTOS.values(), ids=PHOTOS.keys())
def test_every_fragment_is_drawn_for_both(
    clinic: Flask, services: Services, patient: User, photo: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    doctor = make_doctor(photo=photo)
    drawn: dict[str, set[int]] = {}
    find = clinic.jinja_env.get_template

    def noting(name, *more, **named):
        if str(name).startswith("live/"):
            found = find(name, *more, **named)
            readers = drawn.setdefault(str(name).removeprefix("live/"), set())
            return Noted(found, readers)
        return find(name, *more, **named)

    monkeypatch.setattr(clinic.jinja_env, "get_template", noting)
    screens = [services.realtime.open(user.id, 0) for user in (patient, doctor.user)]
    assert not has_request_context()
    _let_everything_happen(patient, doctor)
    for screen in screens:
        assert screen.take()
        services.realtime.close(screen)
    assert checks.live_screens() == "none failed within a day"
    live = {name.removeprefix("live/") for name in clinic.jinja_env.list_templates() if name.startswith("live/")}
    assert drawn.keys() == live - BY_ITS_SOCKET
    of_one = {"payment_changed.html"}  # the payer's alone
    assert {name for name, readers in drawn.items() if len(readers) < 2} == of_one


class Noted:
    """A template that remembers for whom it was drawn to its end."""

    def __init__(self, template, readers):
        self.template, self.readers = template, readers

    def render(self, viewer, **context):
        html = self.template.render(viewer=viewer, **context)
        self.readers.add(viewer.id)
        return html


def _let_everything_happen(patient, doctor):
    chat = make_chat(patient, doctor, days_left=-1)
    settle(begin(chat), GatewayStatus.WAITING)
    settle(begin(chat))
    for author in (patient, doctor.user):
        message = say(chat, author)
        publish(MessageChanged(chat.id, message.id, message.revision))
        publish(MessageRecalled(chat.id, message.id, message.revision))
        publish(MemberTyped(chat.id, author.id))
        publish(WaitingChanged(chat.id, message.revision))
    for reader in (patient, doctor.user):
        chat.update_receipts(reader, delivered_to=message.seq, read_to=message.seq)
        db.session.commit()
    consultation = propose(chat)
    consultation.confirm(patient, consultation.starts_at)
    db.session.commit()
    later(hours=2)
    publish(ConsultationStarted(consultation.id))
    publish(CallbackRequested(consultation.id))
    PatientFact.add(patient.subject_key, doctor.user, FactKind.ALLERGY, "Йод")
    db.session.commit()
