"""A clinic with two of everything: what is asked of it tells who reaches what, see matrix.py.

Three sides: Anna and Dr Ivanova, Boris and Dr Petrov, Vera and the hidden Dr Sidorova. Each has the same things.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile

from consultation_steps import confirm
from factories import attach, make_chat, make_child, make_doctor, make_user, open_hours, propose, say
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from payment_steps import begin, buy, request_refund
from relatives import born, make_relative
from started_consultations import completed_consultation, consultation_in_progress

from ibolit.extensions import db
from ibolit.models import (
    AbsenceTerms,
    Attachment,
    AttachmentKind,
    AttachmentState,
    CalendarFeed,
    Channel,
    CodePurpose,
    ConsultationKind,
    CopyState,
    DataCopy,
    Device,
    DeviceTransfer,
    Doctor,
    FactKind,
    FamilyCode,
    Invitation,
    PatientFact,
    PatientImport,
    ReplyTemplate,
    Role,
    SecurityEvent,
    SecurityEventKind,
    StandInChoice,
    StandInOffer,
    TimeOff,
    TypeTerms,
    User,
    Variant,
)
from ibolit.models.family import permission
from ibolit.models.people import EmailProof
from ibolit.services import clock, current_services
from ibolit.services.codes import fingerprint, new_nonce

MISSING_NUMBER, MISSING_WORD = "909090", "nosuchthingnosuchthing24"

Things = dict[str, str]  # by the names that stand in matrix.py's column «of»

LINE: dict[str, object] = {"number": 1, "name": "Зоя", "email": None, "typed": "8 916", "fault": None}

_keys = count(1)


@dataclass
class Actor:
    """`side` is whose own things are his; `foreign` the other's. The cookie is his browser's."""

    name: str
    side: str
    foreign: str
    cookie: str
    own: Things = field(default_factory=dict)  # what belongs to him and not to the pair
    user_id: int | None = None


@dataclass
class World:
    app: Flask
    things: dict[str, Things]
    actors: dict[str, Actor]

    @property
    def token(self) -> str:
        """What forms carry against foreign pages; every actor's session knows it."""
        return str(URLSafeTimedSerializer(self.app.secret_key, salt="wtf-csrf-token").dumps("matrix"))

    def target(self, actor: Actor, of: str, which: str) -> str:
        """What stands in the address: one's own, a foreign one, or one that nobody has."""
        side = {"own": actor.side, "foreign": actor.foreign}.get(which)
        if side is None:
            return MISSING_NUMBER if self.things[actor.side][of].isdecimal() else MISSING_WORD
        if which == "own" and of in actor.own:
            return actor.own[of]
        return self.things[side][of]


def build(app: Flask) -> World:
    """Within an app context; everything is committed."""
    pairs = {
        "a": (make_user("Анна Соколова"), make_doctor("Иванова Елена Сергеевна")),
        "b": (make_user("Борис Орлов"), make_doctor("Петров Пётр Ильич")),
        "c": (make_user("Вера Крылова"), make_doctor("Сидорова Нина Павловна")),
    }
    operator = make_user("Оператор Ольга", Role.OPERATOR)
    stand_in = make_doctor("Лебедев Михаил Аркадьевич")
    things = {side: _things_of(*pair, stand_in) for side, pair in pairs.items()}
    _let_answer(things["a"], pairs["a"][0])
    pairs["c"][1].hidden = True
    db.session.commit()
    actors = {
        "signed out": Actor("signed out", "a", "b", _cookie(app)),
        "half-consented": _actor(app, "half-consented", "a", "b", make_user("Гость Глеб", consented=False)),
        "patient": _actor(app, "patient", "a", "b", pairs["a"][0]),
        "other patient": _actor(app, "other patient", "b", "a", pairs["b"][0]),
        "doctor": _actor(app, "doctor", "a", "b", pairs["a"][1].user),
        "other doctor": _actor(app, "other doctor", "b", "a", pairs["b"][1].user),
        "hidden doctor": _actor(app, "hidden doctor", "c", "a", pairs["c"][1].user),
        "stand-in": _actor(app, "stand-in", "a", "b", stand_in.user),
        "operator": _actor(app, "operator", "a", "b", operator),
    }
    actors["guest device"] = _guest(app, pairs["a"][0], int(things["a"]["consultation"]))
    return World(app, things, actors)


