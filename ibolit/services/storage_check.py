"""Whether files can be kept: one object is written, read and deleted."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

from .storage import Storage, StorageFailed


class StorageCheckFailed(Exception):
    """What is wrong and what to do; holds neither names nor keys."""


def look(storage: Storage, folder: Path) -> str:
    """`folder`: where the object lies before it is kept. Raises StorageCheckFailed."""
    name, content = f"check-{secrets.token_hex(8)}", secrets.token_bytes(100)
    with tempfile.TemporaryDirectory(prefix="check-", dir=folder) as scratch:
        source = Path(scratch, "object")
        source.write_bytes(content)
        try:
            storage.put(name, source)
            came_back = b"".join(storage.read(name))
            storage.delete(name)
        except FileNotFoundError:
            raise StorageCheckFailed(
                "what was written is not there: look at STORAGE_BACKEND and its settings"
            ) from None
        except StorageFailed as failure:
            raise StorageCheckFailed(
                f"it fails ({failure}): look at STORAGE_BACKEND, its settings and the disk"
            ) from None
    if came_back != content:
        raise StorageCheckFailed("it gives back something else than was written")
    try:
        storage.size(name)
    except FileNotFoundError:
        return "an object was written, read and deleted"
    except StorageFailed as failure:
        raise StorageCheckFailed(
            f"it does not say that a file is absent ({failure}): give the key the right to list"
        ) from None
    raise StorageCheckFailed("what was deleted is still there: give the key the right to delete")
