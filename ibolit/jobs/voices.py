"""Converts voice messages, and sounds that not every browser plays, to AAC in M4A, which every phone plays."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from ..database import release
from ..extensions import db
from ..models import Attachment, AttachmentState, Chat, Job, Variant
from ..models.job import PAUSES
from ..services import current_services, media
from ..services.media import Unreadable
from ..services.storage import StorageFailed


def prepare(job: Job) -> None:
    attachment = db.session.get(Attachment, job.subject_id)
    if attachment is None or attachment.state is not AttachmentState.PREPARING:
        return
    id, playable = attachment.id, attachment.file_of(Variant.SHOWN)
    release()  # nothing is held while the decoder works
    try:
        seconds = _convert(attachment)
    except (Unreadable, StorageFailed, OSError) as failure:
        is_hopeless = isinstance(failure, Unreadable) and failure.reason != Unreadable.BUSY
        if not is_hopeless and job.attempts <= len(PAUSES):
            raise
        seconds = None
    chat = db.session.get_one(Chat, attachment.chat_id)
    chat.lock()
    if db.session.get(Attachment, id, populate_existing=True) is None:  # recalled meanwhile; or it may have been sent
        current_services.storage.delete(playable)
        return
    if seconds is None:
        attachment.mark_download_only()
    else:
        attachment.mark_playable(seconds)
    if attachment.message is not None:
        chat.bump_revision(attachment.message)


def _convert(attachment: Attachment) -> float:
    """Seconds. A file already there is only replaced by the same."""
    room = current_services.uploads.folder
    room.mkdir(mode=0o700, parents=True, exist_ok=True)  # nothing may have been uploaded through this machine yet
    with TemporaryDirectory(dir=room) as folder:
        source = Path(folder, "spoken")
        with source.open("wb") as file:
            file.writelines(current_services.storage.read(attachment.key))
        voice, seconds = media.to_voice(source, Path(folder), attachment.longest)
        current_services.storage.put(attachment.file_of(Variant.SHOWN), voice)
    return seconds
