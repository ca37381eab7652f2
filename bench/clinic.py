"""Clinics of every size, written in bulk: their history is long, their rows are what the app itself would write."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, insert, select, update

from ibolit import create_app
from ibolit.extensions import db
from ibolit.models import (
    AccessMode,
    Attachment,
    AttachmentKind,
    AttachmentState,
    Card,
    Chat,
    ChatMember,
    Consultation,
    ConsultationKind,
    ConsultationState,
    Doctor,
    Message,
    PatientNote,
    ReplyTemplate,
    Role,
    Tariff,
    User,
)
from ibolit.models.people import current_versions
from ibolit.normalization import normalised
from ibolit.services import clock, passwords
from ibolit.services.search import stemmed

PASSWORD = "ibolit-bench"
AT_ONCE = 5_000  # rows a statement
COMING = 40  # patients with whom a consultation is agreed

SURNAMES = ("Иванов", "Лебедев", "Орлов", "Рыжов", "Соколов", "Громов", "Жуков", "Королёв", "Мельников", "Яковлев")
NAMES = ("Алексей", "Борис", "Виктор", "Григорий", "Дмитрий", "Егор", "Кирилл", "Михаил", "Пётр", "Семён")
FATHERS = ("Андреевич", "Борисович", "Викторович", "Ильич", "Олегович", "Павлович", "Романович", "Сергеевич")
SPECIALTIES = (
    "Терапевт", "Кардиолог", "Педиатр", "Дерматолог", "Невролог", "Психотерапевт", "Хирург", "Уролог", "Гинеколог",
    "Эндокринолог", "Офтальмолог", "Отоларинголог", "Гастроэнтеролог", "Ревматолог", "Аллерголог", "Пульмонолог",
)  # fmt: skip
SENTENCES = (
    "Давление утром было повышенное, вечером пришло в норму.", "Голова болит третий день, таблетки помогают слабо.",
    "Пришлите, пожалуйста, анализы крови и результаты ЭКГ.", "Температура держится, кашель стал меньше.",
    "Спасибо, доктор, стало гораздо лучше!", "Продолжайте принимать лекарство ещё неделю.",
    "Как вы спите и сколько пьёте воды?", "Спина ноет после долгой ходьбы, упражнения делаю каждый день.",
    "Приходите на осмотр в четверг, кабинет на втором этаже.", "Сахар натощак 5,8, холестерин немного выше нормы.",
    "Аллергии на антибиотики раньше не было.", "Сыпь прошла, но кожа сухая и чешется по вечерам.",
)  # fmt: skip
TARIFFS = (
    {"title": "Неделя", "days": 7, "price": 900_00},
    {"title": "Месяц", "days": 30, "price": 2500_00},
    {"title": "Три месяца", "days": 90, "price": 6000_00},
)
PORTRAITS = range(6)  # of the demo clinic
PICTURE = {
    "name": "Фото.jpg",
    "size": 1_000_000,
    "state": AttachmentState.READY,
    "kind": AttachmentKind.PICTURE,
    "has_thumbnail": True,
}
RARE = "Назначена маммография."  # one message in five hundred, for the search


def opened(data: Path) -> Flask:
    """The app on this folder's database, inside this process."""
    return create_app({"IBOLIT_ENV": "test", "IBOLIT_DATA": str(data)})


@contextmanager
def written(data: Path) -> Iterator[None]:
    """What is added meanwhile is committed to this folder's database, and nothing keeps it open."""
    with opened(data).app_context():
        yield
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


def phone(number: int) -> str:
    return f"+7916{number:07}"


def make_pairs(data: Path, pairs: int) -> list[tuple[str, str, int]]:
    """Patients and doctors whose chats never close: the phones of both and the id of their chat."""
    with _new_clinic(data):
        patients, doctors = _people(1, pairs, Role.PATIENT), _doctors(pairs + 1, pairs)
        chats = [_chat(n, patients[n - 1], doctors[n - 1]) for n in range(1, pairs + 1)]
        _write_chats(chats, doctors)
        return [(phone(n), phone(pairs + n), n) for n in range(1, pairs + 1)]


def make_large(data: Path, *, doctors: int, chats: int, messages: int) -> None:
    """Doctor 1 has all the chats; the one with patient 1 has nearly all the messages. His phone is phone(1)."""
    with _new_clinic(data):
        everyone = _doctors(1, doctors)
        patients = _people(doctors + 1, chats, Role.PATIENT)
        rows = [_chat(n, patient, everyone[0]) for n, patient in enumerate(patients, 1)]
        rows[0]["last_seq"] = rows[0]["revision"] = messages
        rows[0]["last_at"] = clock.now()
        _write_chats(rows, everyone)


