"""Rows that may be there already."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from ibolit.database import release
from ibolit.extensions import db
from ibolit.models import Chat, ChatMember
from ibolit.models.inserting import insert_new


def test_row_is_written_once(chat: Chat) -> None:
    before = db.session.scalar(sa.select(sa.func.count()).select_from(Chat))
    row: dict[str, object] = {"patient_id": chat.patient_id, "doctor_id": chat.doctor_id, "free_days": 3}
    assert insert_new(Chat, row) is None
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Chat)) == before


def test_row_has_its_defaults(chat: Chat, stranger: object) -> None:
    id = insert_new(Chat, {"patient_id": stranger.id, "doctor_id": chat.doctor_id, "free_days": 3})  # type: ignore[attr-defined]
    made = db.session.get_one(Chat, id)
    assert (made.last_seq, made.awaits_reply, made.access) == (0, False, chat.access)
    assert made.created_at is not None


def test_key_that_is_no_column_is_refused(clinic: Flask) -> None:
    """The statement would drop it without a word."""
    with pytest.raises(TypeError, match="chat_member has no colour"):
        insert_new(ChatMember, {"chat_id": 1, "user_id": 1, "colour": "red"})


def test_written_row_is_to_be_committed(chat: Chat, stranger: object) -> None:
    insert_new(Chat, {"patient_id": stranger.id, "doctor_id": chat.doctor_id, "free_days": 3})  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError):
        release()
    db.session.rollback()
