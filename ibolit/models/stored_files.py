"""Which files of the storage the database names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, select

from .chats import Attachment, Variant
from .doctors import WHOLE, Doctor


@dataclass(frozen=True)
class StoredFile:
    """`is_sent`: a message has it, so it is there for ever; others may go at any moment."""

    name: str
    is_sent: bool


def stored_files(connection: Connection) -> Iterator[StoredFile]:
    table = Attachment.__table__.c
    for row in connection.execute(
        select(table.key, table.message_id, table.has_shown, table.has_thumbnail).order_by(table.id)
    ):
        yield StoredFile(row.key, row.message_id is not None)
        for variant, has in ((Variant.SHOWN, row.has_shown), (Variant.THUMBNAIL, row.has_thumbnail)):
            if has:
                yield StoredFile(f"{row.key}-{variant}", row.message_id is not None)
    photos = select(Doctor.__table__.c.photo)
    for photo in connection.scalars(
        photos.where(Doctor.__table__.c.photo.is_not(None)).order_by(Doctor.__table__.c.id)
    ):
        if "/" not in photo:  # the demo's portraits lie under static/
            yield StoredFile(photo, is_sent=False)
            yield StoredFile(photo + WHOLE, is_sent=False)
