"""A doctor's note: the page that wrote last goes on, any other must have seen what it wrote."""

from __future__ import annotations

import pytest

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Chat, PatientNote

HERE, THERE = "pen-of-here", "pen-of-there"


def text(chat: Chat) -> str:
    note = PatientNote.of(chat)
    assert note is not None
    return note.text


def test_a_page_goes_on_with_what_it_wrote(chat: Chat) -> None:
    for words in ("Аллергия", "Аллергия на пенициллин", ""):
        PatientNote.keep(chat, words, HERE, seen=0)
        db.session.commit()
        assert text(chat) == words


def test_another_page_must_have_seen_the_last_words(chat: Chat) -> None:
    assert PatientNote.keep(chat, "Первое", HERE, seen=0).version == 1
    with pytest.raises(errors.NoteHasChanged):
        PatientNote.keep(chat, "Второе", THERE, seen=0)
    assert text(chat) == "Первое"
    PatientNote.keep(chat, "Второе", THERE, seen=1)
    with pytest.raises(errors.NoteHasChanged):
        PatientNote.keep(chat, "Первое", HERE, seen=0)
    assert text(chat) == "Второе"
