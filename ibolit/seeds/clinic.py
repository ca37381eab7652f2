"""The demo clinic: six doctors, three patients, two who write for others, an operator, a chat and a payment in every state; written once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from ..events import flush_facts
from ..extensions import db
from ..models import (
    AbsenceTerms,
    AccessMode,
    Attachment,
    Chat,
    ClinicReplyTemplate,
    Consent,
    DatabaseMark,
    Doctor,
    PatientNote,
    Payment,
    Receipt,
    RefundReason,
    ReplyTemplate,
    Role,
    StandInChoice,
    StandInOffer,
    Tariff,
    TimeOff,
    User,
)
from ..models.chats import ChatMember
from ..services import clock, current_services, media, passwords
from ..services.payments.demo import DemoBank
from . import booking, consultations, facts, family, looks, queue
from .files import humming, rash, results

Line = tuple[str, int, str] | tuple[str, int, str, str]

PASSWORD = "ibolit-demo"

PATIENTS = (
    ("Соколова Анна Павловна", "anna@example.org"),
    ("Григорьев Пётр Иванович", "petr@example.org"),
    ("Ким Марина Олеговна", "marina@example.org"),
)

OPERATOR = ("Зайцева Ольга Николаевна", "operator@example.org")

# name, e-mail, specialty, practises since, usual price, free days, about, education, licence, languages
DOCTORS = (
    (
        "Иванова Елена Сергеевна", "ivanova@example.org", "Терапевт", 2003, 1500_00, 3,
        "Веду взрослых с хроническими болезнями: давление, диабет, щитовидная железа.\n"
        "Люблю, когда лечение понятно: объясняю, зачем каждая таблетка и что можно отменить.",
        "РНИМУ им. Н. И. Пирогова, лечебное дело, 2002", "Сертификат терапевта до 2028 года", "русский, английский",
    ),
    (
        "Лебедев Михаил Аркадьевич", "lebedev@example.org", "Кардиолог", 1989, 2500_00, 3,
        "Тридцать лет занимаюсь сердцем: аритмии, гипертония, восстановление после инфаркта.\n"
        "Пришлите ЭКГ и список лекарств до беседы, так мы успеем больше.",
        "Первый МГМУ им. И. М. Сеченова, 1988; кандидат медицинских наук", "Сертификат кардиолога до 2027 года", "русский",
    ),
    (
        "Хасанова Алия Ринатовна", "khasanova@example.org", "Педиатр", 2017, 1200_00, 5,
        "Помогаю родителям спокойно пережить температуру, сыпь и бессонные ночи.\n"
        "Отвечаю вечером, когда дети спят.",
        "Казанский ГМУ, педиатрия, 2016", "Сертификат педиатра до 2029 года", "русский, татарский",
    ),
    (
        "Орлов Дмитрий Викторович", "orlov@example.org", "Дерматолог", 2011, 1800_00, 2,
        "Кожа, волосы, ногти. Для сыпи и родинок хватает двух хороших фотографий при дневном свете.",
        "Сеченовский университет, дерматовенерология, 2011", "Сертификат дерматовенеролога до 2026 года", "русский, немецкий",
    ),
    (
        "Вебер Людмила Карловна", "weber@example.org", "Невролог", 1984, 2000_00, 0,
        "Головная боль, головокружение, боль в спине. Разбираю снимки и заключения, помогаю решить, нужен ли очный приём.",
        "Второй МОЛГМИ, 1983; врач высшей категории", "Сертификат невролога до 2027 года", "русский",
    ),
    (
        "Рыжов Кирилл Андреевич", "ryzhov@example.org", "Психотерапевт", 2019, 3000_00, 1,
        "Тревога, выгорание, бессонница. Работаю в когнитивно-поведенческом подходе, коротко и по делу.",
        "СПбГУ, клиническая психология и психотерапия, 2018", "Сертификат психотерапевта до 2029 года", "русский, английский",
    ),
)  # fmt: skip

WEEK, MONTH = "Неделя общения", "Месяц общения"
TARIFFS = (
    (WEEK, 7, 900_00, False),
    (MONTH, 30, 2500_00, True),
    ("Три месяца", 90, 6000_00, False),
)


REPLIES = (
    ("Анализы", "Пришлите, пожалуйста, последние анализы: фото или PDF прямо сюда."),
    ("Давление", "Измеряйте давление утром и вечером и присылайте цифры за неделю."),
    ("Отвечу вечером", "Сейчас на приёме. Отвечу сегодня после 19:00."),
    ("Скорая", "С такими признаками нужен осмотр сегодня. Вызовите, пожалуйста, 103."),
)
OF_CLINIC = """== Подготовка к анализам
Здравствуйте, {имя}. Кровь сдают натощак: последний приём пищи за 8–12 часов, воду пить можно.

