"""What the chats say, and who is told, when it changes who writes for whom. Nobody is named: the notes outlive an
account that is erased, and outside the app no name is said anyway."""

from __future__ import annotations

from ..config import current_settings
from ..events import AccountDeathMarked, ChatHandedOver, ComesOfAge, ComesOfAgeSoon, DeathMarked, DependantChanged
from ..extensions import db
from ..formatting import day_of
from ..models import Chat, Dependant, DependantEnding, Notification, NotificationKind, User
from ..models.family import permission


def chat_handed_over(fact: ChatHandedOver) -> None:
    chat = db.session.get_one(Chat, fact.chat_id)
    what = "Это прежняя переписка, её можно только читать." if chat.is_former else "Теперь здесь пишет сам пациент."
    said = f"{what} Кто писал раньше, эту переписку больше не видит."
    chat.post_system_note(said, by=chat.patient_id)


def dependant_removed(fact: DependantChanged) -> None:
    """Whom one writes for no more has permitted nothing any more, by whichever door they were taken off."""
    dependant = db.session.get_one(Dependant, fact.dependant_id)
    if dependant.permitted_at is not None and dependant.ending is DependantEnding.REMOVED:
        permission.end(dependant, DependantEnding.REMOVED)


def comes_of_age_soon(fact: ComesOfAgeSoon) -> None:
    """Once for each of the three days, however often the worker looks; both read of it in the chats."""
    dependant = db.session.get_one(Dependant, fact.dependant_id)
    key = f"of-age-{dependant.id}-{dependant.birth_date.isoformat()}-{fact.days}"
    day = day_of(dependant.comes_of_age_at, current_settings.clinic_timezone)
    said = (
        f"Пациенту исполнится 18 лет {day}. С этого дня переписка закроется для родителя, "
        "деньги за неиспользованное вернутся. Врач может пригласить пациента по собственному телефону: тогда переписка "
        "перейдёт к пациенту."
    )
    for chat in Chat.of_dependant(dependant.id):
        if not chat.has_system_note(key):
            chat.post_system_note(said, key)
    Notification.of_account(dependant.user, NotificationKind.COMING_OF_AGE, key)


def comes_of_age(fact: ComesOfAge) -> None:
    dependant = db.session.get_one(Dependant, fact.dependant_id)
    for chat in Chat.of_dependant(dependant.id):
        chat.post_system_note("Пациенту исполнилось 18 лет: переписка закрыта для родителя.", f"came-of-age-{chat.id}")
    Notification.of_account(dependant.user, NotificationKind.COMING_OF_AGE, f"of-age-{dependant.id}-0")


def death_marked(fact: DeathMarked) -> None:
    """After all that the chats have said of it: no list speaks of the person any more, the archive does."""
    for chat in Chat.of_dependant(fact.dependant_id):
        chat.archive_for_all()


def account_death_marked(fact: AccountDeathMarked) -> None:
    for chat in Chat.of_patient(db.session.get_one(User, fact.user_id)):
        chat.archive_for_all()
