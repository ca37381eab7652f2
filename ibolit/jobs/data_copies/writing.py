"""What lies in a copy: a page and a JSON of each thing, chats some messages at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import render_template

from ...database import read_only, release
from ...models import Dependant, User
from ...models.my_data import Looks, contents
from ...models.my_data.contents import ChatSize
from ...services import clock
from . import records
from .archive import Archive, JsonList
from .chats import ChatWriter
from .pages import StreamedPage, words_of_looks
from .progress import Progress, RightEnded

LOOKS = 500  # lines of the audit log in memory at once


def write_copy(archive: Archive, user: User, sizes: Sequence[ChatSize], progress: Progress) -> None:
    """The page one begins at comes last: it names what is there."""
    made_at = clock.now()
    with read_only():
        archive.add("style.css", render_template("data_copy/style.css"))
        chats = [_write_chat(archive, user, size, number, progress) for number, size in enumerate(sizes, 1)]
        _write_looks(archive, user)
        _write_person(archive, user, chats, made_at)
        release()


def _write_chat(archive: Archive, user: User, size: ChatSize, number: int, progress: Progress) -> records.Record:
    """Raises RightEnded."""
    if not contents.is_readable_by(user, size.chat_id):
        raise RightEnded
    writer = ChatWriter(archive, user, contents.chat_with_people(size.chat_id), f"chats/{number}", progress)
    writer.write(size)
    release()
    return writer.record(size)


def _write_looks(archive: Archive, user: User) -> None:
    after = 0
    with archive.aside("looks.json") as file, archive.entry("looks.html") as entry:
        page = StreamedPage(entry, "data_copy/looks.html")
        looks = JsonList(file)
        while lines := Looks.after(user, after, LOOKS):
            page.write("data_copy/looks_lines.html", looks=lines, zone=user.zone)
            for line in lines:
                looks.add(records.look(line, *words_of_looks(line)))
            after = lines[-1].event.id
            release()
        looks.close()
        page.close()


def _write_person(archive: Archive, user: User, chats: Sequence[records.Record], made_at: datetime) -> None:
    consents, devices = contents.consents_of(user), contents.devices_of(user)
    facts, payments = contents.facts_of(user), contents.payments_of(user)
    dependants = {one.id: one for one in Dependant.readable_by(user)}
    archive.add_json(
        "data.json",
        records.head(made_at)
        | {
            "person": records.person(user),
            "consents": [records.consent(one) for one in consents],
            "devices": [records.device(one) for one in devices],
            "dependants": [records.dependant(one) for one in dependants.values()],
            "facts": [records.fact(one, dependants) for one in facts],
            "payments": [records.payment(one) for one in payments],
            "chats": chats,
        },
    )
    shown = {
        "consents": consents,
        "devices": devices,
        "facts": facts,
        "payments": payments,
        "chats": chats,
        "dependants": dependants,
    }
    archive.add("index.html", render_template("data_copy/index.html", person=user, made_at=made_at, **shown))
