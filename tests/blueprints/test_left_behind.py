"""What a browser still knows after its session has ended: addresses of files, uploads, consultations, pushes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import pytest
from browser import Browser
from factories import PASSWORD, attach, later, say
from flask import Flask
from started_consultations import completed_consultation, consultation_in_progress

from ibolit.extensions import db
from ibolit.models import (
    AttachmentState,
    Channel,
    Chat,
    Device,
    DeviceTransfer,
    PushSubscription,
    SecurityEvent,
    SecurityEventKind,
    User,
    Variant,
)
from ibolit.services import current_services

ENDPOINT = "https://fcm.googleapis.com/fcm/send/left-behind"


@dataclass
class Left:
    """A browser, the addresses it was at, and the owner's other one."""

    browser: Browser
    other: Browser
    user_id: int
    addresses: list[str]
    upload: str
    transfer: str


@pytest.fixture
def left(clinic: Flask, patient: User, chat: Chat) -> Left:
    """A phone that listens, has read a photo, has begun an upload and shows the link for another device."""
    browser, other = Browser(clinic, patient), Browser(clinic, patient)
    photo = attach(chat, patient)
    say(chat, patient, "Вот снимок", files=[photo])
    for variant in Variant:
        with NamedTemporaryFile(delete=False) as file:
            file.write(b"no picture, and nobody looks at it")
        current_services.storage.put(photo.file_of(variant), Path(file.name))
    upload = attach(chat, patient, state=AttachmentState.ARRIVING, key="a" * 32)
    done, consultation = completed_consultation(chat), consultation_in_progress(chat)
    assert browser.device is not None
    PushSubscription.begin(browser.device, ENDPOINT, "key", "auth")
    transfer, token = DeviceTransfer.make(consultation, patient)
    db.session.commit()
    addresses = [f"/files/{photo.id}{end}" for end in ("", "/shown", "/thumbnail", "/view")]
    addresses += [f"/consultations/{consultation.id}/calendar.ics", f"/consultations/{done.id}/conclusion.pdf"]
    addresses += [
        f"/v/{consultation.id}",
        f"/chats/{chat.id}/messages?after=0",
        "/worker/pass",
        "/worker/unread",
        "/live",
    ]
    return Left(browser, other, patient.id, addresses, f"/uploads/{upload.key}", f"/h/{transfer.id}?token={token}")


def sign_out(left: Left) -> None:
    left.browser.post("/logout")


def end_it_from_the_other(left: Left) -> None:
    assert left.browser.device is not None
    left.other.post(f"/profile/devices/{left.browser.device.id}/end")


def end_all_others(left: Left) -> None:
    left.other.post("/profile/devices/others/end")


def set_a_new_password(left: Left) -> None:
    left.other.post("/profile/password", {"current": PASSWORD, "password": "a longer pass phrase"})


def say_not_me(left: Left) -> None:
    change = SecurityEvent.announce(db.session.get_one(User, left.user_id), SecurityEventKind.WRONG_PASSWORDS)
    db.session.commit()
    link = f"/n/{change.id}?token={change.token_for(Channel.SMS)}"
    db.session.remove()
    Browser(left.browser.app).post(link)


def stay_away(left: Left) -> None:
    later(days=91)


BY_OTHERS = [end_it_from_the_other, end_all_others, set_a_new_password, say_not_me]
WAYS = [sign_out, stay_away, *BY_OTHERS]


@pytest.mark.parametrize("leave", WAYS)
def test_no_address_opens_after_it(left: Left, leave: Callable[[Left], None]) -> None:
    opened = [address for address in left.addresses if left.browser.get(address).status_code in (200, 304)]
    assert len(opened) >= 5  # or the test would prove nothing
    leave(left)
    for address in left.addresses:
        answer = left.browser.get(address, headers={"If-None-Match": "*"})
        is_out = answer.status_code == 401 or str(answer.location).startswith("/login") or address == "/live"
        assert is_out, f"{address}: {answer.status_code}"
    answer = left.browser.open(left.upload, method="PATCH", data=b"more", headers={"Tus-Resumable": "1.0.0"})
    assert answer.status_code in (303, 400, 401)


@pytest.mark.parametrize("leave", WAYS)
def test_nothing_is_pushed_after_it(left: Left, leave: Callable[[Left], None]) -> None:
    """Not even when the worker of the page renews what it has."""
    assert is_reached(left)
    leave(left)
    assert not is_reached(left)
    new = {"old": ENDPOINT, "endpoint": f"{ENDPOINT}-2", "p256dh": "key", "auth": "auth"}
    left.browser.open("/profile/push/renewal", method="POST", data=new)
    assert not is_reached(left)


def is_reached(left: Left) -> bool:
    try:
        return PushSubscription.reaches(left.user_id)
    finally:
        db.session.remove()  # nobody waits for this look


@pytest.mark.parametrize("leave", BY_OTHERS)
def test_link_for_another_device_dies_with_it(left: Left, leave: Callable[[Left], None]) -> None:
    """Who holds an unlocked phone may have made it."""
    leave(left)
    guest = Browser(left.browser.app)
    guest.post(left.transfer)
    with guest.client.session_transaction() as session:
        assert "device" not in session


@pytest.mark.parametrize("leave", BY_OTHERS[1:])
def test_device_let_in_for_one_consultation_ends_with_the_others(left: Left, leave: Callable[[Left], None]) -> None:
    guest = Browser(left.browser.app)
    guest.post(left.transfer)
    with guest.client.session_transaction() as session:
        assert "device" in session
    leave(left)
    assert guest.get("/live").status_code != 200
    guests = db.select(Device).where(Device.only_consultation_id.is_not(None))
    assert db.session.scalars(guests).all() == []


def test_files_are_asked_for_anew_every_time(left: Left) -> None:
    """No browser may show one from its own memory when nobody, or somebody else, is signed in."""
    for address in left.addresses[:3]:
        kept = left.browser.get(address).headers["Cache-Control"]
        assert "no-cache" in kept or "no-store" in kept, address
        assert "public" not in kept
