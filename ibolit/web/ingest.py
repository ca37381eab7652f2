"""How files come in, whichever door they came through: announced, arrived, scanned, looked at, cleaned, stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask, current_app, g, request
from werkzeug.datastructures import FileStorage

from .. import errors
from ..config import current_settings
from ..extensions import csrf, db
from ..models import Attachment, AttachmentKind, Chat, User, Variant
from ..services import current_services, media
from ..services.antivirus import AntivirusFailed, Infected
from ..services.media import Examined, Unreadable
from ..services.storage import StorageFailed
from ..services.uploads import PIECE, Busy, DiskFailed, Part
from .file_kinds import SENTENCES

IDLE_TIMEOUT = (
    20.0  # seconds without a byte after which a phone is taken for gone: its thread and its file are free again
)
LONGEST_PIECE = 2 * 1024 * 1024  # bytes; our own client's are half of it
UNSENT = 3  # so many messages' worth of files may lie unsent

View = Callable[..., Any]
LARGE = {"multipart/form-data", "application/offset+octet-stream"}
CHECKS_CSRF_ITSELF: set[str] = set()  # views that check the token of a large body themselves


def init_ingest(app: Flask) -> None:
    """Registered before anything that asks the database: a small form is read, and its token checked, as everywhere."""
    app.before_request(_check_small_forms)


def accepts_files(max_body_size: Callable[[], int]) -> Callable[[View], View]:
    """For a view behind login_required that reads a large body: `max_body_size` says how large, in bytes.

    The usual check of the token reads the body before anybody knows who sends it; here it comes after. While a slow
    phone speaks, nothing of the database is held.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def reading(*args: Any, **kwargs: Any) -> Any:
            if g.get("csrf_valid"):
                return view(*args, **kwargs)
            request.max_content_length = max_body_size()
            db.session.commit()
            with _idle_timeout(), _drain_body_on_error():
                csrf.protect()
                return view(*args, **kwargs)

        csrf.exempt(reading)
        CHECKS_CSRF_ITSELF.add(f"{view.__module__}.{view.__name__}")
        return reading

    return decorate


def _check_small_forms() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    if view and f"{view.__module__}.{view.__name__}" in CHECKS_CSRF_ITSELF and request.mimetype not in LARGE:
        csrf.protect()


@contextmanager
def _drain_body_on_error() -> Iterator[None]:
    """Whoever is refused in the middle of a piece hears it only after finishing: a server that has not read all of
    a body breaks the line, and the answer with it."""
    try:
        yield
    except Exception:
        if (request.content_length or 0) <= LONGEST_PIECE:
            with suppress(Exception):  # the line is broken already
                while request.stream.read(PIECE):
                    pass
        raise


@contextmanager
def _idle_timeout() -> Iterator[None]:
    """Closes the connection after IDLE_TIMEOUT seconds without a byte: a vanished phone would hold its thread."""
    socket = request.environ.get("gunicorn.socket")
    if socket is None:
        yield
        return
    socket.settimeout(IDLE_TIMEOUT)
    try:
        yield
    finally:
        socket.settimeout(None)


def announce(
    author: User, chat: Chat, name: str, size: int, *, is_voice: bool = False, is_for_card: bool = False
) -> Attachment:
    """Commits. Raises FileRefused or, but for a card, ChatIsClosed; before a byte of the file is read."""
    if size > current_settings.file_max:
        raise errors.FileTooLarge(current_settings.file_max)
    if size <= 0:
        raise errors.FileRefused(SENTENCES[Unreadable.EMPTY])
    if not is_for_card:
        chat.refuse_if_closed_for(author)
    most = UNSENT * current_settings.files_max
    attachment = Attachment.announce(author, chat, name, size, most=most, is_voice=is_voice)
    db.session.commit()
    return attachment


def ingest_form_files(
    author: User, chat: Chat, files: list[FileStorage], *, is_for_card: bool = False
) -> tuple[list[Attachment], list[str]]:
    """Files of a plain form, one after another: those taken, and a sentence for each of the others."""
    taken, sentences = [], []
    for file in files:
        try:
            taken.append(_ingest_one(author, chat, file, is_for_card=is_for_card))
        except errors.FileRefused as refusal:
            sentences.append(f"«{file.filename}»: {refusal.sentence}")
    return taken, sentences


