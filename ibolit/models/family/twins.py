"""«Возможно, тот же ребёнок»: two who write for a child of one name and birth date.

Neither learns of the other; the doctor of both is told, and nothing passes from one to the other but by his hand.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from ...extensions import db
from ..chats import Chat
from ..people import Dependant


def chats_like(chat: Chat) -> Sequence[Chat]:
    """Of the same doctor, about somebody of this name and birth date for whom another account writes."""
    dependant = chat.dependant
    if dependant is None:
        return []
    same = Dependant.birth_date == dependant.birth_date, Dependant.died_at.is_(None)
    others = Dependant.user_id != dependant.user_id, Chat.former_since.is_(None)
    found = select(Chat).join(Dependant, Dependant.id == Chat.dependant_id).where(*same, *others)
    shown = found.where(Chat.doctor_id == chat.doctor_id).options(joinedload(Chat.patient), joinedload(Chat.dependant))
    near = db.session.scalars(shown.order_by(Chat.id))
    return [one for one in near if one.dependant is not None and _are_alike(one.dependant, dependant)]


def _are_alike(one: Dependant, other: Dependant) -> bool:
    """Called the same in any order, or by fewer words: «Ваня Соколов», «Соколов Ваня Петрович»."""
    words, others = set(one.name_key.split()), set(other.name_key.split())
    return words <= others or others <= words
