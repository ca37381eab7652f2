"""People and things of the tests, made by the models' own verbs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import count

from ibolit.extensions import db
from ibolit.models import (
    AccessMode,
    AppointmentType,
    Attachment,
    AttachmentKind,
    AttachmentState,
    Chat,
    Consent,
    Consultation,
    ConsultationKind,
    Dependant,
    DependantTerms,
    Device,
    Doctor,
    DocumentDay,
    HoursSpan,
    Message,
    ProposalTerms,
    Relation,
    Role,
    Sex,
    Tariff,
    TypeTerms,
    User,
    WeeklyHours,
)
from ibolit.models.people import CURRENT
from ibolit.services import clock, passwords

PASSWORD = "correct horse"
HASHED = passwords.hash_password(PASSWORD)

_numbers = count(1)


def make_user(
    name: str = "Анна Соколова", role: Role = Role.PATIENT, *, consented: bool = True, **more: object
) -> User:
    user = _user(name, role, consented=consented, **more)
    db.session.commit()
    return user


def _user(name: str, role: Role, *, consented: bool = True, **more: object) -> User:
    user = User(phone=f"+7916{next(_numbers):07}", name=name, role=role, password_hash=HASHED, **more)
    db.session.add(user)
    db.session.flush()
    if consented:
        Consent.accept_current(user, "127.0.0.1")
    return user


def long_signed_in(user: User) -> Device:
    """A device on which a copy of one's data is begun at once."""
    device, _token = Device.register(user, "Тест")
    device.created_at = clock.now() - timedelta(days=9)
    db.session.commit()
    return device


def outdate(user: User) -> None:
    """He has accepted what was current then, and the day of the new versions has come."""
    for document in CURRENT:
        db.session.add(DocumentDay(document=document.kind, version=document.version, asked_from=clock.now()))
    user.accepted_versions = "offer:2025-01 personal_data:2025-01"
    db.session.commit()


def make_doctor(name: str = "Иванова Елена Сергеевна", *, tariffs: int = 1, **more: object) -> Doctor:
    """In one commit: most tests begin with a doctor."""
    profile: dict[str, object] = {"specialty": "Терапевт", "practises_since": 2010, "free_days": 3} | more
    doctor = Doctor(user=_user(name, Role.DOCTOR), **profile)
    doctor.index()
    db.session.add(doctor)
    db.session.flush()
    for number in range(tariffs):
        _tariff(doctor, title=f"Тариф {number + 1}")
    db.session.commit()
    return doctor


def add_tariff(doctor: Doctor, *, title: str = "Месяц", days: int = 30, price: int = 2500_00, **more: object) -> Tariff:
    tariff = _tariff(doctor, title=title, days=days, price=price, **more)
    db.session.commit()
    return tariff


def _tariff(doctor: Doctor, *, title: str, days: int = 30, price: int = 2500_00, **more: object) -> Tariff:
    tariff = Tariff(doctor_id=doctor.id, title=title, days=days, price=price, **more)
    db.session.add(tariff)
    db.session.flush()
    return tariff


def open_hours(
    doctor: Doctor, *types: TypeTerms, days: Iterable[int] = range(7), begins: int = 9, ends: int = 18
) -> list[AppointmentType]:
    """Patients may book these by themselves, on these weekdays, from hour to hour by the doctor's clock."""
    offered = [AppointmentType.add(doctor, terms) for terms in types]
    WeeklyHours.replace(doctor, [HoursSpan(day, begins * 60, ends * 60) for day in days])
    db.session.commit()
    return offered


def make_child(user: User, name: str = "Ваня Соколов", *, months: int = 40, **more: object) -> Dependant:
    """Somebody's child, so old by the clinic's calendar."""
    year, month = divmod(clock.now().year * 12 + clock.now().month - 1 - months, 12)
    said = {"name": name, "birth_date": date(year, month + 1, 1), "relation": Relation.MOTHER, "sex": Sex.MALE} | more
    child = Dependant.add(user, DependantTerms(**said), "127.0.0.1")  # type: ignore[arg-type]
    db.session.commit()
    return child


def make_chat(
    patient: User,
    doctor: Doctor,
    dependant: Dependant | None = None,
    *,
    days_left: float | None = None,
    access: AccessMode | None = None,
) -> Chat:
    """A chat not begun yet, or one that is open for so many days more (negative: since so many days over)."""
    chat = db.session.get_one(Chat, Chat.begin(patient, doctor, dependant))
    if days_left is not None:
        chat.open_until = clock.now() + timedelta(days=days_left)
    if access is not None:
        chat.access = access
    db.session.commit()
    return chat


def say(
    chat: Chat, author: User, text: str = "Здравствуйте!", client_id: str = "", files: Sequence[Attachment] = ()
) -> Message:
    """Written whatever the chat's time says: the past of a test need not obey the present."""
    chat = db.session.get_one(Chat, chat.id)
    message = chat._add(text, author=author, client_id=client_id or f"test-{next(_numbers)}", attachments=files)
    db.session.commit()
    return message


def attach(chat: Chat, author: User, kind: AttachmentKind = AttachmentKind.PICTURE, **more: object) -> Attachment:
    """Arrived and not sent yet; a row only, nothing lies in the storage."""
    number = next(_numbers)
    known: dict[str, object] = {"key": f"{number:032}", "digest": str(number), "state": AttachmentState.READY}
    known |= {"name": "Фото.jpg", "mimetype": "image/jpeg", "size": 1258291}
    if kind is AttachmentKind.PICTURE:
        known |= {"has_shown": True, "has_thumbnail": True, "width": 640, "height": 480}
    attachment = Attachment(chat_id=chat.id, author_id=author.id, kind=kind, **known | more)
    db.session.add(attachment)
    db.session.commit()
    return attachment


def propose(
    chat: Chat,
    *,
    starts_at: datetime | None = None,
    minutes: int = 30,
    price: int = 0,
    kind: ConsultationKind = ConsultationKind.VIDEO,
    note: str = "",
) -> Consultation:
    """By the chat's doctor; in two hours and free when nothing else is said."""
    chat = db.session.get_one(Chat, chat.id)
    starts_at = starts_at or clock.now() + timedelta(hours=2)
    terms = ProposalTerms(kind, starts_at.replace(microsecond=0), minutes, price, note)
    consultation = Consultation.propose(chat, chat.doctor, terms, f"test-{next(_numbers)}")
    db.session.commit()
    return consultation


def offer(chat: Chat, *starts: datetime, minutes: int = 30, price: int = 0) -> Consultation:
    """By the chat's doctor: several times for the patient to choose from."""
    chat = db.session.get_one(Chat, chat.id)
    terms = ProposalTerms(ConsultationKind.VIDEO, starts[0], minutes, price, "", starts[1:])
    consultation = Consultation.propose(chat, chat.doctor, terms, f"test-{next(_numbers)}")
    db.session.commit()
    return consultation


def later(**by: float) -> None:
    """The clinic's clock is so much ahead of real time; the next test finds it right again."""
    clock.shift(int(timedelta(**by).total_seconds()))
