"""The daily broom: what has lost its meaning is forgotten."""

from __future__ import annotations

from datetime import timedelta

from ..models import Attempt, Device, Job, LoginCode

EVERY = timedelta(hours=6)


def forget_what_is_old(job: Job) -> None:
    Attempt.forget_old()
    LoginCode.forget_old()
    Device.forget_old()
    Job.forget_done()
    job.repeat_in(EVERY)
