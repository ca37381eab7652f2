"""A doctor's photo: looked at in the child process, cut square, stored, and cut anew without another upload."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import request
from flask.typing import ResponseReturnValue
from flask_login import login_required
from werkzeug.datastructures import FileStorage

from ... import errors
from ...config import current_settings
from ...database import release
from ...models import AuditAction, Doctor, PhotoCrop
from ...models.doctors import WHOLE
from ...services import current_services, media
from ...services.antivirus import AntivirusFailed, Infected
from ...services.media import Unreadable
from ...services.storage import StorageFailed
from ...web import ingest
from ...web.audit import log_audit
from ...web.authentication import lock_current_doctor
from ...web.file_kinds import SENTENCES
from ...web.submission import submission
from .forms import PhotoForm
from .panels import done, refuse, saved, show
from .views import bp

REMOVED = "Фото убрано."
LEAST = 96  # px of a side: less is a spot on the screen


def max_body_size() -> int:
    """Bytes: a photo and a few words."""
    return current_settings.file_max + 64 * 1024


@bp.get("/photo")
@login_required
def photo() -> ResponseReturnValue:
    return show("photo")


@bp.post("/photo")
@login_required
@ingest.accepts_files(max_body_size)
def change_photo() -> ResponseReturnValue:
    doctor, form = lock_current_doctor(), PhotoForm()
    if not form.validate_on_submit():
        return refuse("photo", photo_form=form)
    if not form.meets(PhotoForm.of(doctor)):
        return refuse("photo", 409, photo_form=form)
    expected = doctor.photo_version
    release()  # nothing is held while decoders think
    with submission(form.photo) as sent:
        old = _exchange(doctor, _store(doctor.own_photo, form), PhotoCrop(form.cut.data), expected)
    if sent.is_refused:
        return refuse("photo", sent.status, photo_form=form)
    _delete(old)
    return done("photo", "Фото сохранено.")


@bp.post("/photo/removal")
@login_required
def remove_photo() -> ResponseReturnValue:
    """A second press finds it gone, as it should be; a photo that was never seen is not thrown away."""
    doctor = lock_current_doctor()
    if doctor.photo is None:
        return saved("photo", REMOVED)
    with submission() as sent:
        old = _exchange(doctor, None, PhotoCrop.MIDDLE, request.form.get("present"))
    if sent.is_refused:
        form = PhotoForm.of(doctor)
        sent.tell(form.photo)
        return refuse("photo", sent.status, photo_form=form)
    _delete(old)
    return done("photo", REMOVED)


def _exchange(doctor: Doctor, key: str | None, crop: PhotoCrop, expected: str | None) -> str | None:
    """The key of the photo before, to be deleted after the commit. Raises PhotoHasChanged.

    A crash leaves a file behind that nobody knows, never a photo without its file.
    """
    try:
        old = doctor.take_photo(key, crop, expected=expected)
    except errors.PhotoHasChanged:
        _delete(key)
        raise
    log_audit(AuditAction.PROFILE_CHANGED, doctor.id, patient=None)
    return old


def _delete(key: str | None) -> None:
    with suppress(StorageFailed):
        for name in (key, key + WHOLE) if key else ():
            current_services.storage.delete(name)


def _store(present: str | None, form: PhotoForm) -> str:
    """The key of the new square. Raises FileRefused."""
    try:
        with TemporaryDirectory() as folder:
            whole = _examined(form.given, Path(folder)) if form.given else _kept(present, Path(folder))
            square = media.to_square(whole, Path(folder), form.cut.data)
            key = secrets.token_hex(16)
            current_services.storage.put(key + WHOLE, whole)
            current_services.storage.put(key, square)
            return key
    except Infected:
        raise errors.FileRefused("В файле найден вирус.") from None
    except Unreadable as reason:
        if reason.reason == Unreadable.BUSY:
            raise errors.FileNotTaken from None
        raise errors.FileRefused(SENTENCES[reason.reason]) from None
    except (AntivirusFailed, StorageFailed):
        raise errors.FileNotTaken from None


def _examined(file: FileStorage, folder: Path) -> Path:
    if file.stream.seek(0, 2) > current_settings.file_max:
        raise errors.FileTooLarge(current_settings.file_max)
    file.stream.seek(0)
    source = folder / "sent"
    file.save(source)
    current_services.antivirus.check(source)
    examined = media.examine(source, file.filename or "", folder)
    if examined.shown is None:
        raise errors.FileRefused("Это не фото. Подойдут JPEG, PNG, HEIC и WebP.")
    if min(examined.width or 0, examined.height or 0) < LEAST:
        raise errors.FileRefused(f"Фото слишком маленькое: нужно хотя бы {LEAST} на {LEAST} точек.")
    return examined.shown


def _kept(present: str | None, folder: Path) -> Path:
    if present is None:
        raise errors.FileRefused("Выберите фото.")
    whole = folder / "kept"
    try:
        with whole.open("wb") as file:
            file.writelines(current_services.storage.read(present + WHOLE))
    except FileNotFoundError:
        raise errors.FileRefused("Прежнее фото не нашлось. Выберите файл ещё раз.") from None
    return whole
