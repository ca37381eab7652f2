"""Consultations of the tests, step by step, each committed as a request would; and a clock for their boundaries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

from payment_steps import answer

from ibolit.events import recorded_facts
from ibolit.extensions import db
from ibolit.models import CancellationReason, CancellationTerms, Consultation, Job, JobKind, Payment, User
from ibolit.services.payments import GatewayStatus

NOON = datetime(2030, 3, 5, 12, 0, tzinfo=UTC)


class StillClock:
    """Stands where it was put, in place of `clock.datetime`: exactly 24 hours before is a moment one can meet."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self, zone: tzinfo) -> datetime:
        return self.moment.astimezone(zone)

    def show(self, moment: datetime) -> None:
        self.moment = moment

    def go(self, **by: float) -> None:
        self.moment += timedelta(**by)


def begin_to_pay(consultation: Consultation) -> Payment:
    """Made at the provider, who waits for the payer."""
    payment = consultation.start_payment(consultation.patient, consultation.starts_at)
    db.session.commit()
    payment.settle(answer(payment, GatewayStatus.WAITING))
    db.session.commit()
    return payment


def succeed(payment: Payment, **more: object) -> Payment:
    payment.settle(answer(payment, GatewayStatus.SUCCEEDED, **more))
    db.session.commit()
    return payment


def pay(consultation: Consultation, **more: object) -> Payment:
    return succeed(begin_to_pay(consultation), **more)


def confirm(consultation: Consultation) -> Consultation:
    consultation.confirm(consultation.patient, consultation.starts_at)
    db.session.commit()
    return consultation


def request_reschedule(consultation: Consultation, by: User, start: datetime) -> datetime:
    consultation.request_reschedule(by, start, consultation.starts_at)
    db.session.commit()
    return start


def accept(consultation: Consultation, by: User) -> Consultation:
    assert consultation.reschedule_request is not None
    consultation.accept_reschedule(by, consultation.reschedule_request)
    db.session.commit()
    return consultation


def cancel(consultation: Consultation, by: User) -> None:
    consultation.cancel(by, CancellationReason.BAD_TIME, CancellationTerms.of(by, consultation))
    db.session.commit()


def ready(consultation: Consultation, *sides: User) -> Consultation:
    for side in sides:
        consultation.mark_ready(side)
        db.session.commit()
    return consultation


def work(consultation: Consultation) -> datetime | None:
    """What the worker would write now."""
    next_at = consultation.process_due()
    db.session.commit()
    return next_at


def due_at(consultation: Consultation) -> datetime | None:
    """When the worker looks at it next."""
    waiting = Job.kind == JobKind.CONSULTATION, Job.subject_id == consultation.id, Job.done_at.is_(None)
    return db.session.scalar(db.select(db.func.min(Job.due_at)).where(*waiting))


def facts() -> list[str]:
    """Of the step that is not committed yet."""
    return [type(fact).__name__ for fact in recorded_facts()]
