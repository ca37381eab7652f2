"""A copy of 50,000 messages and a gigabyte of files, made within a memory that does not grow with them."""

from __future__ import annotations

import gc
import os
import secrets
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from factories import attach, long_signed_in
from flask import Flask
from sqlalchemy import insert

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import AttachmentKind, Chat, CopyState, DataCopy, Device, Message, User
from ibolit.services import Services, clock
from ibolit.services.storage import PIECE

pytestmark = [pytest.mark.long, pytest.mark.any_database]

MB = 1024 * 1024
MOST = 32 * MB  # beyond what was there before


@pytest.fixture
def owner(chat: Chat, patient: User) -> User:
    long_signed_in(patient)
    return patient


def write(chat: Chat, messages: int) -> None:
    common = {"chat_id": chat.id, "author_id": chat.patient_id, "stems": "", "sent_at": clock.now()}
    words = "Сегодня болит меньше, температура 36,9, утром кашель, вечером нет. " * 3
    for first in range(1, messages + 1, 5000):
        some = range(first, min(first + 5000, messages + 1))
        rows = [
            common | {"seq": seq, "revision": seq, "client_id": f"c{seq}", "text": f"{seq}: {words}"} for seq in some
        ]
        db.session.execute(insert(Message), rows)
    db.session.get_one(Chat, chat.id).last_seq = messages
    db.session.commit()


def give_files(chat: Chat, patient: User, services: Services, folder: Path, *, files: int, size: int) -> None:
    """What no ZIP makes smaller."""
    message = db.session.scalars(db.select(Message).where(Message.chat_id == chat.id, Message.seq == 1)).one()
    for number in range(files):
        file = attach(
            chat, patient, AttachmentKind.DOCUMENT, name=f"Снимок {number}.zip", mimetype="application/zip", size=size
        )
        file.message_id, file.position = message.id, number
        with (path := folder / "arriving").open("wb") as arriving:
            for _ in range(size // PIECE):
                arriving.write(secrets.token_bytes(PIECE))
        services.storage.put(file.key, path)
    db.session.commit()


@pytest.mark.parametrize(("messages", "files"), [(1_000, 1), (50_000, 16)])
def test_copy_of_everything_is_made_within_little_memory(
    clinic: Flask, chat: Chat, owner: User, services: Services, tmp_path: Path, messages: int, files: int
) -> None:
    write(chat, messages)
    give_files(chat, owner, services, tmp_path, files=files, size=64 * MB)
    DataCopy.ask(owner, db.session.scalars(db.select(Device).where(Device.user_id == owner.id)).one())
    db.session.commit()
    db.session.remove()
    gc.collect()
    tracemalloc.start()
    run_due()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    copy = DataCopy.newest_of(db.session.get_one(User, owner.id))
    assert copy is not None
    assert copy.state is CopyState.READY
    print(f"{messages} messages, {files * 64} MB: {peak / MB:.1f} MB at most, a ZIP of {(copy.size or 0) / MB:.0f} MB")
    assert peak < MOST
    with (whole := tmp_path / "whole.zip").open("wb") as file:
        file.writelines(services.storage.read(copy.key))
    with zipfile.ZipFile(whole) as archive:
        assert sum(name.startswith("chats/1/files/") for name in archive.namelist()) == files
        page = archive.read("chats/1/index.html").decode()
        assert page.count('class="message ') == messages
    os.unlink(whole)
