"""Quiet sockets are looked at together: who may not be there any more is out, whoever asked, and all are present."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import Browser
from factories import later, make_chat, make_user, outdate
from flask import Flask
from queries import Queries
from started_consultations import consultation_in_progress

from ibolit.blueprints.live import watch
from ibolit.extensions import db
from ibolit.models import Chat, Device, Doctor, User
from ibolit.services import Services, clock
from ibolit.services.realtime import CloseCode, SocketQueue


class Sockets:
    """Open in this process, each looked at before."""

    def __init__(self, services: Services) -> None:
        self.realtime = services.realtime
        self.queues: list[SocketQueue] = []

    def open(self, browser: Browser, only_chat: int | None = None) -> SocketQueue:
        assert browser.device is not None
        queue = self.realtime.open(browser.device.user_id, browser.device.id, only_chat)
        queue.looked_at = 0.0
        self.queues.append(queue)
        return queue

    def close(self) -> None:
        for queue in self.queues:
            self.realtime.close(queue)


@pytest.fixture
def sockets(services: Services) -> Iterator[Sockets]:
    opened = Sockets(services)
    yield opened
    opened.close()


def end(browser: Browser) -> None:
    """By another process: no fact comes here."""
    assert browser.device is not None
    db.session.execute(db.delete(Device).where(Device.id == browser.device.id))
    db.session.commit()


def test_one_look_ends_all_who_may_not_be_there(
    sockets: Sockets, clinic: Flask, as_patient: Browser, as_doctor: Browser, as_stranger: Browser, chat: Chat,
    stranger: User,
) -> None:  # fmt: skip
    """Signed out, and asked for a new consent; of who is left to a consultation its own chat alone."""
    there, ended, outdated = sockets.open(as_doctor), sockets.open(as_patient), sockets.open(as_stranger)
    theirs = make_chat(stranger, make_doctor_of(chat))
    consultation_in_progress(theirs)
    kept, foreign = sockets.open(as_stranger, theirs.id), sockets.open(as_stranger, chat.id)
    end(as_patient)
    outdate(db.session.get_one(User, stranger.id))
    assert watch.is_still_here(there)
    assert [queue.close_code for queue in (there, kept)] == [None, None]
    assert [queue.close_code for queue in (ended, outdated, foreign)] == [CloseCode.SIGNED_OUT] * 3
    assert [watch.is_still_here(queue) for queue in (ended, outdated, foreign)] == [False] * 3


def make_doctor_of(chat: Chat) -> Doctor:
    return db.session.get_one(Doctor, chat.doctor_id)


@pytest.mark.parametrize("days", [90, 91])
def test_device_that_is_too_old_is_out(sockets: Sockets, as_patient: Browser, as_doctor: Browser, days: int) -> None:
    there, old = sockets.open(as_doctor), sockets.open(as_patient)
    later(days=days)
    as_doctor.device.seen_at = clock.now()  # type: ignore[union-attr]
    db.session.merge(as_doctor.device)
    db.session.commit()
    assert watch.is_still_here(there)
    assert old.close_code == CloseCode.SIGNED_OUT


def test_guest_whose_time_is_over_is_out(sockets: Sockets, as_patient: Browser, as_doctor: Browser, chat: Chat) -> None:
    there, guest = sockets.open(as_doctor), sockets.open(as_patient)
    assert as_patient.device is not None
    db.session.get_one(Device, as_patient.device.id).restrict_to(consultation_in_progress(chat).id, clock.now())
    db.session.commit()
    assert watch.is_still_here(there)
    assert guest.close_code == CloseCode.SIGNED_OUT


def test_all_are_present_by_one_look(
    sockets: Sockets, as_patient: Browser, as_doctor: Browser, patient: User, doctor: Doctor
) -> None:
    queue = sockets.open(as_patient)
    sockets.open(as_doctor)
    later(seconds=61)
    since = clock.now()
    assert watch.is_still_here(queue)
    db.session.remove()
    assert min(db.session.scalars(db.select(Device.seen_at))) >= since
    people = [db.session.get_one(User, one) for one in (patient.id, doctor.user_id)]
    assert all(one.seen_at is not None and one.seen_at >= since for one in people)


def test_look_answers_for_others_and_costs_the_same_for_many(
    sockets: Sockets, clinic: Flask, as_patient: Browser, as_doctor: Browser
) -> None:
    counts = []
    for number in range(2):
        for other in range(number * 20):
            sockets.open(Browser(clinic, make_user(f"Гость {other}")))
        queue = sockets.open(as_patient)
        later(minutes=2 * number + 2)
        db.session.remove()
        with Queries() as queries:
            assert watch.is_still_here(queue)
        counts.append(len(queries))
        with Queries() as queries:
            assert all(watch.is_still_here(one) for one in sockets.queues)
        assert queries == []
        for one in sockets.queues:
            one.looked_at = 0.0
    assert counts == [4, 4]  # who is there, is anyone ready, and presence of devices and of people


def test_first_question_of_a_socket_is_asked_of_itself(sockets: Sockets, as_patient: Browser) -> None:
    """Somebody may have been signed out while it opened, and a crowd that comes back does not look at each other."""
    queue, other = sockets.open(as_patient), sockets.open(as_patient)
    queue.looked_at = None
    end(as_patient)
    assert not watch.is_still_here(queue)
    assert other.close_code is None


def test_look_that_is_under_way_is_not_waited_for(sockets: Sockets, as_patient: Browser) -> None:
    """As when it waits for a slow disk."""
    queue = sockets.open(as_patient)
    with watch._looking, Queries() as queries:
        assert watch.is_still_here(queue)
    assert queries == []


def test_socket_that_ends_for_another_reason_keeps_it(sockets: Sockets, as_patient: Browser) -> None:
    queue = sockets.open(as_patient)
    queue.end(CloseCode.RESTARTING)
    assert watch.is_still_here(queue)
    assert queue.close_code == CloseCode.RESTARTING
