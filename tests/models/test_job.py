"""Work due later: claimed, repeated, given up, and back after a crash."""

from __future__ import annotations

from datetime import timedelta

from factories import later

from ibolit.extensions import db
from ibolit.models import Job, JobKind
from ibolit.models.job import CLAIMED_FOR, PAUSES
from ibolit.services import clock


def add(subject_id: int = 1, **due_in: float) -> Job:
    job = Job.add(JobKind.LOGIN_CODE, subject_id, clock.now() + timedelta(**due_in))
    db.session.commit()
    return job


def claim() -> Job | None:
    job = Job.claim()
    db.session.commit()
    return job


def test_nothing_to_do(clinic: object) -> None:
    assert claim() is None
    assert Job.next_due_at() is None


def test_job_is_claimed_once(clinic: object) -> None:
    job = add()
    assert claim() is job
    assert (job.attempts, job.done_at) == (1, None)
    assert claim() is None


def test_the_longest_due_comes_first_and_the_future_waits(clinic: object) -> None:
    second, first, future = add(1, minutes=-1), add(2, minutes=-2), add(3, minutes=5)
    assert [claim(), claim(), claim()] == [first, second, None]
    later(minutes=1, seconds=59)
    assert claim() is None
    for job in (first, second):
        job.finish()
    db.session.commit()
    later(minutes=5, seconds=1)
    assert claim() is future


def test_finished_job_is_never_claimed_again(clinic: object) -> None:
    job = add()
    claim()
    job.finish()
    db.session.commit()
    later(days=1)
    assert claim() is None
    assert Job.next_due_at() is None


def test_crashed_workers_job_comes_back(clinic: object) -> None:
    job = add()
    claim()
    later(seconds=CLAIMED_FOR.total_seconds() - 5)
    assert claim() is None
    later(seconds=CLAIMED_FOR.total_seconds() + 1)
    assert claim() is job
    assert job.attempts == 2


def test_failed_job_is_repeated_with_growing_pauses_then_given_up(clinic: object) -> None:
    job = add()
    waited = timedelta()
    for pause in PAUSES:
        assert claim() is job
        job.retry("Timeout")
        db.session.commit()
        assert claim() is None
        waited += pause + timedelta(seconds=1)
        later(seconds=waited.total_seconds())
    assert claim() is job
    job.retry("Timeout")
    db.session.commit()
    assert job.done_at is not None
    assert (job.attempts, job.failure) == (6, "Timeout")
    later(days=1)
    assert claim() is None


def test_what_cannot_be_helped_is_given_up_at_once(clinic: object) -> None:
    job = add()
    claim()
    job.give_up("recipient refused")
    db.session.commit()
    later(days=1)
    assert claim() is None
    assert job.failure == "recipient refused"


def test_the_worker_sleeps_until_the_next_is_due(clinic: object) -> None:
    add(1, minutes=5)
    due = Job.next_due_at()
    assert due is not None
    assert timedelta(minutes=4) < due - clock.now() <= timedelta(minutes=5)
    add(2, minutes=-1)
    claim()
    due = Job.next_due_at()
    assert due is not None
    assert due - clock.now() <= CLAIMED_FOR  # should the claimed one crash


def test_a_chore_is_hung_up_once_and_never_ends(clinic: object) -> None:
    for _ in range(2):
        Job.ensure(JobKind.SWEEP)
        db.session.commit()
    job = db.session.scalars(db.select(Job)).one()
    for hours in (0, 6, 12):
        later(hours=hours, seconds=hours)
        assert claim() is job
        job.repeat_in(timedelta(hours=6))
        db.session.commit()
        assert (job.attempts, claim()) == (0, None)


def test_done_jobs_are_forgotten_after_a_month(clinic: object) -> None:
    done, waiting = add(1), add(2, days=60)
    claim()
    done.finish()
    db.session.commit()
    later(days=29)
    Job.purge_done()
    assert len(db.session.scalars(db.select(Job)).all()) == 2
    later(days=31)
    Job.purge_done()
    assert db.session.scalars(db.select(Job)).all() == [waiting]


def test_what_is_undone_is_told_in_words(clinic: object) -> None:
    kinds = {"late": -5, "due": -1, "waiting": 5}
    jobs = {word: add(number, minutes=minutes) for number, (word, minutes) in enumerate(kinds.items(), 1)}
    jobs["failing"] = add(4, minutes=-60)
    claim()
    jobs["failing"].retry("Timeout")
    jobs["claimed"] = add(5, minutes=-60)
    claim()
    jobs["given up"] = add(6)
    jobs["given up"].give_up("its worker died every time")
    add(7).finish()
    db.session.commit()
    assert {job.state: job for job in db.session.scalars(Job.undone())} == jobs
    later(days=8)
    assert jobs["given up"] not in db.session.scalars(Job.undone()).all()
