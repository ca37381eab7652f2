"""Whether files can be kept, with every way in which a storage may fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ibolit.services.storage import FolderStorage, StorageFailed
from ibolit.services.storage_check import StorageCheckFailed, look


def test_storage_is_used_and_left_clean(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path / "files")
    assert look(storage, tmp_path) == "an object was written, read and deleted"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


class Odd(FolderStorage):
    def __init__(self, folder: Path, fault: str) -> None:
        super().__init__(folder)
        self.fault = fault

    def put(self, name: str, source: Path) -> None:
        if self.fault == "full":
            raise StorageFailed("ENOSPC")
        if self.fault != "forgets":
            super().put(name, source)

    def read(self, name: str, start: int = 0, stop: int | None = None) -> Any:
        return [b"something else"] if self.fault == "changes" else super().read(name, start, stop)

    def delete(self, name: str) -> None:
        if self.fault != "keeps":
            super().delete(name)

    def size(self, name: str) -> int:
        if self.fault == "hides":
            raise StorageFailed("403")
        return super().size(name)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("full", "it fails .ENOSPC."),
        ("forgets", "what was written is not there"),
        ("changes", "something else than was written"),
        ("keeps", "the right to delete"),
        ("hides", "the right to list"),
    ],
)
def test_storage_in_trouble(tmp_path: Path, fault: str, words: str) -> None:
    with pytest.raises(StorageCheckFailed, match=words):
        look(Odd(tmp_path / "files", fault), tmp_path)
