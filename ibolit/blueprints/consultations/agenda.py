"""«Консультации» laid out: for a patient coming and past, for a doctor his day."""

from __future__ import annotations

from dataclasses import dataclass

from ...models import Consultation, ConsultationState, User
from ...services import clock


@dataclass(frozen=True)
class Group:
    title: str
    talks: list[Consultation]


def lay_out(shown: list[Consultation], viewer: User) -> tuple[list[Group], list[Consultation]]:
    """What is coming in its groups, the empty ones left out, and what is past, the latest first."""
    coming = [talk for talk in shown if talk.is_coming]
    past = [talk for talk in reversed(shown) if not talk.is_coming]
    groups = _day_of(coming, viewer) if viewer.is_doctor else [Group("Ближайшие", coming)]
    return [group for group in groups if group.talks], past


def _day_of(coming: list[Consultation], doctor: User) -> list[Group]:
    """Each stands once, in the first group that it belongs to."""
    agreed = [talk for talk in coming if talk.state is not ConsultationState.PROPOSED]
    waiting = [talk for talk in agreed if _waits(talk)]
    others = [talk for talk in agreed if talk not in waiting]
    today = clock.now().astimezone(doctor.zone).date()
    on_today = [talk for talk in others[1:] if talk.starts_at.astimezone(doctor.zone).date() == today]
    return [
        Group("Сейчас ждут", waiting),
        Group("Следующая", others[:1]),
        Group("Сегодня", on_today),
        Group("Не подтверждены", [talk for talk in coming if talk.state is ConsultationState.PROPOSED]),
        Group("Позже", [talk for talk in others[1:] if talk not in on_today]),
    ]


def _waits(talk: Consultation) -> bool:
    return talk.state is ConsultationState.IN_PROGRESS or talk.is_side_ready(talk.patient)
