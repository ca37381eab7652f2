"""One link, many devices at once: one of them gets in."""

from __future__ import annotations

from browser import Browser
from flask import Flask
from started_consultations import consultation_in_progress

from ibolit.extensions import db
from ibolit.models import Chat, Device, DeviceTransfer, User

from .crowd import at_once, outcomes


def test_eight_open_the_link_at_once_and_one_is_let_in(clinic: Flask, chat: Chat, patient: User) -> None:
    transfer, _ = DeviceTransfer.make(consultation_in_progress(chat), patient)
    db.session.commit()
    id = transfer.id
    counted = outcomes(clinic, 8, lambda _: db.session.get_one(DeviceTransfer, id).take("Телефон"))
    assert counted == {"done": 1, "DeviceTransferSpent": 7}
    assert len(db.session.scalars(Device.of(patient)).all()) == 1


def test_through_the_door(clinic: Flask, chat: Chat, patient: User) -> None:
    transfer, token = DeviceTransfer.make(consultation_in_progress(chat), patient)
    db.session.commit()
    url = f"/h/{transfer.id}?token={token}"
    browsers = [Browser(clinic) for _ in range(6)]
    tokens = [browser.token() for browser in browsers]

    def take(number: int) -> int:
        headers = {"X-CSRFToken": tokens[number]}
        return browsers[number].open(url, method="POST", headers=headers).status_code

    assert sorted(at_once(clinic, 6, take)) == [303] + [410] * 5
