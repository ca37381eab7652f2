"""What happens before any door: presence, the device's zone, the page one wanted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from browser import Browser
from factories import later

from ibolit.extensions import db
from ibolit.models import Device, User
from ibolit.services import clock


def me(user: User) -> User:
    return db.session.get_one(User, user.id)


def test_a_visit_is_written_once_a_minute(as_patient: Browser, patient: User) -> None:
    as_patient.get("/messages")
    assert me(patient).seen_at is None  # the device was made this very minute
    later(seconds=61)
    as_patient.get("/messages")
    first = me(patient).seen_at
    assert first is not None
    assert clock.now() - first < timedelta(minutes=1)
    as_patient.get("/doctors")
    assert me(patient).seen_at == first
    later(seconds=130)
    as_patient.post("/chats/1/typing")
    second = me(patient).seen_at
    assert second is not None
    assert second > first
    assert db.session.scalars(db.select(Device.seen_at)).one() == second


def test_open_doors_are_no_visits(as_patient: Browser, patient: User) -> None:
    later(seconds=61)
    for url in ("/offline", "/login", "/sw.js", "/healthz"):
        as_patient.get(url)
    assert me(patient).seen_at is None


def test_cookie_rolls_with_the_device_only(as_patient: Browser) -> None:
    as_patient.get("/messages")  # brings the token of the forms
    assert "Set-Cookie" not in as_patient.get("/messages").headers
    later(seconds=61)
    assert "Set-Cookie" in as_patient.get("/messages").headers


def test_zone_of_the_device_is_followed(as_patient: Browser, patient: User) -> None:
    as_patient.client.set_cookie("zone", "Asia/Omsk")
    as_patient.get("/messages")
    assert str(me(patient).zone) == "Asia/Omsk"
    as_patient.post("/profile/zone", {"zone": "Asia/Dubai"})
    as_patient.get("/messages")
    assert str(me(patient).zone) == "Asia/Dubai"


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "Asia", "a" * 300])
def test_zone_that_is_none_is_not_followed(as_patient: Browser, patient: User, zone: str) -> None:
    as_patient.client.set_cookie("zone", zone)
    assert as_patient.get("/messages").status_code == 200
    assert me(patient).timezone is None


@pytest.mark.parametrize("zone", ["UTC", "Etc/GMT-3", "GMT", "Atlantic/Reykjavik", "Iceland", "Zulu"])
def test_browser_that_hides_where_it_is_moves_nobody(as_patient: Browser, patient: User, zone: str) -> None:
    for before in (None, "Asia/Vladivostok"):
        me(patient).timezone = before
        db.session.commit()
        as_patient.client.set_cookie("zone", zone)
        assert "Показываем время" not in as_patient.get("/messages").text
        assert me(patient).timezone == before


def test_iceland_is_believed_of_an_icelander(as_patient: Browser, patient: User) -> None:
    me(patient).phone = "+3546111234"
    db.session.commit()
    as_patient.client.set_cookie("zone", "Atlantic/Reykjavik")
    as_patient.get("/messages")
    assert me(patient).timezone == "Atlantic/Reykjavik"


def test_change_of_hours_is_told_once(as_patient: Browser) -> None:
    as_patient.client.set_cookie("zone", "Asia/Vladivostok")
    as_patient.get("/messages", htmx=True)
    page = as_patient.get("/messages").text
    assert "Показываем время вашего места: Владивосток<" in page
    assert 'name="zone" value="Europe/Moscow"' in page
    assert "Показываем время" not in as_patient.get("/messages").text
    as_patient.client.set_cookie("zone", "Australia/Brisbane")  # the same hours
    assert "Показываем время" not in as_patient.get("/messages").text


def test_change_of_hours_is_taken_back_by_one_press(as_patient: Browser, patient: User) -> None:
    as_patient.client.set_cookie("zone", "America/Toronto")
    assert "Показываем время вашего места: Торонто<" in as_patient.get("/messages").text
    as_patient.post("/profile/zone", {"zone": "Europe/Moscow"})
    as_patient.get("/messages")
    assert me(patient).timezone == "Europe/Moscow"


@pytest.mark.parametrize("cookie", ["garbage", "eyJkZXZpY2UiOiJ4In0.AAAAAA.forged", ""])
def test_forged_cookie_is_nobody(visitor: Browser, cookie: str) -> None:
    visitor.client.set_cookie("ibolit_8000", cookie)
    assert visitor.get("/messages").status_code == 303


def test_device_token_is_for_its_own_person(as_patient: Browser, stranger: User) -> None:
    with as_patient.client.session_transaction() as session:
        session["_user_id"] = str(stranger.id)
    assert as_patient.get("/messages").status_code == 303
