"""What became of an SMS that the provider took: he is asked, at first often."""

from __future__ import annotations

from ..extensions import db
from ..models import Dispatch, DispatchState, Job, JobKind, LoginCode
from ..services import current_services
from ..services.sms import Fate


def follow(job: Job) -> None:
    """A code that did not arrive goes by mail, while it can still be typed."""
    dispatch = db.session.get(Dispatch, job.subject_id)
    if dispatch is None or dispatch.state is not DispatchState.SENT or dispatch.reference is None:
        return
    db.session.commit()
    fate = current_services.sms.fate(dispatch.reference)
    if fate is Fate.ON_ITS_WAY:
        pause = dispatch.asked_again_in
        if pause is not None:
            job.repeat_in(pause)
        return
    dispatch.learn(is_delivered=fate is Fate.DELIVERED)
    if fate is Fate.UNDELIVERED and dispatch.kind is JobKind.LOGIN_CODE:
        code = db.session.get(LoginCode, dispatch.subject_id)
        if code is not None:
            code.send_by_mail_too()