def make_patient(data: Path, *, doctors: int, messages: int) -> tuple[str, str]:
    """A patient who has a chat with every doctor; the first is as long as this. The phones of him and its doctor."""
    with _new_clinic(data):
        everyone, (patient,) = _doctors(1, doctors), _people(doctors + 1, 1, Role.PATIENT)
        for number in PORTRAITS:
            some = update(Doctor).where(Doctor.id % len(PORTRAITS) == number)
            db.session.execute(some.values(photo=f"portraits/doctor-{number + 1}.svg"))
        rows = [_chat(n, patient, doctor) for n, doctor in enumerate(everyone, 1)]
        rows[0]["last_seq"] = rows[0]["revision"] = messages
        rows[0]["last_at"] = clock.now()
        _write_chats(rows, everyone)
    return phone(doctors + 1), phone(1)


def leave_unread(data: Path, count: int) -> None:
    """The patient has not seen the last messages of the first chat."""
    with written(data):
        chat = db.session.get_one(Chat, 1)
        side = update(ChatMember).where(ChatMember.chat_id == 1, ChatMember.user_id == chat.patient_id)
        db.session.execute(side.values(unread=count, read_to=chat.last_seq - count))


def make_consultations(data: Path, chats: int, *, past: int = 0) -> None:
    """One that is about to begin in each of the first chats, and so many past ones, spread over them."""
    with _new_clinic(data):
        sides = db.session.execute(db.select(Chat.id, Chat.patient_id, Chat.doctor_id, Chat.last_seq)).tuples()
        by_chat = {id: (patient, doctor, seq) for id, patient, doctor, seq in sides}
        soon, first = clock.now() + timedelta(minutes=5), db.session.scalars(db.select(func.max(Message.id))).one() + 1
        starts = [soon] * (0 if past else chats) + [soon - timedelta(hours=n) for n in range(1, past + 1)]
        consultations, cards = [], []
        for number, start in enumerate(starts):
            chat_id = number % (chats - 1) + 2 if past else number + 1  # the first stays as long as it is
            patient, doctor, seq = by_chat[chat_id]
            seq += number // (chats - 1) + 1
            cards.append(_card(first + number, chat_id, doctor, seq, start))
            consultations.append(_consultation(chat_id, patient, doctor, first + number, start))
        _insert(Message, cards)
        _insert(Consultation, consultations)


def _card(id: int, chat_id: int, doctor: int, seq: int, start: datetime) -> dict[str, Any]:
    user = db.session.get_one(Doctor, doctor).user_id
    words = {"text": "Приглашение на консультацию", "stems": "", "card": Card.CONSULTATION}
    place = {"id": id, "chat_id": chat_id, "seq": seq, "revision": seq, "author_id": user, "sent_at": start}
    return place | words | {"client_id": f"consultation-{id}"}


@contextmanager
def _new_clinic(data: Path) -> Iterator[None]:
    with written(data):
        upgrade(directory=str(Path(__file__).parent.parent / "migrations"))
        yield


def keep_practice(data: Path, *, unread: int, consultations: int) -> None:
    """Of the doctor with all the chats: who waits for an answer, who comes, notes, templates, files."""
    with written(data):
        chats = db.session.scalars(select(Chat).where(Chat.doctor_id == 1).order_by(Chat.id)).all()
        waiting = [chat.id for chat in chats[1 : unread + 1]]
        since = clock.now() - timedelta(days=2)
        for number, id in enumerate(waiting):
            told = {"awaits_reply": True, "waiting_since": since + timedelta(minutes=number)}
            db.session.execute(update(Chat).where(Chat.id == id).values(**told))
        behind = update(ChatMember).where(ChatMember.chat_id.in_(waiting), ChatMember.user_id == 1)
        db.session.execute(behind.values(unread=1, read_to=1))
        first = select(Message.chat_id, func.min(Message.id)).group_by(Message.chat_id)
        firsts: dict[int, int] = dict(db.session.execute(first).tuples().all())
        now = clock.now().replace(microsecond=0)
        coming = ((chat, firsts[chat.id], now + timedelta(days=1)) for chat in chats[1:COMING])
        past = ((chats[0], n + 1, now - timedelta(days=n)) for n in range(1, consultations))
        held = [_consultation(one.id, one.patient_id, 1, message, start) for one, message, start in (*coming, *past)]
        _insert(Consultation, held)
        _insert(PatientNote, [{"chat_id": one.id, "text": SENTENCES[0], "version": 1, "pen": "-"} for one in chats])
        names = [{"doctor_id": 1, "name": f"Ответ {n}", "text": SENTENCES[n % 12], "position": n} for n in range(50)]
        _insert(ReplyTemplate, names)
        sent = {"chat_id": 1, "author_id": chats[0].patient_id} | PICTURE
        _insert(Attachment, [sent | {"key": f"{n:032}", "message_id": n + 1} for n in range(200)])


def send_files(data: Path, count: int) -> None:
    """Pictures, spread over all chats, each with the first message of its chat."""
    with written(data):
        firsts = db.session.execute(select(Message.chat_id, func.min(Message.id)).group_by(Message.chat_id)).tuples()
        first, patients = [*firsts], dict(db.session.execute(select(Chat.id, Chat.patient_id)).tuples().all())
        places = ((number, *first[number % len(first)]) for number in range(count))
        rows = (
            {"chat_id": chat, "author_id": patients[chat], "message_id": message, "key": f"desk{number:028}"}
            for number, chat, message in places
        )
        _insert(Attachment, (PICTURE | row for row in rows))


