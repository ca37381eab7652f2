"""What became of an SMS that the provider took: it is asked, at first often."""

from __future__ import annotations

from ..database import release
from ..extensions import db
from ..models import Delivery, DeliveryState, Job, JobKind, LoginCode
from ..services import current_services
from ..services.sms import ProviderStatus


def poll(job: Job) -> None:
    """A code that did not arrive goes by mail, while it can still be typed."""
    delivery = db.session.get(Delivery, job.subject_id)
    if delivery is None or delivery.state is not DeliveryState.SENT or delivery.reference is None:
        return
    release()
    status = current_services.sms.status(delivery.reference)
    if status is ProviderStatus.ON_ITS_WAY:
        pause = delivery.next_status_check_in
        if pause is not None:
            job.repeat_in(pause)
        return
    delivery.record_delivery(is_delivered=status is ProviderStatus.DELIVERED)
    if status is ProviderStatus.UNDELIVERED and delivery.kind is JobKind.LOGIN_CODE:
        code = db.session.get(LoginCode, delivery.subject_id)
        if code is not None:
            code.mail_as_well()
