"""A copy of all of a person's data: made by a job, told of, and taken away after a week."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from ...database import release
from ...extensions import db
from ...models import DataCopy, Job
from ...models.job import PAUSES
from ...models.my_data import contents
from ...services import current_services
from .archive import Archive
from .progress import Progress, RightEnded, Withdrawn
from .writing import write_copy

LEFT_FREE = 512 * 1024**2  # bytes of this machine's disk, for all the rest of the clinic


class NoRoom(Exception):
    """On this machine's disk: it may come."""


def make(job: Job) -> None:
    """On this machine's disk first, then into the storage. Begun anew after a crash: it lands under the same name."""
    copy = DataCopy.to_make(job.subject_id)
    if copy is None:
        return
    try:
        _make(copy, job)
    except Withdrawn:
        db.session.rollback()
    except RightEnded:
        db.session.rollback()
        DataCopy.withdraw_all_of(copy.user)
        db.session.commit()
    except Exception:
        db.session.rollback()
        if job.attempts > len(PAUSES):
            copy.fail()
            db.session.commit()
        raise


def end(job: Job) -> None:
    """Its week is over, it was withdrawn, or it was never made."""
    copy = db.session.get(DataCopy, job.subject_id)
    name = copy.settle() if copy is not None else None
    if copy is None or name is None:
        return
    db.session.commit()
    current_services.storage.delete(name)
    copy.note_removal()


def _make(copy: DataCopy, job: Job) -> None:
    sizes = contents.sizes_of(copy.user)
    room = current_services.uploads.folder
    room.mkdir(mode=0o700, parents=True, exist_ok=True)  # nothing may have been uploaded through this machine yet
    if shutil.disk_usage(room).free < LEFT_FREE + contents.bytes_of_files(sizes):
        raise NoRoom
    copy.begin(sum(one.total for one in sizes))
    db.session.commit()
    id, key, user = copy.id, copy.key, copy.user
    with TemporaryDirectory(dir=room) as folder:
        path = Path(folder, "copy.zip")
        with Archive(path, room=Path(folder)) as archive:
            write_copy(archive, user, sizes, Progress(id, job))
        size = path.stat().st_size
        release()
        DataCopy.note_file(id)
        job.hold_on()
        db.session.commit()
        current_services.storage.put(key, path)
    DataCopy.finish(id, size)
