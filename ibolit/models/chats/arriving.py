"""Who speaks from an open page, and into which chat: asked with every message over its socket."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from sqlalchemy import Select, bindparam, exists
from sqlalchemy.orm import joinedload

from ...extensions import db
from ...services import clock
from ..people import Device
from .member import ChatMember

if TYPE_CHECKING:
    from .chat import Chat


class ChatArriving:
    """A chat's facet for who comes to it by the number of their device."""

    @classmethod
    def locked_from(cls: type[Chat], device_id: int, id: int) -> tuple[Device, Chat] | None:  # type: ignore[misc]
        """By one statement the device that is signed in under this number, and the chat of its person, as `locked_for`
        brings it; nothing when one of them is not there."""
        cls._lock_row(id)
        asked = {"id": id, "device": device_id} | Device.signed_in_at(clock.now())
        found = db.session.execute(_one_from_device(cls), asked).unique().tuples().one_or_none()
        if found is not None:
            found[1].remember_lock()
        return found


@cache
def _one_from_device(noun: type[Chat]) -> Select[tuple[Device, Chat]]:
    """SQLAlchemy spends more on building such a statement than on running it: built once."""
    theirs = ChatMember.chat_id == noun.id, ChatMember.user_id == Device.user_id, ChatMember.are_here()
    one = noun.with_people().join(Device, Device.id == bindparam("device")).options(joinedload(noun.members))
    one = one.where(noun.id == bindparam("id"), exists().where(*theirs), *Device.are_signed_in())
    return one.with_only_columns(Device, noun).execution_options(populate_existing=True)
