"""Signaling over real sockets of a live gunicorn: what passes, who is let in, who takes over, what ends it."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
import requests
from browser import Browser
from factories import make_chat, make_doctor, make_user, propose
from flask_migrate import upgrade
from relatives import make_relative, permit
from started_consultations import consultation_in_progress

from ibolit import create_app, models
from ibolit.blueprints.live.socket import LONGEST as LONGEST_FRAME
from ibolit.database import read_only
from ibolit.extensions import db
from ibolit.models import CallVisit, Consultation, ConsultationState, Dependant, Device, User
from ibolit.models.family import permission
from ibolit.services import clock
from ibolit.services.calls import KINDS, LONGEST
from ibolit.services.realtime import CloseCode

from .live import ROOT, Server, Visitor, eventually

pytestmark = pytest.mark.slow_file

Result = TypeVar("Result")

PATIENTS_PAGE, DOCTORS_PAGE = "patients-page", "doctors-page"
COOKIE = "ibolit_8000"


class CallServer(Server):
    APP = "tests.sockets.call_app:app"


class Hospital:
    """A live clinic, and this test's hand in its database."""

    def __init__(self, folder: Path, **more: str) -> None:
        self.folder = folder
        environ = {"IBOLIT_ENV": "test", "IBOLIT_DATA": str(folder)} | more
        self.environ = environ | {"DATABASE_URL": f"sqlite:///{folder}/hospital.db", "PORT": "8000"}
        self.app = create_app(self.environ)
        with self.app.app_context():
            upgrade(directory=str(ROOT / "migrations"))
        self.server = self.serve()
        self.visitors: list[Visitor] = []

    def end(self, way: signal.Signals) -> None:
        """As a power cut would, or in good order."""
        process = self.server.process
        if way is signal.SIGKILL:
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                os.kill(int(child), way)
        self.server.stop(way)

    def visit(self, path: str, headers: dict[str, str | None]) -> Visitor:
        self.visitors.append(Visitor(self.server.port, path, headers))
        return self.visitors[-1]

    def see_out(self) -> None:
        while self.visitors:
            self.visitors.pop().vanish()

    def serve(self, bind: str = "127.0.0.1:0") -> CallServer:
        return CallServer(self.folder / "log", tick=1.5, GRACE="0.4", BIND=bind, **self.environ)

    def serve_again(self) -> None:
        self.server = self.serve(f"127.0.0.1:{self.server.port}")


class Side:
    """One of the two, signed in, with a page of the call."""

    def __init__(self, hospital: Hospital, consultation: Consultation, user: User, page: str) -> None:
        self.hospital, self.consultation_id, self.page = hospital, consultation.id, page
        self.browser = Browser(hospital.app, user)
        db.session.remove()
        cookie = self.browser.client.get_cookie(COOKIE)
        assert cookie is not None
        self.cookie = f"{COOKIE}={cookie.value}"
        self.number = 0
        self.visitor: Visitor

    def dial(self, page: str | None = None, other_id: int | None = None, **headers: str) -> Visitor:
        path = f"/consultations/{other_id or self.consultation_id}/signal?page={self.page if page is None else page}"
        self.visitor = self.hospital.visit(path, {"Cookie": self.cookie, **headers})
        return self.visitor

    def join(self, page: str | None = None) -> dict[str, Any]:
        """The body of the welcome."""
        self.dial(page)
        welcome = self.hear()
        assert welcome["kind"] == "welcome"
        body: dict[str, Any] = welcome["body"]
        return body

    def hear(self) -> dict[str, Any]:
        heard = self.visitor.next()
        assert heard is not None, f"closed with {self.visitor.close_code}"
        told: dict[str, Any] = json.loads(heard)
        return told

    def say(self, kind: str, **body: object) -> None:
        self.number += 1
        self.visitor.say(json.dumps({"kind": kind, "body": body, "n": self.number}))

    def post(self, path: str) -> int:
        """Through the live clinic, whose process must hear of it."""
        site = f"http://127.0.0.1:{self.hospital.server.port}"
        name, _, value = self.cookie.partition("=")
        with requests.Session() as session:
            session.cookies.set(name, value, domain="127.0.0.1")
            page = session.get(f"{site}/login/phone", timeout=10).text
            token = re.findall(r'name="csrf_token"[^>]* value="([^"]+)"', page)[0]
            headers = {"X-CSRFToken": token}
            return session.post(site + path, headers=headers, timeout=10, allow_redirects=False).status_code


