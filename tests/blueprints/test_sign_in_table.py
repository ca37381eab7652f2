"""Every way in: who is signed in × which link × how it stands. Nobody meets a dead end, nobody another's chat.

The forms are pressed as a browser without scripts presses them; with scripts they are the same forms.
"""

from __future__ import annotations

import pytest
from browser import Browser
from factories import later, make_user
from flask import Flask
from forms_on_pages import forms_on
from guests import EMAIL, invite, link_of

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Invitation, Role, User
from ibolit.services import Services

WHO = ("nobody", "invited", "stranger", "doctor", "operator")
STATES = ("alive", "accepted", "expired", "withdrawn")


def expected(who: str, link: str, state: str) -> tuple[int, set[str]]:
    """The status of the link's page, and the ends of the addresses that are offered there."""
    if state in ("expired", "withdrawn"):
        return 404, set()
    if state == "accepted":
        if who == "invited":
            return 302, set()
        return 200, set() if who == "nobody" else {"/exit"}
    if who == "nobody":
        return 200, {"", "/password"}
    if who == "invited":
        return 200, {"/chat"}
    return 200, {"/chat", "/exit"} if who == "stranger" and link == "mail" else {"/exit"}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("link", ["phone", "mail"])
@pytest.mark.parametrize("who", WHO)
def test_every_way_in_leads_on(
    clinic: Flask, doctor: Doctor, patient: User, services: Services, who: str, link: str, state: str
) -> None:
    db.session.get_one(User, patient.id).email = EMAIL
    db.session.commit()
    people = {"invited": patient, "doctor": doctor.user, "nobody": None}
    person = people[who] if who in people else make_user(who, Role.OPERATOR if who == "operator" else Role.PATIENT)
    invitation = db.session.get_one(Invitation, invite(doctor, patient.phone if link == "phone" else EMAIL).id)
    address = link_of(services)
    if state == "accepted":
        db.session.get_one(Invitation, invitation.id).accept(db.session.get_one(User, patient.id))
    elif state == "withdrawn":
        db.session.get_one(Invitation, invitation.id).withdraw()
    db.session.commit()
    later(days=8 if state == "expired" else 0)
    browser = Browser(clinic, person)
    if state == "expired" and person is not None:
        browser.get("/messages")  # what was sent to him and is over brings no chat
    status, offered = expected(who, link, state)
    answer = browser.get(address)
    forms = [form for form in forms_on(answer.text) if form.method == "post"]
    assert answer.status_code == status
    assert {form.action.removeprefix(address) for form in forms} == offered
    if status == 404:
        assert 'href="/login"' in answer.text
    for form in forms:
        typed = {"phone": "8 916 555-00-11"} if any(one.name == "phone" for one in form.seen) else {}
        presses = Browser(clinic, person)  # with a token of its own
        pressed = presses.post(form.action, form.sent(csrf_token=None, **typed))
        assert pressed.status_code == 303, (form.action, pressed.text)
        assert presses.get(pressed.location).status_code in (200, 302, 303)
    owners = set(db.session.scalars(db.select(Chat.patient_id)))
    assert owners <= {patient.id} | ({person.id} if who == "stranger" and link == "mail" and person else set())
