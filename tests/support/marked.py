"""A patient whose every trace is marked, and where in the clinic marks are found."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import sqlalchemy as sa
from factories import attach, make_chat, make_doctor, make_user, propose, say
from flask import Flask
from payment_steps import buy

from ibolit.extensions import db
from ibolit.models import (
    AuditAction,
    AuditEvent,
    Chat,
    Conclusion,
    ConclusionDraft,
    Consultation,
    ConsultationState,
    DataCopy,
    Dependant,
    DependantTerms,
    Device,
    DeviceTransfer,
    Doctor,
    EmailProof,
    FactKind,
    ImportLine,
    IntakeQuestionnaire,
    Invitation,
    KnownBrowser,
    LoginCode,
    PatientFact,
    PatientImport,
    PatientNote,
    PushSubscription,
    Relation,
    Review,
    SecurityEvent,
    SecurityEventKind,
    User,
)
from ibolit.services import Services, clock

CHILD = "Щукарёв Тихон"
CHILD_BORN = date(2021, 7, 13)
NAME, PHONE, EMAIL = "Щукарёва Марфа", "+79165550123", "marfa@shchukareva.example"
BORN = date(1971, 3, 29)
ADDRESS, HOME = "marfa.nova@shchukareva.example", "198.51.100.77"
# Who it is.
IDENTITY = ("укар", "марф", "тихон", "2021-07-13", "9165550123", "marfa", "1971-03-29", HOME)
# What they or others have said; each word stands for where it was said.
SAID = {
    "message": "ангина-сообщение",
    "file": "ангина-файл",
    "quote": "ангина-анкета",
    "conclusion": "ангина-заключение",
    "consultation": "ангина-пожелание",
    "doctors fact": "ангина-факт-врача",
    "own fact": "ангина-свой-факт",
    "note": "ангина-заметка",
    "draft": "ангина-черновик",
    "review": "ангина-отзыв",
    "unsent": "ангина-неотправленное",
}


@dataclass
class Marked:
    patient: User
    doctor: Doctor
    chat: Chat
    consultation: Consultation
    files: dict[str, bool]  # names in the storage: whether they stay


def live_a_life(clinic: Flask, services: Services) -> Marked:
    """Everything that the clinic may come to know of somebody."""
    doctor = make_doctor()
    patient = make_user(NAME, birth_date=BORN, email=EMAIL, timezone="Asia/Omsk")
    patient.phone = PHONE
    db.session.commit()
    chat = make_chat(patient, doctor, days_left=2)
    sent = attach(chat, patient, name=f"{SAID['file']}.jpg")
    say(chat, patient, SAID["message"], files=[sent])
    unsent = attach(chat, patient, name=f"{SAID['unsent']}.jpg")
    files = {sent.key: True, unsent.key: False}
    for name in files:
        _store(services, name)
    consultation = _consult(chat, doctor, patient)
    _write_down(chat, doctor, patient, consultation)
    _come_in(patient, doctor)
    buy(chat)
    _write_for_a_child(patient, doctor)
    files |= _take_a_copy(services, patient)
    AuditEvent.write_of_account(AuditAction.SIGNED_IN, patient, address=HOME)
    db.session.commit()
    return Marked(patient, doctor, chat, consultation, files)


def _store(services: Services, name: str) -> None:
    path = Path(services.storage.folder.parent, "to-be-stored")  # type: ignore[attr-defined]
    path.write_bytes(SAID["file"].encode())
    services.storage.put(name, path)


def _consult(chat: Chat, doctor: Doctor, patient: User) -> Consultation:
    consultation = propose(chat, note=SAID["consultation"])
    consultation = db.session.get_one(Consultation, consultation.id)
    consultation.state, consultation.ended_at = ConsultationState.COMPLETED, clock.now()
    db.session.commit()
    message = say(chat, doctor.user, "Заключение")
    said: dict[str, object] = {"version": 1, "text": SAID["conclusion"], "author_id": doctor.user_id}
    said |= {"subject_name": patient.name, "subject_birth_date": patient.birth_date, "writer": f"мама, {patient.name}"}
    db.session.add(Conclusion(consultation_id=consultation.id, message_id=message.id, **said))
    asked = {"chief_complaint": SAID["quote"], "onset": "вчера", "severity": 3, "message_id": message.id}
    asked |= {"medications": "", "allergies": "", "illnesses": ""}
    db.session.add(IntakeQuestionnaire(consultation_id=consultation.id, **asked))
    db.session.add(ConclusionDraft(consultation_id=consultation.id, text=SAID["draft"], pen="pen-1"))
    db.session.add(Review(consultation_id=consultation.id, doctor_id=doctor.id, stars=5, words=SAID["review"]))
    db.session.commit()
    return consultation


def _write_down(chat: Chat, doctor: Doctor, patient: User, consultation: Consultation) -> None:
    PatientFact.add(patient.subject_key, patient, FactKind.ALLERGY, SAID["own fact"])
    PatientFact.add(patient.subject_key, doctor.user, FactKind.ILLNESS, SAID["doctors fact"])
    PatientNote.keep(chat, SAID["note"], "pen-1", seen=0)
    DeviceTransfer.make(consultation, patient)
    db.session.commit()


def _come_in(patient: User, doctor: Doctor) -> None:
    device, _token = Device.register(patient, "Телефон Марфы")
    db.session.flush()
    push = {"endpoint": "https://push.example/marfa", "p256dh": "key", "auth": "auth"}
    db.session.add(PushSubscription(device_id=device.id, **push))
    KnownBrowser.remember(patient.id, "browser of marfa")
    db.session.add(EmailProof(user_id=patient.id, email=ADDRESS, nonce="n"))
    SecurityEvent.announce(patient, SecurityEventKind.EMAIL, device)
    LoginCode.ask(PHONE, HOME, "another browser")
    line: dict[str, object] = {"number": 1, "name": NAME, "phone": PHONE, "email": None, "typed": PHONE, "fault": None}
    listed = PatientImport.draft(doctor, doctor.user, "list-1", [line | {"birth_date": BORN}])
    invited = Invitation.invite(doctor, doctor.user, phone=None, email=ADDRESS, name=NAME, birth_date=BORN)
    invited.accepted_at, invited.accepted_by_id, invited.guest_phone = clock.now(), patient.id, PHONE
    for row in db.session.scalars(sa.select(ImportLine).where(ImportLine.import_id == listed.id)):
        row.invitation_id = invited.id
    listed.started_at = listed.finished_at = clock.now() - timedelta(hours=1)
    db.session.commit()


def _take_a_copy(services: Services, patient: User) -> dict[str, bool]:
    copy = DataCopy.ask(patient, db.session.scalars(sa.select(Device)).one())
    copy.begin(1)
    DataCopy.note_file(copy.id)
    DataCopy.finish(copy.id, 1)
    db.session.commit()
    _store(services, copy.key)
    return {copy.key: False}


def _write_for_a_child(patient: User, doctor: Doctor) -> None:
    terms = DependantTerms(CHILD, CHILD_BORN, Relation.MOTHER)
    child = Dependant.add(patient, terms, HOME)
    db.session.commit()
    chat = make_chat(patient, doctor, child, days_left=2)
    say(chat, patient, f"{SAID['message']} о ребёнке")
    PatientFact.add(child.subject_key, patient, FactKind.ALLERGY, SAID["own fact"])
    db.session.commit()


# Where marks are


def marked_columns(*marks: str) -> set[tuple[str, str]]:
    """(table, column) of every cell that says one of these."""
    return {(table, column) for table, column, cell in _cells() if any(mark.lower() in cell.lower() for mark in marks)}


def _cells() -> Iterator[tuple[str, str, str]]:
    for table in db.metadata.sorted_tables:
        for row in db.session.execute(sa.select(table)).mappings():
            for column, value in row.items():
                if isinstance(value, bytes | bytearray):
                    yield table.name, str(column), bytes(value).decode("utf-8", "replace")
                elif value is not None:
                    yield table.name, str(column), str(value)


def marks_in_folder(folder: Path, *marks: str, but: Collection[str] = ()) -> set[str]:
    """Of every file in it, also the database's own pages and what it writes beside them."""
    wanted = [mark.lower().encode() for mark in marks]
    found = set()
    for path in folder.rglob("*"):
        if path.is_file() and path.name not in but:
            said = path.read_bytes().decode("utf-8", "ignore").lower().encode()
            found |= {f"{path.name}: {mark.decode()}" for mark in wanted if mark in said}
    return found
