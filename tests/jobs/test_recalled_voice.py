"""A voice message that is recalled while the worker makes it playable leaves nothing behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser import Browser
from factories import attach, say

from ibolit.extensions import db
from ibolit.jobs import run_due, voices
from ibolit.models import Attachment, AttachmentKind, AttachmentState, Chat, Job, JobKind, Message, User, Variant
from ibolit.services import Services


def test_recalled_while_it_is_converted(
    as_patient: Browser, chat: Chat, patient: User, services: Services, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    voice = attach(chat, patient, AttachmentKind.VOICE, state=AttachmentState.PREPARING, mimetype="audio/webm")
    playable, message_id = voice.file_of(Variant.SHOWN), say(chat, patient, "", files=[voice]).id
    Job.add(JobKind.VOICE, voice.id)
    db.session.commit()

    def convert(_attachment: Attachment) -> float:
        assert as_patient.post(f"/messages/{message_id}/recall", htmx=True).status_code == 200
        (tmp_path / "m4a").write_bytes(b"sound")
        services.storage.put(playable, tmp_path / "m4a")
        return 2.5

    monkeypatch.setattr(voices, "_convert", convert)
    run_due()
    assert db.session.get_one(Message, message_id).is_recalled
    with pytest.raises(FileNotFoundError):
        services.storage.size(playable)
