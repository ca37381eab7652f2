"""«Консультации» grouped: for a patient upcoming and past, for a doctor by day."""

from __future__ import annotations

from dataclasses import dataclass

from ...models import Consultation, ConsultationState, User
from ...models.consultations import lists
from ...services import clock


@dataclass(frozen=True)
class Group:
    title: str
    consultations: list[Consultation]


def group_by_day(shown: list[Consultation], viewer: User) -> tuple[list[Group], list[Consultation]]:
    """What is coming in its groups, the empty ones left out, and what is past, the latest first."""
    upcoming, past = lists.parted(shown)
    groups = _groups_of_doctor(upcoming, viewer) if viewer.is_doctor else [Group("Ближайшие", upcoming)]
    return [group for group in groups if group.consultations], past


def _groups_of_doctor(upcoming: list[Consultation], doctor: User) -> list[Group]:
    """Each stands once, in the first group that it belongs to."""
    agreed = [consultation for consultation in upcoming if consultation.state is not ConsultationState.PROPOSED]
    waiting = [consultation for consultation in agreed if _is_waiting(consultation)]
    others = [consultation for consultation in agreed if consultation not in waiting]
    today = clock.now().astimezone(doctor.zone).date()
    on_today = [
        consultation for consultation in others[1:] if consultation.starts_at.astimezone(doctor.zone).date() == today
    ]
    return [
        Group("Сейчас ждут", waiting),
        Group("Следующая", others[:1]),
        Group("Сегодня", on_today),
        Group(
            "Не подтверждены",
            [consultation for consultation in upcoming if consultation.state is ConsultationState.PROPOSED],
        ),
        Group("Позже", [consultation for consultation in others[1:] if consultation not in on_today]),
    ]


def _is_waiting(consultation: Consultation) -> bool:
    return consultation.state is ConsultationState.IN_PROGRESS or consultation.is_side_ready(consultation.patient)