def fresh(consultation: Consultation) -> Consultation:
    return db.session.get_one(Consultation, consultation.id)


def seen(look: Callable[[], Result]) -> Result:
    """What stands in the database now; the live clinic's writers need not wait for who only looks."""
    db.session.remove()
    with read_only():
        found = look()
        db.session.remove()
    return found


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    hospital = Hospital(tmp_path_factory.mktemp("hospital"))
    yield hospital
    hospital.server.stop()
    with hospital.app.app_context():
        db.engine.dispose()


@pytest.fixture
def hospital(building: Hospital) -> Iterator[Hospital]:
    with building.app.app_context():
        yield building
        building.see_out()
        db.session.remove()


@pytest.fixture
def consultation(hospital: Hospital) -> Consultation:
    return consultation_in_progress(make_chat(make_user(), make_doctor(), days_left=2))


@pytest.fixture
def patient(hospital: Hospital, consultation: Consultation) -> Side:
    return Side(hospital, consultation, consultation.patient, PATIENTS_PAGE)


@pytest.fixture
def doctor(hospital: Hospital, consultation: Consultation) -> Side:
    return Side(hospital, db.session.get_one(Consultation, consultation.id), consultation.doctor.user, DOCTORS_PAGE)


@pytest.fixture
def joined(patient: Side, doctor: Side) -> tuple[Side, Side]:
    patient.join()
    doctor.join()
    assert patient.hear() == {"kind": "peer-joined", "body": {"page": DOCTORS_PAGE}}
    return patient, doctor


def test_welcome_says_who_leads_who_is_there_and_until_when(
    patient: Side, doctor: Side, consultation: Consultation
) -> None:
    first, second = patient.join(), doctor.join()
    assert (first["leads"], first["peer"]) == (False, None)
    assert (second["leads"], second["peer"]) == (True, PATIENTS_PAGE)
    assert first["ice"] == {"iceServers": [], "iceTransportPolicy": "all"}
    assert first["closes"] == int(consultation.closes_at.timestamp() * 1000)
    assert abs(first["now"] - clock.now().timestamp() * 1000) < 10_000


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_passes_both_ways_as_it_was_said(joined: tuple[Side, Side], kind: str) -> None:
    for sender, other in (joined, joined[::-1]) if kind != "bye" else (joined,):
        body = {"sdp": "v=0\r\n", "attempt": 3, "слово": [1.5, None, {"a": True}]}
        sender.say(kind, **body)
        assert other.hear() == {"kind": kind, "body": body, "page": sender.page, "n": sender.number}


