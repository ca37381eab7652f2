"""A copy is made while people write and send files."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Condition

import samples
from browser import Browser
from copies import another_clinic, files_of, inside, run
from factories import make_chat, make_user
from flask import Flask

from ibolit.extensions import db
from ibolit.models import Attachment, Doctor, Message

from .test_files import arrived

WRITERS, SENDERS = 4, 2


class Crowd:
    """Writes on and on, and knows what was acknowledged."""

    def __init__(self, app: Flask, doctor: Doctor) -> None:
        self.acknowledged: set[str] = set()
        self._changed = Condition()
        self._is_over = False
        self._people = []
        for _ in range(WRITERS + SENDERS):
            patient = make_user()
            chat = make_chat(patient, doctor, days_left=2)
            browser = Browser(app, patient)
            self._people.append((browser, browser.token(), chat))

    @contextmanager
    def writing(self) -> Iterator[None]:
        with ThreadPoolExecutor(len(self._people)) as pool:
            going = [pool.submit(self._write, number) for number in range(len(self._people))]
            try:
                yield
            finally:
                self._is_over = True
        for one in going:
            one.result()

    def wait_for(self, letters: int, files: int) -> set[str]:
        """So many more are acknowledged; all that are."""
        with self._changed:
            wanted = len(self.acknowledged) + letters, len(self.files) + files
            assert self._changed.wait_for(
                lambda: len(self.acknowledged) >= wanted[0] and len(self.files) >= wanted[1], timeout=120
            )
            return set(self.acknowledged)

    @property
    def files(self) -> list[str]:
        """Those of the acknowledged that brought one."""
        return [one for one in self.acknowledged if int(one.split("-")[1]) >= WRITERS]

    def _write(self, number: int) -> None:
        browser, token, chat = self._people[number]
        for turn in count():
            if self._is_over:
                return
            client_id = f"crowd-{number}-{turn:05}"
            letter = {"text": f"Письмо {turn}", "client_id": client_id}
            if number >= WRITERS:
                letter["uploads"] = arrived(browser, chat, samples.txt() + str(turn).encode())
            headers = {"X-CSRFToken": token}
            answer = browser.open(f"/chats/{chat.id}/messages", method="POST", data=letter, headers=headers)
            assert answer.status_code == 303, answer.text
            with self._changed:
                self.acknowledged.add(client_id)
                self._changed.notify_all()


def test_backup_under_load_holds_all_that_was_acknowledged(clinic: Flask, doctor: Doctor, tmp_path: Path) -> None:
    crowd = Crowd(clinic, doctor)
    db.session.remove()
    with crowd.writing():
        before = crowd.wait_for(40, files=2)
        code, told = run(clinic, "backup", tmp_path / "copy")
        after = crowd.wait_for(10, files=1)
    assert code == 0, told
    assert "lost" not in told
    assert len(after) > len(before)
    with another_clinic(tmp_path / "other") as other:
        code, told = run(other, "restore", tmp_path / "copy")
        assert code == 0, told
        copied = inside(other, lambda: set(db.session.scalars(db.select(Message.client_id))))
        taken = db.select(Attachment.key).where(Attachment.message_id.is_not(None))
        sent = inside(other, lambda: db.session.scalars(taken).all())
        files = files_of(other)
    assert before <= copied
    assert len(sent) >= 2
    assert all(files[key] for key in sent)
    assert files_of(clinic).items() >= {key: files[key] for key in sent}.items()
