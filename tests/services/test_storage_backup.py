"""Files that lie in a bucket are copied and come back like those of a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from copies import another_clinic, files_of, run
from factories import attach, say
from flask import Flask

from ibolit.models import Chat, User
from ibolit.services import Services

from .test_storage import Provider, in_bucket


def test_files_go_from_bucket_to_bucket(
    clinic: Flask, services: Services, chat: Chat, patient: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    providers = Provider(), Provider()
    buckets = [in_bucket(provider.url) for provider in providers]
    monkeypatch.setattr(services, "storage", buckets[0])
    try:
        picture = attach(chat, patient)
        for ending in ("", "-shown", "-thumbnail"):
            path = tmp_path / "sent"
            path.write_bytes(os.urandom(200_000))
            buckets[0].put(picture.key + ending, path)
        say(chat, patient, files=[picture])
        before = files_of(clinic)
        assert run(clinic, "backup", tmp_path / "copy")[0] == 0
        with another_clinic(tmp_path / "other") as other:
            monkeypatch.setattr(other.extensions["ibolit_services"], "storage", buckets[1])
            code, told = run(other, "restore", tmp_path / "copy")
            assert code == 0, told
            assert files_of(other) == before
        providers[0].stop()
        code, told = run(clinic, "backup", tmp_path / "second")
        assert (code, "the storage does not give its files" in told) == (1, True)
        assert not (tmp_path / "second").exists()
    finally:
        for bucket, provider in zip(buckets, providers, strict=True):
            bucket._client.close()
            if provider.process.poll() is None:
                provider.stop()
    assert len(before) == 3
    assert all(before.values())
