"""Files are read only here, by the two of their chat."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...database import release, write_transaction
from ...extensions import db
from ...models import Attachment, AuditAction, AuditEvent, Chat, Variant
from ...services import clock, current_services
from ...services.media import with_true_extension
from ...web.audit import log_audit
from ...web.serving import disposition, fill

bp = Blueprint("files", __name__)

# A file is somebody else's content under our address: it may run nothing and load nothing.
LOCKED = "default-src 'none'; sandbox"
ONE_OPENING = timedelta(hours=1)  # for so long what follows is more of the same
JPEG, M4A = "image/jpeg", "audio/mp4"


@bp.get("/files/<int:id>")
@login_required
def show(id: int) -> ResponseReturnValue:
    """The original, to be kept: never opened in the browser. Of a voice message, what every phone plays."""
    attachment = visible(id)
    variant = Variant.SHOWN if attachment.is_voice and attachment.has_shown else Variant.ORIGINAL
    mimetype, name = _shown_mimetype(attachment, variant), _shown_name(attachment, variant)
    return _serve(attachment, variant, mimetype, name, is_download=True)


@bp.get("/files/<int:id>/shown")
@login_required
def shown(id: int) -> ResponseReturnValue:
    """What browsers open: pictures as JPEG, a PDF, sound and film."""
    attachment = visible(id)
    variant = attachment.shown_as or abort(404)
    return _serve(attachment, variant, _shown_mimetype(attachment, variant), _shown_name(attachment, variant))


@bp.get("/files/<int:id>/thumbnail")
@login_required
def thumbnail(id: int) -> ResponseReturnValue:
    attachment = visible(id)
    if not attachment.has_thumbnail:
        abort(404)
    return _serve(attachment, Variant.THUMBNAIL, JPEG, attachment.name)


def _shown_mimetype(attachment: Attachment, variant: Variant) -> str:
    if variant is Variant.ORIGINAL:
        return attachment.mimetype
    return M4A if attachment.is_sound else JPEG


def _shown_name(attachment: Attachment, variant: Variant) -> str:
    """The name of a copy ends as what it is: a voice as .m4a."""
    if variant is Variant.ORIGINAL:
        return attachment.name
    ending = ".m4a" if attachment.is_sound else ".jpg"
    return with_true_extension(ending, _shown_mimetype(attachment, variant), attachment.name)


def visible(id: int) -> Attachment:
    attachment: Attachment = db.first_or_404(Chat.files_visible_to(current_user).where(Attachment.id == id))
    return attachment


def _serve(
    attachment: Attachment, variant: Variant, mimetype: str, name: str, *, is_download: bool = False
) -> Response:
    file = attachment.file_of(variant)
    release()  # nothing of the database is held while a storage is asked
    size = current_services.storage.size(file)
    answer = Response(mimetype=mimetype, headers={"Cache-Control": "private, no-cache", "Accept-Ranges": "bytes"})
    answer.set_etag(file)  # a stored file never changes
    answer.headers["Content-Disposition"] = disposition(name, "attachment" if is_download else "inline")
    answer.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if mimetype != "application/pdf":  # a PDF shows nothing in a sandbox
        answer.headers["Content-Security-Policy"] = LOCKED
    if request.if_none_match.contains_weak(file):
        answer.status_code = 304
        return answer
    _note_reading(attachment, variant)
    return fill(answer, file, size)


def _note_reading(attachment: Attachment, variant: Variant) -> None:
    """The audit log learns who opened what; a film's next part is the same opening, a thumbnail belongs to the chat."""
    if variant is Variant.THUMBNAIL or _is_next_part(attachment):
        return
    with write_transaction(db.session):
        (patient, dependant), led_by = Chat.sides_of(attachment.chat_id)
        log_audit(AuditAction.FILE_READ, attachment.id, patient=patient, dependant=dependant, led_by=led_by)


def _is_next_part(attachment: Attachment) -> bool:
    """Not by its own word alone: all but the first byte is as good as all of it."""
    if request.range is None or request.range.ranges[0][0] == 0:
        return False
    is_opened = AuditEvent.was_written(
        AuditAction.FILE_READ, actor_id=current_user.id, subject_id=attachment.id, since=clock.now() - ONE_OPENING
    )
    release()
    return is_opened