def resume_interrupted(attachments: list[Attachment]) -> list[str]:
    """All bytes are here, but the server was stopped before it looked at them. A sentence for each that is refused."""
    sentences = []
    for attachment in attachments:
        if attachment.has_arrived or current_services.uploads.size(attachment.key) < attachment.size:
            continue
        try:
            with current_services.uploads.hold(attachment.key) as part:
                ingest(attachment, part)
        except Busy:
            pass  # another request looks at it just now
        except errors.FileRefused as refusal:
            sentences.append(f"«{attachment.name}»: {refusal.sentence}")
    return sentences


def ingest(attachment: Attachment, part: Part) -> None:
    """All of its bytes are here: from now on it may be sent. Commits.

    Raises FileRefused, and forgets the file; FileNotTaken keeps it, as nothing is wrong with it.
    """
    attachment.digest = part.digest()
    name, kind = attachment.name, attachment.kind
    db.session.commit()  # nothing is held while decoders think
    with _failures(attachment):
        current_services.antivirus.check(part.path)
        with TemporaryDirectory(dir=part.path.parent) as folder:
            examined = media.examine(part.path, name, Path(folder))
            _check_voice(kind, examined)
            attachment.store(examined, current_services.storage)
            db.session.commit()
    current_services.uploads.drop(attachment.key)


def copy_files(attachments: Sequence[Attachment], to: Chat) -> list[Attachment]:
    """Files of a message for another chat of their author's, in the same order; they wait for a message that takes
    them, as what was just uploaded does. Commits. Raises FileNotTaken."""
    copies = [(one, one.announce_copy(to)) for one in attachments]
    db.session.commit()
    for one, copy in copies:
        names = [(one.file_of(variant), copy.file_of(variant)) for variant in one.stored_variants]
        db.session.commit()  # nothing is held while bytes are carried
        with _failures(copy):
            for source, target in names:
                _copy_stored(source, target)
        copy.accept_copy(one)
        db.session.commit()
    return [copy for _, copy in copies]


def _copy_stored(source: str, target: str) -> None:
    room = current_services.uploads.folder
    room.mkdir(mode=0o700, parents=True, exist_ok=True)  # nothing may have been uploaded through this machine yet
    with TemporaryDirectory(dir=room) as folder:
        carried = Path(folder, "copy")
        with carried.open("wb") as file:
            file.writelines(current_services.storage.read(source))
        current_services.storage.put(target, carried)


def discard_duplicates(attachments: list[Attachment]) -> None:
    """Discard the second copies of a form that was posted twice."""
    for attachment in attachments:
        if attachment.message_id is None:
            discard(attachment)


def discard(attachment: Attachment) -> bool:
    """Delete row and bytes. False when a message has taken it meanwhile. Commits."""
    db.session.get_one(Chat, attachment.chat_id).lock()
    is_gone = attachment.withdraw()
    db.session.commit()
    if not is_gone:
        return False
    current_services.uploads.drop(attachment.key)
    for variant in Variant:
        current_services.storage.delete(attachment.file_of(variant))
    return True


def _ingest_one(author: User, chat: Chat, file: FileStorage, *, is_for_card: bool) -> Attachment:
    size = file.stream.seek(0, 2)
    file.stream.seek(0)
    attachment = announce(author, chat, file.filename or "", size, is_for_card=is_for_card)
    with _failures(attachment), current_services.uploads.hold(attachment.key) as part:
        part.append(file.stream, size)
        ingest(attachment, part)
    return attachment


def _check_voice(kind: AttachmentKind, examined: Examined) -> None:
    if kind is not AttachmentKind.VOICE:
        return
    if examined.kind != AttachmentKind.AUDIO:
        raise Unreadable(Unreadable.BELIES)
    if (examined.seconds or 0) > Attachment.LONGEST_VOICE + 5:
        raise Unreadable(Unreadable.TOO_LONG)


@contextmanager
def _failures(attachment: Attachment) -> Iterator[None]:
    """Turns failures of services into FileRefused (the file's fault) or FileNotTaken (ours)."""
    try:
        yield
    except Infected:
        raise _refused(attachment, "В файле найден вирус.") from None
    except Unreadable as reason:
        if reason.reason == Unreadable.BUSY:
            raise errors.FileNotTaken from None
        raise _refused(attachment, SENTENCES[reason.reason]) from None
    except (AntivirusFailed, DiskFailed, StorageFailed):
        raise errors.FileNotTaken from None


def _refused(attachment: Attachment, sentence: str) -> errors.FileRefused:
    discard(attachment)
    return errors.FileRefused(sentence)