== Напоминание о консультации
{имя}, ждём вас на консультации: {консультация}. Откройте её карточку за 10 минут до начала.
"""
NOTE = "Не любит таблетки, лучше начинать с питания.\nМуж – тоже мой пациент, не путать анализы."


FILES: dict[str, Callable[[], bytes]] = {
    "Рука.jpg": rash,
    "Анализ крови.pdf": results,
    "Голосовое сообщение.wav": humming,
}


def fill() -> bool:
    """True when the clinic was made now. Raises WrongClinic for a database with real people in it."""
    if DatabaseMark.is_demo():
        return False
    DatabaseMark.make_demo()
    hashed = passwords.hash_password(PASSWORD)
    patients = [
        _user(f"+7900000000{i}", name, mail, Role.PATIENT, hashed) for i, (name, mail) in enumerate(PATIENTS, 1)
    ]
    doctors = [_doctor(i, profile, hashed) for i, profile in enumerate(DOCTORS, 1)]
    operator = _user("+79000000201", *OPERATOR, Role.OPERATOR, hashed)
    db.session.flush()
    queue.promise(doctors)
    _chats(patients, doctors)
    queue.answer(patients[0], doctors[0])
    consultations.ask(patients[1], doctors[1])
    consultations.finish_notifications()
    _papers(patients[0], doctors[0])
    with _days_ago(5):
        facts.fill(patients, doctors)
    _money_in_dispute()
    flush_facts()  # what was said before the doctor went away is answered by nobody
    _away(patients, doctors[3], doctors[1])
    booking.offer(doctors)
    booking.take(patients[1], doctors[1], consultations.pay, _days_ago)
    queue.speak_of_emergency(patients[2], doctors[0], _days_ago)
    flush_facts()
    writers = [
        _user(f"+7900000000{i}", name, mail, Role.PATIENT, hashed)
        for i, (name, mail) in enumerate(family.WRITERS, len(PATIENTS) + 1)
    ]
    consultations.finish_notifications(family.fill(writers, doctors, _days_ago))
    looks.fill(operator, _days_ago)
    db.session.commit()
    return True


def _user(phone: str, name: str, email: str, role: Role, hashed: str) -> User:
    user = User(phone=phone, name=name, email=email, role=role, password_hash=hashed)
    db.session.add(user)
    db.session.flush()
    Consent.accept_current(user, "127.0.0.1")
    return user


def _doctor(number: int, profile: tuple[str, str, str, int, int, int, str, str, str, str], hashed: str) -> Doctor:
    name, email, specialty, since, price, free_days, about, education, licence, languages = profile
    doctor = Doctor(
        user=_user(f"+7900000010{number}", name, email, Role.DOCTOR, hashed),
        specialty=specialty,
        practises_since=since,
        default_price=price,
        free_days=free_days,
        about=about,
        education=education,
        licence=licence,
        languages=languages,
        photo=f"portraits/doctor-{number}.svg",
    )
    doctor.index()
    db.session.add(doctor)
    db.session.flush()
    for title, days, tariff_price, is_recommended in TARIFFS:
        db.session.add(
            Tariff(doctor_id=doctor.id, title=title, days=days, price=tariff_price, is_recommended=is_recommended)
        )
    return doctor


def _chats(patients: list[User], doctors: list[Doctor]) -> None:
    """Anna has a chat in every state; Pyotr and Marina give the doctors something to answer."""
    anna, pyotr, marina = patients
    now = clock.now()
    for patient, who in ((anna, (0, 2, 3, 1, 4)), (pyotr, (0,)), (marina, (0, 4)), (pyotr, (1,))):
        for number in who:
            Chat.begin(patient, doctors[number])
    _pays(anna, doctors[4], WEEK, days_ago=20, how="needs it no more")
    _pays(marina, doctors[0], MONTH, days_ago=18)
    _pays(pyotr, doctors[1], WEEK, days_ago=7 - 20 / 24)
    _pays(anna, doctors[0], MONTH, days_ago=3)
    _pays(anna, doctors[1], MONTH, days_ago=1, how="has too little")
    _pays(pyotr, doctors[0], WEEK, days_ago=0.1, how="sends another sum")
    _pays(anna, doctors[3], WEEK, days_ago=0, how="leaves")
    consultations.fill(patients, doctors, _days_ago)
    _chat(anna, doctors[0], now, AccessMode.UNTIL, timedelta(days=27), (
        ("p", 3000, "Елена Сергеевна, здравствуйте! Пришли анализы: холестерин 6,1. Это очень плохо?", "Анализ крови.pdf"),
        ("d", 2960, "Здравствуйте, Анна Павловна. Не пугайтесь: это повод поговорить о питании, а не о таблетках."),
        ("d", 2958, "Пришлите, пожалуйста, показатели давления за неделю, утром и вечером."),
        ("p", 1500, "Утром 128/82, вечером до 140/88. Записываю каждый день."),
        ("d", 1440, "Хорошо. Продолжайте записывать, в пятницу решим вместе."),
        ("p", 60, "Спасибо! Голова больше не болит, сплю лучше."),
    ))  # fmt: skip
    _chat(anna, doctors[2], now, AccessMode.FREE, timedelta(days=4, hours=3), (
        ("p", 1200, "Алия Ринатовна, у внука вторые сутки 38,2, ест плохо, но пьёт и играет. Что делать?"),
        ("d", 1180, "Играет и пьёт – это хорошо. Давайте воды почаще и измеряйте каждые 4 часа."),
    ))  # fmt: skip
    _chat(anna, doctors[3], now, AccessMode.FREE, timedelta(hours=9), (
        ("p", 2300, "Добрый день. На руке красное пятно, чешется третий день.", "Рука.jpg"),
        ("d", 2200, "Добрый день. Новое мыло, крем, животные дома?"),
        ("p", 2190, "Мыло новое, да."),
    ))  # fmt: skip
    _chat(anna, doctors[1], now, AccessMode.FREE, -timedelta(days=2), (
        ("p", 7400, "Михаил Аркадьевич, можно ли мне пить кофе при аритмии?"),
        ("d", 7300, "Одну чашку утром можно. Если сердце забьётся неровно – откажитесь."),
    ))  # fmt: skip
    _chat(anna, doctors[4], now, AccessMode.UNLIMITED, None, (
        ("d", 3000, "Анна Павловна, этот чат открыт для вас без срока. Пишите, как идут упражнения."),
        ("p", 2900, "Спасибо, Людмила Карловна! Спина почти не болит."),
        ("p", 2890, "", "Голосовое сообщение.wav"),
    ))  # fmt: skip
    _chat(pyotr, doctors[0], now, AccessMode.FREE, timedelta(days=2), (
        ("p", 300, "Здравствуйте! Кашель третью неделю, температуры нет. К вам или к пульмонологу?"),
    ))  # fmt: skip
    _chat(marina, doctors[0], now, AccessMode.UNTIL, timedelta(days=12), (
        ("p", 5000, "Добрый день, можно сдвинуть приём на четверг?"),
        ("d", 4900, "Да, четверг 16:00 свободен."),
        ("p", 180, "Отлично, тогда в четверг. И ещё вопрос: натощак приходить?"),
    ))  # fmt: skip
    _chat(marina, doctors[4], now, AccessMode.FREE, timedelta(days=2), (
        ("p", 1500, "Людмила Карловна, колено после бега уже не болит. Нужно ли ещё приходить?"),
        ("d", 1440, "Хорошая новость. Приходить не нужно, бегайте по мягкому."),
    ))  # fmt: skip
    queue.close(marina, doctors[4], _days_ago)
    _chat(pyotr, doctors[1], now, AccessMode.UNTIL, timedelta(hours=20), (
        ("p", 4000, "Доктор, давление 150 на 95 второй день."),
        ("d", 3900, "Пётр Иванович, примите то, что мы подобрали, и напишите через два часа."),
    ))  # fmt: skip


def _away(patients: list[User], doctor: Doctor, colleague: Doctor) -> None:
    """For a week, of which two days are gone. Anna has not chosen yet, Marina lets the colleague answer."""
    anna, _, marina = patients
    now = clock.now()
    with _days_ago(2):
        words = "Если пятно растёт или болит, не ждите: приходите в клинику."
        TimeOff.add(doctor, AbsenceTerms(clock.now(), now + timedelta(days=5), colleague.id, words))
        flush_facts()
    for patient, minutes_ago, text in (
        (anna, 40, "Мыло сменила, но пятно стало больше. Что делать?"),
        (marina, 300, "Дмитрий Викторович, родинка на плече стала темнее. Это опасно?"),
    ):
        chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
        with _days_ago(minutes_ago / (24 * 60)):
            chat.post(patient, text, f"seed-away-{chat.last_seq + 1:04}")
            flush_facts()
    offer = StandInOffer.of_chat(chat)
    with _days_ago(280 / (24 * 60)):
        offer.choose(marina, StandInChoice.STAND_IN)
        flush_facts()
        chat.post(
            colleague.user,
            "Марина Олеговна, здравствуйте! Пришлите, пожалуйста, фото при дневном свете.",
            "seed-stand-in",
        )
        flush_facts()


def _papers(patient: User, doctor: Doctor) -> None:
    """A doctor's private notes and templates."""
    for name, text in REPLIES:
        ReplyTemplate.add(doctor, name, text)
    ClinicReplyTemplate.replace(OF_CLINIC)
    PatientNote.keep(db.session.get_one(Chat, Chat.begin(patient, doctor)), NOTE, "seed-page", seen=0)