def _let_answer(things: Things, patient: User) -> None:
    """Anna has chosen that the stand-in answers; nobody else has chosen yet."""
    offer = db.session.get_one(StandInOffer, int(things["offer"]))
    offer.choose(patient, StandInChoice.STAND_IN)
    db.session.commit()


def _things_of(patient: User, doctor: Doctor, stand_in: Doctor) -> Things:
    chat = make_chat(patient, doctor, days_left=2)
    now = clock.now()
    absence = TimeOff.add(doctor, AbsenceTerms(now - timedelta(hours=1), now + timedelta(days=7), stand_in.id))
    said = say(chat, patient, "Здравствуйте!")
    photo, paper = attach(chat, patient), attach(chat, doctor.user, AttachmentKind.DOCUMENT, name="Анализы.pdf")
    say(chat, patient, "Вот снимок", files=[photo])
    say(chat, doctor.user, "Вот анализы", files=[paper])
    store(photo)
    upload = attach(chat, patient, state=AttachmentState.ARRIVING, key=f"{next(_keys):032x}")
    done, consultation = completed_consultation(chat), consultation_in_progress(chat)
    ahead = propose(chat, starts_at=clock.now() + timedelta(days=2))
    paid, requested = buy(chat), request_refund(buy(chat))
    waiting = begin(chat)
    invitations = [
        _invited(doctor, phone=f"+7916444{doctor.id:04}"),
        _invited(doctor, email=f"i{doctor.id}@example.org"),
    ]
    proof = EmailProof(user_id=patient.id, email=f"new{patient.id}@example.org", nonce=new_nonce())
    listed = PatientImport.draft(
        doctor, doctor.user, f"list-{doctor.id}", [LINE | {"phone": f"+7916555{doctor.id:04}"}]
    )
    transfer, token = DeviceTransfer.make(consultation, patient)
    template = ReplyTemplate.add(doctor, "Привет", "Здравствуйте!")
    CalendarFeed.renew(doctor, seen="")
    (type,) = open_hours(doctor, TypeTerms("Первичная", ConsultationKind.VIDEO, 30, 1500_00))
    fact = PatientFact.add(patient.subject_key, patient, FactKind.ALLERGY, "Пыльца")
    child = make_child(patient)
    spare, _ = Device.register(patient, "Старый телефон")
    change = SecurityEvent.announce(patient, SecurityEventKind.WRONG_PASSWORDS)
    copy = DataCopy(user=patient, state=CopyState.READY, begins_at=now, made_at=now, size=34, has_file=True)
    db.session.add_all([proof, copy])
    db.session.commit()
    put(copy.key)
    return family_of(patient, doctor) | {
        "fact": str(fact.id), "type": str(type.id), "feed": CalendarFeed.of(doctor).token,  # type: ignore[union-attr]
        "chat": str(chat.id), "doctor": str(doctor.id), "patient": str(patient.id), "dependant": str(child.id),
        "consultation": str(consultation.id),
        "done": str(done.id), "ahead": str(ahead.id), "file": str(photo.id), "upload": upload.key,
        "message": str(said.id),
        "payment": str(waiting.id), "paid": str(paid.id), "return": waiting.token, "refund": str(requested.id),
        "invitation": str(invitations[0].id), "link": invitations[0].token, "mailed": invitations[1].token,
        "proof": f"{proof.id}?token={proof.token}", "list": str(listed.id), "device": str(spare.id),
        "change": f"{change.id}?token={change.token_for(Channel.SMS)}",
        "handover": f"{transfer.id}?token={token}", "tariff": str(doctor.tariffs[0].id), "template": str(template.id),
        "copy": str(copy.id), "absence": str(absence.id), "offer": str(StandInOffer.latest_in(chat, absence).id),  # type: ignore[union-attr]
    }  # fmt: skip


