"""«Добавить в календарь»."""

from __future__ import annotations

from flask import Response, abort
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...config import current_settings
from ...database import release
from ...models import Consultation, ConsultationState
from ...rendering import link_to
from ...services import clock
from ...services.calendar import Entry, calendar_of
from .views import bp

NEVER_AGREED = (ConsultationState.PROPOSED, ConsultationState.EXPIRED)


@bp.get("/<int:id>/calendar.ics")
@login_required
def calendar(id: int) -> ResponseReturnValue:
    """Opened again after a change it changes the entry, after a cancellation it takes it away."""
    consultation = Consultation.find_for(current_user, id) or abort(404)
    if consultation.state_now in NEVER_AGREED:
        raise errors.NotForCalendars
    entry = _entry(consultation)
    release()
    answer = Response(calendar_of(entry), content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="ibolit-{id}.ics"'
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _entry(consultation: Consultation) -> Entry:
    """Neutral words only: calendars are copied to clouds abroad."""
    return Entry(
        uid=f"meeting-{consultation.id}@{current_settings.public_host}",
        sequence=consultation.sequence,
        start=consultation.starts_at,
        minutes=consultation.minutes,
        zone=current_user.zone,
        title="iBolit: встреча",
        description="Откройте ссылку за 10 минут до начала.",
        url=link_to("consultations.show", id=consultation.id),
        organizer=current_settings.support_email,
        is_cancelled=consultation.state_now is ConsultationState.CANCELLED,
        made_at=clock.now(),
    )
