"""Who writes for others in the demo clinic: a mother with two children, a son with his father.

Written last, so that nothing of the three patients before them changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date, timedelta

from ..events import flush_facts
from ..extensions import db
from ..models import (
    Chat,
    ChatMember,
    Consent,
    Consultation,
    ConsultationKind,
    Dependant,
    DependantKind,
    DependantTerms,
    Doctor,
    FactKind,
    PatientFact,
    ProposalTerms,
    Relation,
    Sex,
    User,
)
from ..services import clock

DaysAgo = Callable[[float], AbstractContextManager[None]]

# name, e-mail; after the three of clinic.PATIENTS
WRITERS = (
    ("Волкова Дарья Андреевна", "daria@example.org"),
    ("Титов Игорь Петрович", "igor@example.org"),
)
FATHERS_PHONE = "+79000000009"
OF_VANYA = (
    ("p", 620, "Алия Ринатовна, у Вани со вчера сыпь на животе и щеках. Температуры нет, играет."),
    ("d", 600, "Здравствуйте! Что нового ел за два дня? Пришлите фото при дневном свете."),
    ("p", 95, "Клубнику, первый раз. Сыпь чешется, но он весёлый."),
)
OF_MASHA = (
    ("p", 3100, "Маше восемь месяцев, пьёт из бутылочки меньше обычного. Зубы?"),
    ("d", 3000, "Похоже на зубы. Предлагайте понемногу и чаще, в пятницу посмотрим по видео."),
)
OF_FATHER = (
    ("p", 1300, "Михаил Аркадьевич, у отца давление 165 на 90 третий день. Лозартан пьёт."),
    ("d", 1200, "Игорь Петрович, измеряйте ему утром и вечером, запишите неделю. Лекарства не меняйте."),
    ("p", 180, "Спасибо, записываем. Сегодня утром 150 на 85."),
)


def fill(writers: Sequence[User], doctors: Sequence[Doctor], days_ago: DaysAgo) -> list[Chat]:
    """Their chats: the mother's question about the son waits, about the daughter a consultation is agreed."""
    mother, son = writers
    pediatrician, cardiologist = doctors[2], doctors[1]
    today = clock.now().date()
    with days_ago(30):
        vanya = _add(mother, "Волков Ваня", _years_ago(today, 3), Relation.MOTHER, Sex.MALE)
        masha = _add(mother, "Волкова Маша", today - timedelta(days=250), Relation.MOTHER, Sex.FEMALE)
        father = _add(son, "Титов Пётр Ильич", _years_ago(today, 74), Relation.SON, Sex.MALE, DependantKind.ADULT)
        father.permitted_at, father.account_id = clock.now(), _account_of(father, son).id
        flush_facts()
    chats = [
        _chat(mother, pediatrician, vanya, OF_VANYA, days_ago),
        _chat(mother, pediatrician, masha, OF_MASHA, days_ago),
        _chat(son, cardiologist, father, OF_FATHER, days_ago),
    ]
    PatientFact.add(vanya.subject_key, mother, FactKind.ALLERGY, "Амоксициллин: крапивница")
    PatientFact.add(father.subject_key, son, FactKind.MEDICINE, "Лозартан 50 мг, утром")
    with days_ago(2):
        start = (clock.now() + timedelta(days=4)).replace(hour=16, minute=30, second=0, microsecond=0)
        terms = ProposalTerms(ConsultationKind.VIDEO, start, 20, 0, "Покажите, как Маша пьёт")
        Consultation.propose(chats[1], pediatrician, terms, "seed-family-consultation").confirm(mother, start)
        flush_facts()
    return chats


def _account_of(relative: Dependant, writer: User) -> User:
    """Their own, by the phone that has proved the permission; they see what is written for them."""
    account = User(phone=FATHERS_PHONE, name=relative.name, password_hash=writer.password_hash, sex=relative.sex)
    account.email, account.email_proved_at = "pyotr.titov@example.org", clock.now()
    account.birth_date = relative.birth_date
    db.session.add(account)
    db.session.flush()
    Consent.accept_current(account, "127.0.0.1")
    return account


def _add(
    user: User, name: str, birth_date: date, relation: Relation, sex: Sex, kind: DependantKind = DependantKind.CHILD
) -> Dependant:
    return Dependant.add(user, DependantTerms(name, birth_date, relation, sex, kind), "127.0.0.1")


def _years_ago(today: date, years: int) -> date:
    """And some months more, so that the age is the same all through the demo's life."""
    return today - timedelta(days=365 * years + 100)


def _chat(
    patient: User, doctor: Doctor, dependant: Dependant, lines: Sequence[tuple[str, int, str]], days_ago: DaysAgo
) -> Chat:
    """`lines` are (p or d, minutes ago, text); all but the last of them are read by both."""
    chat = db.session.get_one(Chat, Chat.begin(patient, doctor, dependant))
    for number, (side, minutes_ago, text) in enumerate(lines):
        author = patient if side == "p" else doctor.user
        with days_ago(minutes_ago / (24 * 60)):
            chat.post(author, text, f"seed-family-{number}")
            flush_facts()
    for member in db.session.scalars(db.select(ChatMember).where(ChatMember.chat_id == chat.id)):
        member.unread = int(member.user_id != author.id)
        member.read_to = member.delivered_to = chat.last_seq - member.unread
    db.session.flush()
    return chat