def test_whether_anybody_is_there_is_answered_and_not_told(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    patient.say("here")
    assert patient.hear() == {"kind": "here", "body": {}}
    patient.say("media", muted=True)
    assert doctor.hear()["kind"] == "media"
    assert patient.join("patients-next-page")["media"] == {"muted": True}


def test_order_is_kept(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    for number in range(100):
        patient.say("candidate", number=number)
    assert [doctor.hear()["body"]["number"] for _ in range(100)] == list(range(100))


def test_largest_message_passes(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    frame = len(json.dumps({"kind": "offer", "body": {"sdp": ""}, "n": 1}))
    patient.say("offer", sdp="x" * (LONGEST - frame))
    assert len(doctor.hear()["body"]["sdp"]) == LONGEST - frame


def test_bye_is_told_and_leaves_at_once(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    patient.say("bye")
    assert doctor.hear()["kind"] == "bye"
    assert doctor.hear() == {"kind": "peer-left", "body": {"page": PATIENTS_PAGE}}
    patient.say("offer", sdp="too late")
    assert patient.join("another-page")["peer"] == DOCTORS_PAGE
    assert doctor.hear() == {"kind": "peer-joined", "body": {"page": "another-page"}}


# Who is let in


def test_signed_out_is_sent_to_sign_in(patient: Side, doctor: Side) -> None:
    doctor.join()
    assert patient.dial(Cookie="").wait_closed() == CloseCode.SIGNED_OUT
    is_alone(doctor)


def test_stranger_learns_nothing(hospital: Hospital, doctor: Side, consultation: Consultation) -> None:
    doctor.join()
    for stranger in (make_user("Посторонний Пётр"), make_doctor("Чужой Врач").user):
        assert Side(hospital, consultation, stranger, "strangers-page").dial().wait_closed() == 4404
    is_alone(doctor)


def test_wrong_consultation_is_no_door(hospital: Hospital, patient: Side, doctor: Side) -> None:
    other = consultation_in_progress(make_chat(make_user("Пётр"), make_doctor("Лебедев Игорь"), days_left=2))
    doctor.join()
    assert patient.dial(other_id=other.id).wait_closed() == 4404
    assert patient.dial(other_id=10**9).wait_closed() == 4404
    is_alone(doctor)


def test_before_the_window_there_is_only_the_card(hospital: Hospital) -> None:
    chat = make_chat(make_user(), make_doctor(), days_left=2)
    consultation = propose(chat, starts_at=clock.now() + timedelta(hours=1))
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    side = Side(hospital, consultation, consultation.patient, PATIENTS_PAGE)
    side.dial()
    assert side.hear() == {"kind": "ended", "body": {"to": f"/consultations/{consultation.id}"}}
    assert side.visitor.wait_closed() == 4009


def test_foreign_page_is_refused(patient: Side) -> None:
    assert patient.dial(Origin="https://evil.example").status == 403


@pytest.mark.parametrize("page", ["", "short", "x" * 41, "%3Cscript%3E", "page%0Awith-a-line"])
def test_page_must_have_a_name_of_its_own(patient: Side, page: str) -> None:
    assert patient.dial(page).wait_closed() == 1008


# What is refused


def is_alone(side: Side) -> None:
    """Nothing was relayed to it: what it hears next is its own other page taking over."""
    older = side.visitor
    side.join("own-other-page")
    assert json.loads(older.next() or "") == {"kind": "taken-over", "body": {"sameDevice": True}}
    assert older.wait_closed() == 4008


GARBAGE = [
    "",
    "{",
    "null",
    "[]",
    "17",
    "[" * 60_000,
    '{"kind":"offer","body":{},"n":NaN}',
    '{"kind":"offer","body":{"a":Infinity},"n":1}',
    '{"kind":"offer","body":{},"n":true}',
    '{"kind":"offer","body":{},"n":-1}',
    '{"kind":"offer","body":{},"n":9007199254740992}',
    '{"kind":"offer","body":{},"n":' + "9" * 5000 + "}",
    '{"kind":"offer","body":"v=0","n":1}',
    '{"kind":"offer","n":1}',
    '{"kind":["offer"],"body":{},"n":1}',
    '{"kind":"welcome","body":{},"n":1}',
    '{"kind":"peer-left","body":{},"n":1}',
    '{"kind":"ended","body":{"to":"https://evil.example"},"n":1}',
]


@pytest.mark.parametrize("text", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_and_unknown_kinds_end_the_socket(joined: tuple[Side, Side], text: str) -> None:
    patient, doctor = joined
    patient.visitor.say(text)
    assert patient.visitor.wait_closed() == 1008
    assert doctor.hear() == {"kind": "peer-left", "body": {"page": PATIENTS_PAGE}}


@pytest.mark.parametrize("letter", ["x", "я"])
def test_one_byte_too_many(joined: tuple[Side, Side], letter: str) -> None:
    """Counted in bytes too: half as many Russian letters are as long."""
    patient, doctor = joined
    frame = json.dumps({"kind": "offer", "body": {"sdp": "?"}, "n": 1})
    room = LONGEST - len(frame) + 1
    filling = letter * (room // len(letter.encode())) + "x" * (room % len(letter.encode()) + 1)
    patient.visitor.say(frame.replace("?", filling))
    assert patient.visitor.wait_closed() == 1009
    assert doctor.hear() == {"kind": "peer-left", "body": {"page": PATIENTS_PAGE}}


def test_megabyte_is_not_even_read(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    with suppress(OSError):  # the server hangs up in the middle of it
        patient.visitor.say(json.dumps({"kind": "offer", "body": {"sdp": "x" * 1024**2}, "n": 1}))
    with suppress(OSError):
        assert patient.visitor.next() is None
    assert doctor.hear() == {"kind": "peer-left", "body": {"page": PATIENTS_PAGE}}


def test_flood_ends_the_socket(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    with suppress(OSError):
        for _ in range(400):
            patient.say("candidate")
    with suppress(OSError):
        assert patient.visitor.wait_closed() in (1008, 0)  # 0: its own flood came in between
    heard = [doctor.hear()["kind"]]
    while heard[-1] != "peer-left":
        heard.append(doctor.hear()["kind"])
    assert 120 <= heard.count("candidate") < 200


def test_live_socket_reads_no_long_message(hospital: Hospital, patient: Side) -> None:
    visitor = hospital.visit("/live", {"Cookie": patient.cookie})
    while "data-ready" not in str(visitor.next()):  # after its first beat
        assert not visitor.close_code
    visitor.say("x" * (LONGEST_FRAME + 1))
    assert visitor.wait_closed() == 1009


# Coming and going


def test_newest_page_takes_over(hospital: Hospital, joined: tuple[Side, Side], consultation: Consultation) -> None:
    patient, doctor = joined
    phone = Side(hospital, consultation, db.session.get_one(User, consultation.patient_id), "patients-phone")
    assert phone.join()["peer"] == DOCTORS_PAGE
    assert patient.hear() == {"kind": "taken-over", "body": {"sameDevice": False}}
    assert patient.visitor.wait_closed() == 4008
    assert doctor.hear() == {"kind": "peer-left", "body": {"page": PATIENTS_PAGE}}
    assert doctor.hear() == {"kind": "peer-joined", "body": {"page": "patients-phone"}}
    doctor.say("offer", sdp="for the phone")
    assert phone.hear()["body"] == {"sdp": "for the phone"}


def test_page_that_comes_back_in_time_is_missed_by_nobody(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    patient.visitor.vanish()
    assert patient.join()["peer"] == DOCTORS_PAGE
    patient.say("media", sound=True)
    assert doctor.hear()["kind"] == "media"  # and no word of leaving before it
    doctor.say("media", sound=False)
    assert patient.hear()["body"] == {"sound": False}


def test_newer_socket_of_the_same_page_silently_replaces_the_older(joined: tuple[Side, Side]) -> None:
    """The page's network changed; its older socket does not know yet that it is dead."""
    patient, doctor = joined
    older = patient.visitor
    patient.join()
    assert older.next() is None
    assert older.close_code == 1000
    patient.say("media", sound=True)
    assert doctor.hear()["kind"] == "media"


def test_who_does_not_come_back_has_left(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    patient.visitor.vanish()
    assert doctor.hear() == {"kind": "peer-left", "body": {"page": PATIENTS_PAGE}}


def test_doctor_ends_it_for_both(joined: tuple[Side, Side], consultation: Consultation) -> None:
    assert joined[1].post(f"/consultations/{consultation.id}/end") == 303
    for side in joined:
        assert side.hear() == {"kind": "ended", "body": {"to": f"/consultations/{consultation.id}"}}
        assert side.visitor.wait_closed() == 4009


def test_window_that_closed_unheard_ends_it_at_the_next_look(
    joined: tuple[Side, Side], consultation: Consultation
) -> None:
    """Written by a worker in another process: no fact reaches this one."""
    db.session.get_one(Consultation, consultation.id).state = ConsultationState.COMPLETED
    db.session.commit()
    for side in joined:
        assert side.hear()["kind"] == "ended"
        assert side.visitor.wait_closed() == 4009


def test_signing_out_ends_it(joined: tuple[Side, Side]) -> None:
    patient, doctor = joined
    assert patient.post("/logout") == 303
    assert patient.hear()["kind"] == "ended"
    assert patient.visitor.wait_closed() == 4009
    assert doctor.hear()["kind"] == "peer-left"


def test_device_that_is_gone_is_seen_at_the_next_look(joined: tuple[Side, Side]) -> None:
    patient, _ = joined
    assert patient.browser.device is not None
    db.session.execute(db.delete(Device).where(Device.id == patient.browser.device.id))
    db.session.commit()
    assert patient.hear()["kind"] == "ended"


def test_who_wrote_for_somebody_leaves_with_the_right_to_it(hospital: Hospital) -> None:
    writer = make_user("Анна")
    relative = make_relative(writer)
    permit(relative)
    consultation = consultation_in_progress(make_chat(writer, make_doctor(), relative, days_left=2))
    relative_id, doctor = relative.id, consultation.doctor.user
    sides = Side(hospital, consultation, writer, PATIENTS_PAGE), Side(hospital, consultation, doctor, DOCTORS_PAGE)
    for side in sides:
        side.join()
    assert sides[0].hear()["kind"] == "peer-joined"
    permission.end(db.session.get_one(Dependant, relative_id))
    db.session.commit()
    assert sides[0].hear()["kind"] == "ended"
    assert sides[0].visitor.wait_closed() == 4009


def test_visit_is_kept_and_moves_on(joined: tuple[Side, Side], consultation: Consultation, hospital: Hospital) -> None:
    patient, _ = joined

    def visits() -> dict[str, CallVisit]:
        return {visit.page: visit for visit in seen(lambda: CallVisit.of(fresh(consultation)))}

    eventually(lambda: set(visits()) == {PATIENTS_PAGE, DOCTORS_PAGE})
    first = visits()[PATIENTS_PAGE]
    eventually(lambda: visits()[PATIENTS_PAGE].left_at > first.left_at)
    patient.visitor.vanish()
    patient.join()
    eventually(lambda: visits()[PATIENTS_PAGE].left_at > first.left_at)
    assert visits()[PATIENTS_PAGE].joined_at == first.joined_at
    assert len(visits()) == 2


def test_being_in_the_call_is_presence(joined: tuple[Side, Side], consultation: Consultation) -> None:
    before = consultation.attendance_of(models.Side.PATIENT).ready_at
    assert before is not None

    def is_fresh() -> bool:
        ready_at = seen(lambda: fresh(consultation).attendance_of(models.Side.PATIENT).ready_at)
        return ready_at is not None and ready_at > before

    eventually(is_fresh)


# The server goes and comes


@pytest.fixture
def own_hospital(tmp_path: Path) -> Iterator[Hospital]:
    hospital = Hospital(tmp_path)
    with hospital.app.app_context():
        yield hospital
        hospital.see_out()
        db.session.remove()
        db.engine.dispose()
    if hospital.server.process.poll() is None:
        hospital.server.stop()


@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGKILL])
def test_call_goes_on_over_a_restart(own_hospital: Hospital, way: signal.Signals) -> None:
    consultation = consultation_in_progress(make_chat(make_user(), make_doctor(), days_left=2))
    patient = Side(own_hospital, consultation, consultation.patient, PATIENTS_PAGE)
    doctor = Side(
        own_hospital, db.session.get_one(Consultation, consultation.id), consultation.doctor.user, DOCTORS_PAGE
    )
    patient.join()
    doctor.join()
    patient.hear()
    own_hospital.end(way)
    codes = {side.visitor.wait_closed() for side in (patient, doctor)}
    assert codes == ({CloseCode.RESTARTING} if way is signal.SIGTERM else {0})
    eventually(own_hospital.server.is_gone)
    own_hospital.serve_again()
    assert patient.join()["peer"] is None
    assert doctor.join()["peer"] == PATIENTS_PAGE
    assert patient.hear() == {"kind": "peer-joined", "body": {"page": DOCTORS_PAGE}}
    doctor.say("offer", sdp="v=0")
    assert patient.hear()["page"] == DOCTORS_PAGE
    assert len(seen(lambda: CallVisit.of(fresh(consultation)))) == 2
