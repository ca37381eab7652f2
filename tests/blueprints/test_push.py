"""«Уведомления» in the profile, and the doors scripts knock at."""

from __future__ import annotations

import re

import pytest
from browser import Browser
from factories import make_user, say
from flask import Flask
from push_service import Listener, PushService
from reading import one_line

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, PushSubscription, Role, User
from ibolit.services import Services, clock
from ibolit.services.demo_outbox import DemoMessage

BEGIN = "Сообщать о новых сообщениях на этом устройстве"
DEAD = "Уведомления на этом устройстве больше не приходят"


@pytest.fixture
def phone(service: PushService) -> Listener:
    return service.listener()


def subscribe(browser: Browser, listener: Listener) -> None:
    answer = browser.post("/profile/push", dict(listener.told_to_the_clinic), htmx=True)
    assert answer.status_code == 200


def subscriptions() -> list[PushSubscription]:
    return list(db.session.scalars(db.select(PushSubscription)))


@pytest.mark.parametrize("htmx", [True, False])
def test_tap_subscribes_this_device(as_patient: Browser, phone: Listener, htmx: bool) -> None:
    page = as_patient.get("/profile/notifications").text
    assert BEGIN in page
    answer = as_patient.post("/profile/push", dict(phone.told_to_the_clinic), htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    if htmx:
        assert 'id="notifications"' in answer.text
        assert "<html" not in answer.text
    [mine] = subscriptions()
    assert as_patient.device is not None
    assert (mine.device_id, mine.endpoint) == (as_patient.device.id, phone.endpoint)
    page = as_patient.get("/profile/notifications").text
    assert "Уведомления на этом устройстве включены." in page
    assert BEGIN not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint": "https://10.0.0.1/"},
        {"endpoint": ""},
        {"endpoint": "https://fcm.googleapis.com/" + "a" * 1000},
        {"p256dh": "AAAA"},
        {"auth": ""},
        {"auth": "я" * 10},
    ],
)
def test_address_that_is_no_push_service_is_refused(
    as_patient: Browser, phone: Listener, wrong: dict[str, str]
) -> None:
    answer = as_patient.post("/profile/push", {**phone.told_to_the_clinic, **wrong}, htmx=True)
    assert answer.status_code == 422
    assert "назвал адрес, на который мы не отправляем" in answer.text
    assert subscriptions() == []


def test_signed_out_subscribes_nothing(visitor: Browser, phone: Listener) -> None:
    for door in ("", "/check", "/renewal", "/end", "/offer"):
        answer = visitor.post(f"/profile/push{door}", dict(phone.told_to_the_clinic))
        assert answer.status_code == 303
        assert "/login" in answer.headers["Location"]
    assert subscriptions() == []


def test_start_of_the_app_says_how_it_stands(as_patient: Browser, phone: Listener, services: Services) -> None:
    def state(endpoint: str) -> str:
        answer = as_patient.post("/profile/push/check", {"endpoint": endpoint}).json
        assert answer is not None
        assert answer["key"] == services.push.public_key
        return str(answer["state"])

    assert state(phone.endpoint) == "off"
    subscribe(as_patient, phone)
    assert state(phone.endpoint) == "on"
    assert state("") == "unknown"
    assert state("https://fcm.googleapis.com/another") == "unknown"
    PushSubscription.note_gone(subscriptions()[0].id, phone.endpoint)
    db.session.commit()
    assert state(phone.endpoint) == "dead"


def test_dead_one_is_told_of_and_begins_anew(as_patient: Browser, service: PushService, phone: Listener) -> None:
    subscribe(as_patient, phone)
    PushSubscription.note_gone(subscriptions()[0].id, phone.endpoint)
    db.session.commit()
    page = as_patient.get("/profile/notifications").text
    assert DEAD in page
    assert BEGIN in page
    subscribe(as_patient, service.listener("again"))
    assert DEAD not in as_patient.get("/profile/notifications").text
    assert [one.is_dead for one in subscriptions()] == [False]


@pytest.mark.parametrize("htmx", [True, False])
def test_it_ends_by_a_press_also_without_scripts(as_patient: Browser, phone: Listener, htmx: bool) -> None:
    subscribe(as_patient, phone)
    for _ in range(2):
        answer = as_patient.post("/profile/push/end", htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)
    assert subscriptions() == []
    assert BEGIN in as_patient.get("/profile/notifications").text


def test_it_ends_with_the_session(as_patient: Browser, phone: Listener) -> None:
    subscribe(as_patient, phone)
    as_patient.post("/logout")
    assert subscriptions() == []