def _pays(patient: User, doctor: Doctor, tariff_title: str, *, days_ago: float, how: str = "") -> None:
    """Through the demo bank and the models' own verbs, on the day it happened; a real provider is left in peace."""
    bank = current_services.payments
    if not isinstance(bank, DemoBank):
        return
    with _days_ago(days_ago):
        chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
        tariff = db.session.scalars(
            select(Tariff).where(Tariff.doctor_id == doctor.id, Tariff.title == tariff_title)
        ).one()
        payment = Payment.start_for_tariff(chat, tariff, patient)
        bill = bank.create(payment.order(f"/payments/return/{payment.token}"))
        payment.settle(bill)
        if how == "leaves":
            return
        if how == "has too little":
            bank.decline(bill.id, "insufficient_funds")
        else:
            bank.pay(bill.id)
        if how == "needs it no more":
            chat.access = AccessMode.UNLIMITED
        paid = bank.find(bill.id)
        payment.settle(replace(paid, amount=paid.amount - 100_00) if how == "sends another sum" else paid)
        flush_facts()
        for refund in payment.refunds if how == "needs it no more" else ():
            refund.settle(refund.ask(bank))
        Receipt.record(payment, bank.list_receipts(bill.id))


def _money_in_dispute() -> None:
    """For the operator, beside the odd sum: a wish, and a refund that the bank did not take."""
    payments = db.session.scalars(
        select(Payment).where(Payment.applied_at.is_not(None), Payment.tariff_id.is_not(None)).order_by(Payment.id)
    ).all()
    if not payments:
        return
    of_marina, of_pyotr, *_ = payments
    of_marina.request_refund(RefundReason.REQUESTED_BY_PAYER, "Вопрос решился раньше, спасибо")
    of_pyotr.refund(100_00, RefundReason.OPERATOR, "Извинение за долгий ответ").fail("general_decline")


