"""Files that come with a form's words, whichever form it is: counted, taken in, kept beside it when it was refused."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from flask_login import current_user
from flask_wtf import FlaskForm
from werkzeug.datastructures import FileStorage
from wtforms import MultipleFileField, SelectMultipleField
from wtforms.validators import ValidationError

from .. import errors
from ..config import current_settings
from ..models import Attachment, Chat
from . import ingest
from .fields import ClientIdField


def max_body_size() -> int:
    """Bytes: as many files as may come with a form, and words."""
    words = 256 * 1024
    is_with_files = request.mimetype == "multipart/form-data"
    return words + current_settings.files_max * current_settings.file_max if is_with_files else words


class AttachmentFormMixin(FlaskForm):
    """`uploads` names files that came before, `files` come with the form. What was taken in is never asked again."""

    TOO_MANY = "За один раз до {most} файлов. Уберите лишние."

    client_id = ClientIdField()
    uploads = SelectMultipleField(validate_choice=False, choices=[])
    files = MultipleFileField("Файлы")
    kept: Sequence[Attachment] = ()  # shown again when something else was wrong

    @property
    def has_files(self) -> bool:
        return bool(self.uploads.data or self.given)

    @property
    def given(self) -> list[FileStorage]:
        """A browser sends one nameless file when none was chosen."""
        return [file for file in self.files.data or () if isinstance(file, FileStorage) and file.filename]

    def validate_files(self, field: MultipleFileField) -> None:
        most = current_settings.files_max
        if len(self.uploads.data or ()) + len(self.given) > most:
            raise ValidationError(self.TOO_MANY.format(most=most))

    def ingest_files(self, chat: Chat, *, is_for_card: bool = True) -> None:
        """Before any lock, as looking at files takes seconds. Commits."""
        if self.files.errors or not self.has_files:
            return
        taken, self.files.errors = ingest.ingest_form_files(current_user, chat, self.given, is_for_card=is_for_card)
        self.uploads.data = [*(self.uploads.data or ()), *(one.key for one in taken)]

    def attachments(self, chat: Chat) -> list[Attachment]:
        """Read under the chat's lock. Raises FileRefused when one is no longer, or not yet, to be sent."""
        keys = list(dict.fromkeys(self.uploads.data or ()))
        if not keys:
            return []
        attachments = Attachment.sent_by(current_user, chat, keys)
        if len(attachments) < len(keys) or any(one.is_old for one in attachments):
            raise errors.AttachmentIsGone
        if not all(one.has_arrived for one in attachments):
            raise errors.AttachmentHasNotArrived
        return attachments

    def keep(self, chat: Chat) -> None:
        """Files that are here stay beside the form when something else was wrong."""
        sent = Attachment.sent_by(current_user, chat, self.uploads.data) if self.uploads.data else []
        self.kept = [one for one in sent if one.has_arrived and one.message_id is None and not one.is_old]
