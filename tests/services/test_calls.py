"""The registry of calls without sockets: places, news of the other side, and what a message may be."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from sockets.live import eventually

from ibolit.services.calls import (
    CallClosing,
    CallConnection,
    InProcessCalls,
    MalformedMessage,
    TokenBucket,
    decode,
    encode,
)
from ibolit.services.realtime import CloseCode, ConnectionLimit, TooManySockets

PATIENT, DOCTOR, CALL = 1, 2, 7


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[InProcessCalls]:
    monkeypatch.setattr(InProcessCalls, "GRACE", 60)
    calls = InProcessCalls(ConnectionLimit(8))
    yield calls
    for slot in calls._all():
        if slot.timer:
            slot.timer.cancel()


def sit(calls: InProcessCalls, user_id: int, page: str, call_id: int = CALL) -> CallConnection:
    connection = CallConnection(call_id, user_id, user_id * 10, page, f"/consultations/{call_id}")
    calls.join(connection, lambda peer, media: encode("welcome", {"peer": peer, "media": media}))
    return connection


def heard(connection: CallConnection) -> list[tuple[str, object]]:
    relayed = [json.loads(said) for said in iter(connection.take, None)]
    return [(one["kind"], next(iter(one["body"].values()), None)) for one in relayed]


def test_first_word_is_the_welcome_with_the_other_side(calls: InProcessCalls) -> None:
    patient, doctor = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d")
    assert heard(patient) == [("welcome", None), ("peer-joined", "d")]
    assert heard(doctor) == [("welcome", "p")]


def test_words_go_to_the_other_side_of_the_same_call_only(calls: InProcessCalls) -> None:
    patient, doctor, elsewhere = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d"), sit(calls, 3, "x", call_id=8)
    calls.relay(patient, encode("offer", {"sdp": "v=0"}))
    assert heard(doctor)[-1] == ("offer", "v=0")
    assert ("offer", "v=0") not in heard(patient) + heard(elsewhere)


def test_page_that_was_taken_over_says_nothing_more(calls: InProcessCalls) -> None:
    old, doctor, new = sit(calls, PATIENT, "old"), sit(calls, DOCTOR, "d"), sit(calls, PATIENT, "new")
    calls.relay(old, encode("offer", {"sdp": "late"}))
    assert (old.close_code, json.loads(old.farewell or "")["kind"]) == (CallClosing.TAKEN_OVER, "taken-over")
    calls.close(old)
    calls.depart(old)
    assert heard(doctor) == [("welcome", "old"), ("peer-left", "old"), ("peer-joined", "new")]
    assert heard(new) == [("welcome", "d")]


def media_known_to(connection: CallConnection) -> object:
    return json.loads(connection.take() or "")["body"]["media"]


def test_next_page_learns_what_was_switched_off(calls: InProcessCalls) -> None:
    old, doctor = sit(calls, PATIENT, "old"), sit(calls, DOCTOR, "d")
    assert media_known_to(old) is None
    calls.remember(old, {"muted": False})
    calls.remember(old, {"muted": True})
    new, elsewhere = sit(calls, PATIENT, "new"), sit(calls, PATIENT, "x", call_id=8)
    calls.remember(old, {"muted": False})  # it has no say any more
    assert media_known_to(new) == {"muted": True}
    assert media_known_to(elsewhere) is media_known_to(doctor) is None
    calls.depart(new)
    assert media_known_to(sit(calls, PATIENT, "reloaded")) == {"muted": True}
    calls.end(CALL)
    assert media_known_to(sit(calls, PATIENT, "after")) is None


def test_no_more_is_remembered_than_there_is_room_for(calls: InProcessCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "REMEMBERED", 2)
    for user_id in (1, 2, 3):
        calls.remember(sit(calls, user_id, "p"), {"muted": True})
    assert [media_known_to(sit(calls, user_id, "q")) for user_id in (1, 2, 3)] == [
        None,
        {"muted": True},
        {"muted": True},
    ]


def test_who_took_over_is_told_apart_by_the_device(calls: InProcessCalls) -> None:
    tab = sit(calls, PATIENT, "tab")
    second = CallConnection(CALL, PATIENT, tab.device_id, "second-tab", tab.card)
    calls.join(second, lambda peer, media: encode("welcome", {}))
    phone = CallConnection(CALL, PATIENT, tab.device_id + 1, "phone", tab.card)
    calls.join(phone, lambda peer, media: encode("welcome", {}))
    relayed = [json.loads(connection.farewell or "")["body"] for connection in (tab, second)]
    assert relayed == [{"sameDevice": True}, {"sameDevice": False}]


def test_what_is_said_to_a_page_that_is_coming_back_waits_for_it(calls: InProcessCalls) -> None:
    patient, doctor = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d")
    heard(patient)
    calls.close(patient)
    for number in range(3):
        calls.relay(doctor, encode("candidate", {"number": number}))
    back = sit(calls, PATIENT, "p")
    assert heard(back) == [("welcome", "d"), ("candidate", 0), ("candidate", 1), ("candidate", 2)]
    assert heard(doctor) == [("welcome", "p")]
    calls.relay(back, encode("answer", {"sdp": "v=0"}))
    assert heard(doctor) == [("answer", "v=0")]


def test_coming_back_stops_the_countdown(calls: InProcessCalls) -> None:
    patient = sit(calls, PATIENT, "p")
    calls.close(patient)
    assert any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
    sit(calls, PATIENT, "p")
    eventually(lambda: not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()))


def test_who_does_not_come_back_has_left(calls: InProcessCalls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InProcessCalls, "GRACE", 0.01)
    patient, doctor = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d")
    calls.close(patient)
    eventually(lambda: not doctor.is_empty and doctor._waiting[-1] == encode("peer-left", {"page": "p"}))
    assert sit(calls, PATIENT, "p").page == "p"
    assert heard(doctor) == [("welcome", "p"), ("peer-left", "p"), ("peer-joined", "p")]


def test_last_one_out_leaves_no_room_behind(calls: InProcessCalls) -> None:
    for connection in (sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d")):
        calls.depart(connection)
        calls.close(connection)
    assert calls._rooms == {}
    assert not calls._sockets
    assert calls._connection_limit._count == 0


def test_end_sends_both_to_the_card(calls: InProcessCalls) -> None:
    places = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d")
    other = sit(calls, 3, "x", call_id=8)
    calls.end(CALL)
    calls.end(CALL)
    for connection in places:
        assert connection.close_code == CallClosing.ENDED
        assert connection.farewell == '{"kind":"ended","body":{"to":"/consultations/7"}}'
    assert other.close_code is None


def test_end_forgets_who_might_have_come_back(calls: InProcessCalls) -> None:
    calls.close(sit(calls, PATIENT, "p"))
    calls.end(CALL)
    eventually(lambda: not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()))


def test_device_that_ended_is_out(calls: InProcessCalls) -> None:
    patient, doctor = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d")
    calls.end_device(PATIENT * 10)
    assert patient.close_code == CallClosing.ENDED
    assert doctor.close_code is None


def test_who_lost_the_right_to_it_is_out_of_these_calls_alone(calls: InProcessCalls) -> None:
    patient, doctor, own = sit(calls, PATIENT, "p"), sit(calls, DOCTOR, "d"), sit(calls, PATIENT, "o", call_id=8)
    calls.end_person(PATIENT, [CALL])
    assert patient.close_code == CallClosing.ENDED
    assert (doctor.close_code, own.close_code) == (None, None)


def test_going_process_sends_all_away_also_late_comers(calls: InProcessCalls) -> None:
    patient = sit(calls, PATIENT, "p")
    calls.close_all(CloseCode.RESTARTING)
    late = sit(calls, DOCTOR, "d")
    assert patient.close_code == late.close_code == CloseCode.RESTARTING
    calls.close(patient)
    assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())


def test_one_person_may_not_take_too_many_sockets(calls: InProcessCalls) -> None:
    places = [sit(calls, PATIENT, f"page-{number}") for number in range(InProcessCalls.PER_USER)]
    with pytest.raises(TooManySockets):
        sit(calls, PATIENT, "one more")
    calls.close(places[0])
    assert sit(calls, PATIENT, "one more").close_code is None


def test_all_together_count_with_every_other_socket(calls: InProcessCalls) -> None:
    for number in range(8):
        sit(calls, number, "page", call_id=number)
    with pytest.raises(TooManySockets):
        sit(calls, 9, "page")
    assert calls._sockets[9] == 0


def test_pace_lets_a_burst_pass_and_then_a_stream() -> None:
    now = [0.0]
    bucket = TokenBucket(rate=40, burst=120, now=lambda: now[0])
    assert all(bucket.allows() for _ in range(120))
    assert not bucket.allows()
    now[0] = 0.5
    assert [bucket.allows() for _ in range(21)] == [True] * 20 + [False]
    now[0] = 3600
    assert all(bucket.allows() for _ in range(120))
    assert not bucket.allows()


def test_message_is_told_with_its_page_and_nothing_it_made_up() -> None:
    kind, body, relayed = decode('{"kind":"offer","body":{"a":"\\ud800"},"n":3,"page":"another","to":"all"}', "mine")
    assert (kind, body) == ("offer", {"a": "\ud800"})
    assert json.loads(relayed) == {"kind": "offer", "body": {"a": "\ud800"}, "page": "mine", "n": 3}
    relayed.encode()  # what cannot be sent would break the other side's socket


@pytest.mark.parametrize(
    "text", ["", "{", "1", '{"kind":"ended","body":{},"n":1}', '{"kind":"offer","body":{},"n":1.5}']
)
def test_what_is_no_message(text: str) -> None:
    with pytest.raises(MalformedMessage):
        decode(text, "page")