def family_of(patient: User, doctor: Doctor) -> Things:
    """Whom they write for, who writes for them, and by what somebody takes chats over."""
    relative = make_relative(patient)
    permission.ask(patient, relative, f"+7916333{patient.id:04}")
    writer = make_user("Дочь Дарья")
    permitted = make_relative(writer, "Мать Мария")
    permitted.account_id, permitted.permitted_at = patient.id, clock.now()
    teen = make_child(patient, birth_date=born(18) + timedelta(days=20))
    chat = make_chat(patient, doctor, teen, days_left=2)
    consultation = confirm(propose(chat, starts_at=clock.now() + timedelta(days=3)))
    FamilyCode.ask(CodePurpose.CONSULTATION, patient, teen, f"+7916222{patient.id:04}", consultation)
    accepting = _invited(doctor, phone=f"+7916111{doctor.id:04}")
    db.session.flush()
    accepting.dependant_id, accepting.phone = teen.id, patient.phone
    db.session.commit()
    other = make_child(patient, "Соколова Оля")
    numbers = {
        "child": other,
        "relative": relative,
        "permitted": permitted,
        "teen": teen,
        "teens-chat": chat,
        "teens": consultation,
    }
    return {name: str(one.id) for name, one in numbers.items()} | {"taking-over": accepting.token}


def store(photo: Attachment) -> None:
    for variant in Variant:
        put(photo.file_of(variant))


def put(name: str) -> None:
    with NamedTemporaryFile(delete=False) as file:
        file.write(b"no picture, and nobody looks at it")
    current_services.storage.put(name, Path(file.name))


def _invited(doctor: Doctor, **contact: str) -> Invitation:
    invitation = Invitation.invite(doctor, doctor.user, name="Зоя Новикова", **contact)
    invitation.token_hash = fingerprint(invitation.token)
    return invitation


def _actor(app: Flask, name: str, side: str, foreign: str, user: User) -> Actor:
    _, token = Device.register(user, "Тест")
    spare, _ = Device.register(user, "Другой телефон")
    db.session.commit()
    return Actor(name, side, foreign, _cookie(app, user, token), {"device": str(spare.id)}, user.id)


def actor_of(app: Flask, user: User) -> Actor:
    """Somebody who is signed in on a device of his own."""
    return _actor(app, f"beside {user.id}", "", "", user)


def _guest(app: Flask, user: User, consultation_id: int) -> Actor:
    device, token = Device.register(user, f"{DeviceTransfer.NAME}, Тест")
    device.restrict_to(consultation_id, clock.now() + timedelta(hours=1))
    db.session.commit()
    return Actor("guest device", "a", "b", _cookie(app, user, token), user_id=user.id)


def _cookie(app: Flask, user: User | None = None, token: str = "") -> str:
    """With the token of the forms that TOKEN answers to."""
    client = app.test_client()
    with client.session_transaction() as session:
        session["csrf_token"] = "matrix"
        if user is not None:
            session["device"], session["_user_id"], session["_fresh"] = token, str(user.id), True
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    return cookie.value


class Snapshot:
    """The clinic as it was built: after an action it is put back."""

    def __init__(self, path: Path) -> None:
        self._live = sqlite3.connect(path)
        self._kept = sqlite3.connect(":memory:")
        self._live.backup(self._kept)
        self._were = self._rows(self._kept)
        self._seen = self._version()

    def has_changed(self) -> bool:
        return self._version() != self._seen

    def put_back(self) -> None:
        """Nothing is done where nothing was written."""
        if self.has_changed():
            db.session.remove()
            self._kept.backup(self._live)
            self._seen = self._version()

    def changed(self) -> set[str]:
        """The tables that are not as they were."""
        if not self.has_changed():
            return set()
        return {table for table, rows in self._rows(self._live).items() if rows != self._were.get(table)}

    def close(self) -> None:
        self._live.close()
        self._kept.close()

    @staticmethod
    def _rows(clinic: sqlite3.Connection) -> dict[str, list[str]]:
        named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%fts%'"
        tables = [name for (name,) in clinic.execute(named)]
        return {name: [repr(row) for row in clinic.execute(f'SELECT * FROM "{name}"')] for name in tables}

    def _version(self) -> int:
        (version,) = self._live.execute("PRAGMA data_version").fetchone()
        return int(version)
