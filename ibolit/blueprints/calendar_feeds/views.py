"""A doctor's agreed consultations for calendars outside: «Встреча», the time and a link. They come signed out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from ... import errors
from ...config import current_settings
from ...database import release, write_transaction
from ...extensions import db
from ...models import CalendarFeed, LimitKind, RateLimitHit
from ...models.consultations.calendar_feed import Agreed
from ...rendering import link_to
from ...services import clock
from ...services.calendar import FeedEntry, feed_of
from ...services.codes import fingerprint

bp = Blueprint("calendar_feeds", __name__, url_prefix="/calendar")

MINUTE = timedelta(minutes=1)
LATER = 60 * 60  # seconds
SHAPE = "1"  # of what is written: another one is news for whoever has kept the last


@bp.get("/<token>.ics")
def show(token: str) -> ResponseReturnValue:
    """The token is asked for alone: an old one, a wrong one, and one of who is gone are nothing, alike."""
    feed = CalendarFeed.by_token(token) or abort(404)
    agreed, zone = feed.agreed(), feed.doctor.user.zone
    if not _may_ask(str(feed.doctor_id)):
        return Response(status=429, headers={"Retry-After": str(LATER)})
    told = (SHAPE, zone.key, current_settings.public_url, clock.now().year, agreed)
    answer = Response(content_type="text/calendar; charset=utf-8")
    answer.set_etag(fingerprint(repr(told))[:32])
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.make_conditional(request)
    if answer.status_code == 200:
        today = clock.now().astimezone(zone).date()
        answer.set_data(feed_of(_entries(agreed), zone, today))
    return answer


def _may_ask(doctor_id: str) -> bool:
    try:
        with write_transaction(db.session):
            RateLimitHit.count(LimitKind.CALENDAR_FEED, doctor_id)
    except errors.TooManyAttempts:
        return False
    release()
    return True


def _entries(agreed: Sequence[Agreed]) -> list[FeedEntry]:
    """The identity is that of «Добавить в календарь»; even the address of the link names nothing medical."""
    host = current_settings.public_host
    return [
        FeedEntry(
            uid=f"meeting-{one.id}@{host}",
            sequence=one.sequence,
            start=one.starts_at,
            minutes=(one.ends_at - one.starts_at) // MINUTE,
            changed_at=one.changed_at,
            url=link_to("short_links.show", id=one.id),
        )
        for one in agreed
    ]