def test_next_person_of_this_browser_silences_the_one_before(
    clinic: Flask, as_patient: Browser, as_stranger: Browser, phone: Listener, patient: User, stranger: User
) -> None:
    subscribe(as_patient, phone)
    subscribe(as_stranger, phone)
    assert (PushSubscription.reaches(patient.id), PushSubscription.reaches(stranger.id)) == (False, True)


def test_worker_of_the_page_renews_without_a_token(
    as_patient: Browser, as_stranger: Browser, service: PushService, phone: Listener
) -> None:
    """It knows the old address, and nobody else does."""
    subscribe(as_patient, phone)
    fresh = service.listener("fresh").told_to_the_clinic
    renewal = {**fresh, "old": phone.endpoint}
    assert as_stranger.open("/profile/push/renewal", method="POST", data=renewal).status_code == 404
    wrong = {**renewal, "old": "https://fcm.googleapis.com/guessed"}
    assert as_patient.open("/profile/push/renewal", method="POST", data=wrong).status_code == 404
    elsewhere = {**renewal, "endpoint": "https://10.0.0.1/"}
    assert as_patient.open("/profile/push/renewal", method="POST", data=elsewhere).status_code == 422
    assert as_patient.open("/profile/push/renewal", method="POST", data=renewal).status_code == 204
    assert [one.endpoint for one in subscriptions()] == [fresh["endpoint"]]


def test_other_doors_want_the_token(as_patient: Browser, phone: Listener) -> None:
    for door in ("", "/check", "/end", "/offer"):
        answer = as_patient.open(f"/profile/push{door}", method="POST", data=phone.told_to_the_clinic)
        assert answer.status_code == 400
    assert subscriptions() == []


# Offered once


def test_offer_is_made_once(as_patient: Browser, chat: Chat, patient: User) -> None:
    assert "data-push-offer" in as_patient.get(f"/chats/{chat.id}").text
    assert as_patient.post("/profile/push/offer").status_code == 204
    assert "data-push-offer" not in as_patient.get(f"/chats/{chat.id}").text
    offered_at = db.session.get_one(User, patient.id).push_offered_at
    assert offered_at is not None
    assert (clock.now() - offered_at).total_seconds() < 60


def test_who_subscribed_by_himself_is_offered_nothing(as_patient: Browser, chat: Chat, phone: Listener) -> None:
    subscribe(as_patient, phone)
    assert "data-push-offer" not in as_patient.get(f"/chats/{chat.id}").text


# What is chosen


@pytest.mark.parametrize("htmx", [True, False])
def test_patient_chooses_whether_a_push_names_the_doctor(as_patient: Browser, patient: User, htmx: bool) -> None:
    for chosen in (True, False):
        answer = as_patient.post("/profile/notifications", {"names": "y"} if chosen else {}, htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)
        assert db.session.get_one(User, patient.id).push_names is chosen
        box = re.search(r'<input[^>]*name="names"[^>]*>', as_patient.get("/profile/notifications").text)
        assert box is not None
        assert ("checked" in box[0]) is chosen


def test_doctor_is_led_to_his_quiet_hours(as_doctor: Browser, doctor: Doctor) -> None:
    page = as_doctor.get("/profile/notifications").text
    assert 'href="/practice/reachability"' in page
    assert 'name="names"' not in page
    as_doctor.post("/profile/notifications", {"names": "y"})
    assert db.session.get_one(Doctor, doctor.id).user.push_names is False


def test_operator_has_nothing_to_choose(clinic: Flask) -> None:
    page = Browser(clinic, make_user("Оператор", Role.OPERATOR)).get("/profile/notifications").text
    assert BEGIN in page
    assert "/profile/notifications" not in page


def test_demo_outbox_tells_a_push_from_a_letter(visitor: Browser, services: Services) -> None:
    services.outbox.put(
        DemoMessage("push", "fcm.googleapis.com", "", "iBolit: новое сообщение", clock.now().isoformat())
    )
    page = one_line(visitor.get("/demo/outbox").text)
    assert "<b>Уведомление</b> на fcm.googleapis.com" in page
    services.outbox.path.unlink()


def test_unread_message_under_way_is_told_of_anew_after_reading(
    as_patient: Browser, chat: Chat, doctor: Doctor
) -> None:
    say(chat, doctor.user)
    member = db.session.get_one(Chat, chat.id).member(chat.patient_id)
    assert member.notified_from_seq == 1
    as_patient.get(f"/chats/{chat.id}")
    db.session.expire_all()
    assert db.session.get_one(Chat, chat.id).member(chat.patient_id).notified_from_seq == 0