def _consultation(chat_id: int, patient: int, doctor: int, message: int, start: datetime) -> dict[str, Any]:
    """Confirmed the day before; what should have begun by now has taken place."""
    return {
        "chat_id": chat_id,
        "doctor_id": doctor,
        "patient_id": patient,
        "message_id": message,
        "kind": ConsultationKind.VIDEO,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=30),
        "price": 0,
        "state": ConsultationState.CONFIRMED if start > clock.now() else ConsultationState.COMPLETED,
        "confirmed_at": start - timedelta(days=1),
    }


def _people(first: int, count: int, role: Role) -> list[dict[str, Any]]:
    hashed = passwords.hash_password(PASSWORD)
    rows = [
        {
            "id": number,
            "phone": phone(number),
            "name": _name(number),
            "name_key": normalised(_name(number)),
            "role": role,
            "password_hash": hashed,
            "accepted_versions": current_versions(),
            "seen_at": clock.now(),
        }
        for number in range(first, first + count)
    ]
    _insert(User, rows)
    return rows


def _name(number: int) -> str:
    """All different for the first eight hundred, and twice as many again with a second surname."""
    parts = [SURNAMES[number % 10], NAMES[number // 10 % 10], FATHERS[number // 100 % 8]]
    if number >= 800:
        parts[0] += "-" + SURNAMES[number // 800 % 10]
    return " ".join(parts)


def _doctors(first: int, count: int) -> list[dict[str, Any]]:
    rows = []
    for id, user in enumerate(_people(first, count, Role.DOCTOR), 1):
        specialty, name_key = SPECIALTIES[id % len(SPECIALTIES)], normalised(user["name"])
        rows.append(
            {
                "id": id,
                "user_id": user["id"],
                "specialty": specialty,
                "about": " ".join(SENTENCES[:4]),
                "practises_since": 1985 + id % 35,
                "default_price": 1500_00 + id % 20 * 100_00,
                "name_key": name_key,
                "search_key": f" {name_key} {normalised(specialty)}",
            }
        )
    _insert(Doctor, rows)
    terms = ((7, 900_00), (30, 2500_00), (90, 6000_00))
    _insert(
        Tariff,
        [
            {"doctor_id": row["id"], "title": f"{n} дней", "days": n, "price": price}
            for row in rows
            for n, price in terms
        ],
    )
    return rows


def _chat(id: int, patient: dict[str, Any], doctor: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": id,
        "patient_id": patient["id"],
        "doctor_id": doctor["id"],
        "access": AccessMode.UNLIMITED,
        "free_days": 3,
        "last_seq": 2,
        "revision": 2,
        "last_at": clock.now() - timedelta(minutes=id),
        "last_text": SENTENCES[id % len(SENTENCES)],
        "last_author_id": patient["id"],
    }


def _write_chats(chats: list[dict[str, Any]], doctors: list[dict[str, Any]]) -> None:
    """Everything is read, as it is in a chat that lives."""
    _insert(Chat, chats)
    user_of = {doctor["id"]: doctor["user_id"] for doctor in doctors}
    sides = [(chat, chat["patient_id"], user_of[chat["doctor_id"]]) for chat in chats]
    members = (
        {"chat_id": chat["id"], "user_id": user, "read_to": chat["last_seq"], "delivered_to": chat["last_seq"]}
        for chat, *users in sides
        for user in users
    )
    _insert(ChatMember, members)
    chance = random.Random(7)
    _insert(Message, (message for side in sides for message in _history(*side, chance)))


def _history(chat: dict[str, Any], patient: int, doctor: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for seq in range(1, chat["last_seq"] + 1):
        text = " ".join(chance.sample(SENTENCES, chance.randint(1, 3))) + (f" {RARE}" if seq % 500 == 0 else "")
        yield {
            "chat_id": chat["id"],
            "seq": seq,
            "revision": seq,
            "author_id": chance.choice((patient, doctor)),
            "client_id": f"bench-{seq:08}",
            "text": text,
            "stems": stemmed(text),
            "sent_at": _moment(chat, seq),
        }


def _moment(chat: dict[str, Any], seq: int) -> datetime:
    before_last: int = chat["last_seq"] - seq
    last: datetime = chat["last_at"]
    return last - timedelta(minutes=4) * before_last


def _insert(model: type[Any], rows: Iterable[dict[str, Any]]) -> None:
    """In large bites; the full-text index fills itself."""
    bite: list[dict[str, Any]] = []
    for row in rows:
        bite.append(row)
        if len(bite) == AT_ONCE:
            db.session.execute(insert(model.__table__), bite)
            bite = []
    if bite:
        db.session.execute(insert(model.__table__), bite)
