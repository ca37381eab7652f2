"""Whether those who hold a socket may go on, and that they are there: asked for all sockets of this process at once.

Every socket asks on each of its ticks. The first time it is looked at by itself, for somebody may have been signed out
between the handshake and the queue; later whoever asks looks at all, and what was found answers for FRESH seconds. So
who was signed out by another process is out as soon as anybody's socket ticks, and a thousand quiet pages cost a query
in five seconds.
"""

from __future__ import annotations

from threading import Lock
from time import monotonic

from ...database import write_transaction
from ...extensions import db
from ...models import Consent, Consultation, Device
from ...models.people import SignedIn
from ...services import current_services
from ...services.realtime import CloseCode, SocketQueue
from ...web import gate

FRESH = 5.0  # seconds

_looking = Lock()


def is_still_here(queue: SocketQueue) -> bool:
    """The device was not ended, the consent stands; whoever listens is present."""
    if queue.looked_at is None:
        queue.looked_at = monotonic()
        return look_at_one(queue)
    if monotonic() - queue.looked_at >= FRESH and _looking.acquire(blocking=False):  # else somebody looks just now
        try:
            look_at_all()
        finally:
            _looking.release()
    return queue.close_code != CloseCode.SIGNED_OUT


def look_at_one(queue: SocketQueue) -> bool:
    try:
        device = Device.signed_in_as(queue.device_id)
        if device is None or not gate.may_go_on(device, queue.only_chat_id):
            return False
        _note_presence([device.as_signed_in])
        return True
    finally:
        db.session.remove()


def look_at_all() -> None:
    """Ends those of who may not be there any more."""
    queues, now = current_services.realtime.queues(), monotonic()
    try:
        signed_in = Device.signed_in_among({queue.device_id for queue in queues})
        for queue in queues:
            queue.looked_at = now
            found = signed_in.get(queue.device_id)
            if found is None or not (Consent.is_current(found.accepted_versions) or look_at_one(queue)):
                queue.end(CloseCode.SIGNED_OUT)
        _note_presence(list(signed_in.values()))
    finally:
        db.session.remove()


def _note_presence(signed_in: list[SignedIn]) -> None:
    """One transaction for all whose minute is over, or who are ready for a consultation."""
    due, people = [one for one in signed_in if one.is_due_to_be_seen], {one.user_id for one in signed_in}
    is_anyone_ready = Consultation.is_anyone_ready(people)
    if not (due or is_anyone_ready):
        return
    with write_transaction(db.session):
        if due:
            Device.mark_all_seen(due)
        if is_anyone_ready:
            Consultation.record_presence(people)
