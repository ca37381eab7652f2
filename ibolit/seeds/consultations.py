"""A consultation in every state for the demo clinic, by the models' own verbs, on the days it happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select

from ..config import current_settings
from ..events import flush_facts
from ..extensions import db
from ..models import (
    CancellationReason,
    CancellationTerms,
    Chat,
    ChatMember,
    Conclusion,
    Consultation,
    ConsultationKind,
    ConsultationRequest,
    Doctor,
    IntakeQuestionnaire,
    Job,
    JobKind,
    Notification,
    ProposalTerms,
    Review,
    User,
)
from ..models.consultations import IntakeAnswers
from ..services import clock, current_services
from ..services.payments.demo import DemoBank

DaysAgo = Callable[[float], AbstractContextManager[None]]
CONCLUSION = """Жалобы:
Сухость и зуд кожи рук третью неделю.

Что обсудили:
Похоже на раздражение от моющих средств. По фотографии признаков инфекции не видно.

Рекомендации:
Мыть посуду в перчатках, увлажняющий крем после каждого мытья рук, мыло без отдушек.

Нужен ли очный приём:
Если за две недели не станет лучше или появятся трещины – да.
"""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def fill(patients: list[User], doctors: list[Doctor], days_ago: DaysAgo) -> None:
    """Anna has one of each; Ivanova's day has something to do now."""
    anna, pyotr, marina = patients
    ivanova, lebedev, khasanova, orlov, weber, _ = doctors
    now = clock.now()
    with _told(days_ago, 3):
        paid = _propose(
            anna, ivanova, _at(now + DAY, 16), price=1500_00, note="Подготовьте список лекарств и давление за неделю"
        )
        pay(paid)
    with _told(days_ago, 2.5):
        answers = IntakeAnswers("Болит голова к вечеру, шумит в ушах", "две недели", 5, "Эналаприл 10 мг утром", "нет")
        IntakeQuestionnaire.tell(paid, answers, "seed-complaint")
    with _told(days_ago, 2.4):
        paid.request_reschedule(paid.patient, paid.starts_at + 2 * HOUR, paid.starts_at)
    with _told(days_ago, 1):
        _propose(anna, khasanova, _at(now + 2 * DAY, 19), kind=ConsultationKind.AUDIO, minutes=15)
    with _told(days_ago, 6):
        _propose(anna, lebedev, _at(now + 3 * DAY, 12), price=2500_00)
    _past(anna, orlov, weber, days_ago)
    with _told(days_ago, 0.4):
        soon = _propose(pyotr, ivanova, _minute(now + timedelta(minutes=7)), minutes=20)
        soon.confirm(pyotr, soon.starts_at)
    with _told(days_ago, 5):
        going_on = _propose(marina, ivanova, _minute(now - timedelta(minutes=25)), minutes=20)
        going_on.confirm(marina, going_on.starts_at)
    for side in (marina, ivanova.user):
        going_on.mark_ready(side)
    with _told(days_ago, 0.2):
        others = _at(now + 2 * DAY, 18), _at(now + 3 * DAY, 11)
        _propose(pyotr, lebedev, _at(now + 2 * DAY, 10), price=2000_00, other_starts=others)
    flush_facts()


def ask(patient: User, doctor: Doctor) -> None:
    """Something for the doctor to answer."""
    wishes = "Завтра вечером или в субботу утром"
    ConsultationRequest.ask(_chat(patient, doctor), patient, ConsultationKind.AUDIO, wishes, "seed-request")


def finish_notifications(chats: Sequence[Chat] | None = None) -> None:
    """Who knows of days gone by needs no letter of them; all that wait now, or those of these chats."""
    flush_facts()
    db.session.flush()
    jobs, members = select(Job).where(Job.kind == JobKind.NOTIFICATION), select(ChatMember)
    if chats is not None:
        ids = [chat.id for chat in chats]
        theirs = select(Notification.id).where(Notification.chat_id.in_(ids))
        jobs, members = jobs.where(Job.subject_id.in_(theirs)), members.where(ChatMember.chat_id.in_(ids))
    for job in db.session.scalars(jobs):
        job.finish()
    for member in db.session.scalars(members):
        member.notified_from_seq = 0


def _past(anna: User, orlov: Doctor, weber: Doctor, days_ago: DaysAgo) -> None:
    now = clock.now()
    with _told(days_ago, 9):
        done = _propose(anna, orlov, _at(now - 8 * DAY, 15), price=1800_00)
        pay(done)
    with _told(days_ago, 15):
        cancelled = _propose(anna, weber, _at(now - 3 * DAY, 11), price=2000_00)
        expired = _propose(anna, weber, _at(now - 6 * DAY, 11))
        missed = _propose(anna, weber, _at(now - 5 * DAY, 18))
        missed.confirm(anna, missed.starts_at)
    with _told(days_ago, (now - done.starts_at) / DAY):
        done.mark_ready(anna)
        done.mark_ready(orlov.user)
    with _told(days_ago, (now - done.ends_at) / DAY):
        done.end(orlov.user)
        Conclusion.give(done, CONCLUSION, "seed-conclusion", seen=0)
        Review.give(done, 5, "Всё понятно объяснили, спасибо.")
    with _told(days_ago, (now - expired.starts_at - HOUR) / DAY):
        expired.process_due()
    with _told(days_ago, (now - missed.starts_at) / DAY):
        missed.mark_ready(anna)
    with _told(days_ago, (now - missed.closes_at - HOUR) / DAY):
        missed.process_due()
    with _told(days_ago, 4):
        cancelled.cancel(anna, CancellationReason.BAD_TIME, CancellationTerms.of(anna, cancelled))


@contextmanager
def _told(days_ago: DaysAgo, days: float) -> Iterator[None]:
    with days_ago(days):
        yield
        flush_facts()


def _chat(patient: User, doctor: Doctor) -> Chat:
    return db.session.get_one(Chat, Chat.begin(patient, doctor))


def _propose(
    patient: User,
    doctor: Doctor,
    starts_at: datetime,
    *,
    price: int = 0,
    kind: ConsultationKind = ConsultationKind.VIDEO,
    minutes: int = 30,
    note: str = "",
    other_starts: tuple[datetime, ...] = (),
) -> Consultation:
    if not isinstance(current_services.payments, DemoBank):
        price = 0  # a real provider is left in peace
    terms = ProposalTerms(kind, starts_at, minutes, price, note, other_starts)
    return Consultation.propose(
        _chat(patient, doctor), doctor, terms, f"seed-consultation-{starts_at:%m%d%H%M}-{doctor.id}"
    )


def pay(consultation: Consultation) -> None:
    """In the demo bank; where there is another, all consultations are free and confirmed."""
    bank = current_services.payments
    if not isinstance(bank, DemoBank):
        consultation.confirm(consultation.patient, consultation.starts_at)
        return
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    bill = bank.create(payment.order(f"/payments/return/{payment.token}"))
    payment.settle(bill)
    bank.pay(bill.id)
    payment.settle(bank.find(bill.id))


def _at(day: datetime, hour: int) -> datetime:
    """By Moscow's clock, which the demo clinic shows."""
    local = day.astimezone(current_settings.clinic_timezone).replace(hour=hour, minute=0, second=0, microsecond=0)
    return local.astimezone(day.tzinfo)


def _minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)