@contextmanager
def _days_ago(days: float) -> Iterator[None]:
    ahead = clock.now() - datetime.now(UTC)
    clock.shift(round((ahead - timedelta(days=days)).total_seconds()))
    try:
        yield
    finally:
        clock.shift(round(ahead.total_seconds()))


def _chat(
    patient: User, doctor: Doctor, now: datetime, access: AccessMode, left: timedelta | None,
    lines: tuple[Line, ...],
) -> None:  # fmt: skip
    """`lines` are (p or d, minutes ago, text, maybe a file); everything but the last line of the other side is read."""
    chat = db.session.get_one(Chat, Chat.begin(patient, doctor))
    chat.access = AccessMode.UNLIMITED  # nothing closes while the past is written
    for side, minutes_ago, text, *names in lines:
        author = patient if side == "p" else doctor.user
        attachments = [_attach(chat, author, name) for name in names]
        with _days_ago(minutes_ago / (24 * 60)):
            chat.post(author, text, f"seed-{chat.last_seq + 1:04}", attachments)
    chat.access, chat.open_until = access, now + left if left is not None else None
    for member in db.session.scalars(select(ChatMember).where(ChatMember.chat_id == chat.id)):
        own = patient.id if member.user_id == patient.id else doctor.user_id
        is_last_own = (lines[-1][0] == "p") == (own == patient.id)
        member.read_to = member.delivered_to = chat.last_seq if is_last_own else chat.last_seq - 1
        member.unread = 0 if is_last_own else 1
    db.session.flush()


def _attach(chat: Chat, author: User, name: str) -> Attachment:
    """Looked at and stored as what people send; the worker prepares the voice."""
    data = FILES[name]()
    attachment = Attachment.announce(author, chat, name, len(data), most=len(FILES), is_voice=name.endswith(".wav"))
    attachment.digest = hashlib.sha256(data).hexdigest()
    with TemporaryDirectory() as folder:
        source = Path(folder, "sent")
        source.write_bytes(data)
        attachment.store(media.examine(source, name, Path(folder)), current_services.storage)
    return attachment
