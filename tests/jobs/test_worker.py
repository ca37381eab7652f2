"""The worker's threads and its recurring jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread
from time import monotonic

import pytest
from factories import later, make_user
from flask import Flask
from sqlalchemy.exc import OperationalError

from ibolit.extensions import db
from ibolit.jobs import HEAVY, LIGHT, QUEUES, WORK, run_due
from ibolit.jobs.worker import POLL_INTERVAL, SWEEP_INTERVAL, Poller, Worker, WorkerThread
from ibolit.models import Chat, Device, Job, JobKind, LimitKind, LoginCode, RateLimitHit
from ibolit.services import Services, clock


def test_worker_starts_the_recurring_jobs_once_and_stops(clinic: Flask) -> None:
    for _ in range(2):
        worker = Worker(clinic)
        worker.stop()
        worker.run()
    assert set(db.session.scalars(db.select(Job.kind))) == {JobKind.SWEEP, JobKind.PAYMENTS_SWEEP, JobKind.FAMILY}


def test_worker_does_what_is_due_and_sleeps_until_the_next(clinic: Flask, services: Services) -> None:
    LoginCode.ask("+79161234567", "192.0.2.1")
    db.session.commit()
    thread = WorkerThread(clinic, LIGHT)
    assert thread.run_due() == SWEEP_INTERVAL
    assert len(services.outbox.latest()) == 1
    Job.add(JobKind.LOGIN_CODE, 1, clock.now() + timedelta(seconds=20))
    db.session.commit()
    assert 10 < thread.run_due() <= 20


def test_worker_apart_sees_what_another_process_added(
    clinic: Flask, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages' process is another one: nothing of it is heard here but what the database says."""
    monkeypatch.setattr("ibolit.jobs.worker.SWEEP_INTERVAL", 3600.0)  # not by the hands' own sweep
    worker = Worker(clinic)
    apart = Thread(target=worker.run)
    apart.start()
    try:
        until(lambda: not Job.due_kinds())  # the recurring jobs are planned
        LoginCode.ask("+79161234567", "192.0.2.1")  # the fact wakes the app's own worker, which nobody has started
        db.session.commit()
        until(lambda: bool(services.outbox.latest()))
    finally:
        worker.stop()
        apart.join()


def until(is_so: Callable[[], bool]) -> None:
    end = monotonic() + 60
    while not is_so():
        db.session.remove()
        assert monotonic() < end
        Event().wait(0.02)


def test_watch_wakes_only_who_has_work_and_bears_a_dead_database(
    clinic: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = Worker(clinic)
    LoginCode.ask("+79161234567", "192.0.2.1")
    Job.add(JobKind.VOICE, 1, clock.now() + timedelta(minutes=10))
    db.session.commit()
    assert Poller(worker).poll() == POLL_INTERVAL
    assert {thread.queue for thread in worker._threads if thread.wake_event.is_set()} == {LIGHT}

    def gone() -> None:
        raise OperationalError("SELECT", {}, Exception("the server closed the connection"))

    monkeypatch.setattr(Job, "due_kinds", gone)
    assert Poller(worker).poll() == SWEEP_INTERVAL


def test_new_work_wakes_the_worker_after_the_commit_only(clinic: Flask) -> None:
    wake_events = [thread.wake_event for thread in clinic.extensions["ibolit_worker"]._threads]
    for wake_event in wake_events:
        wake_event.clear()
    LoginCode.ask("+79161234567", "192.0.2.1")
    assert not any(wake_event.is_set() for wake_event in wake_events)
    db.session.rollback()
    assert not any(wake_event.is_set() for wake_event in wake_events)
    LoginCode.ask("+79161234567", "192.0.2.1")
    db.session.commit()
    woken = {thread.queue for thread in clinic.extensions["ibolit_worker"]._threads if thread.wake_event.is_set()}
    assert woken == {LIGHT}


def test_what_is_due_later_wakes_nobody(clinic: Flask) -> None:
    wake_events = [thread.wake_event for thread in clinic.extensions["ibolit_worker"]._threads]
    for wake_event in wake_events:
        wake_event.clear()
    Job.add(JobKind.NOTIFICATION, 1, clock.now() + timedelta(minutes=10))
    db.session.commit()
    assert not any(wake_event.is_set() for wake_event in wake_events)


def test_every_kind_of_work_has_a_lane() -> None:
    kinds = [kind for queue in QUEUES for kind in queue.kinds]
    assert sorted(kinds) == sorted(WORK) == sorted(JobKind)


def test_a_code_does_not_wait_for_a_voice(
    clinic: Flask, services: Services, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one thread is busy with something long the other sends letters."""
    is_converting, may_end = Event(), Event()

    def convert(_job: Job) -> None:
        is_converting.set()
        assert may_end.wait(20)

    monkeypatch.setitem(WORK, JobKind.VOICE, convert)
    Job.add(JobKind.VOICE, 1)
    db.session.commit()
    thread = Thread(target=WorkerThread(clinic, HEAVY).run_due)
    thread.start()
    try:
        assert is_converting.wait(20)
        LoginCode.ask("+79161234567", "192.0.2.1")
        db.session.commit()
        WorkerThread(clinic, LIGHT).run_due()
        assert len(services.outbox.latest()) == 1
    finally:
        may_end.set()
        thread.join()


def test_job_that_kills_its_worker_is_given_up(clinic: Flask, services: Services) -> None:
    code = LoginCode.ask("+79161234567", "192.0.2.1")
    db.session.commit()
    for _ in range(6):  # claimed each time and never ended
        assert Job.claim() is not None
        db.session.commit()
        db.session.execute(db.update(Job).values(claimed_until=clock.now() - timedelta(seconds=1)))
        db.session.commit()
    assert run_due() == 1
    job = db.session.scalars(db.select(Job).where(Job.subject_id == code.id)).one()
    assert job.done_at is not None
    assert job.failure == "its worker died every time"
    assert services.outbox.latest() == []


def test_stumbling_worker_gets_up_again(clinic: Flask) -> None:
    db.session.execute(db.text("ALTER TABLE job RENAME TO lost"))
    db.session.commit()
    try:
        assert WorkerThread(clinic, LIGHT).run_due() == SWEEP_INTERVAL
    finally:
        db.session.execute(db.text("ALTER TABLE lost RENAME TO job"))
        db.session.commit()


def test_sweep_runs_every_six_hours(clinic: Flask) -> None:
    user = make_user()
    Device.register(user, "Старый телефон")
    LoginCode.ask("+79161234567", "192.0.2.1")
    RateLimitHit.count(LimitKind.EMAIL_PROOF, "somebody")
    db.session.commit()
    later(days=91)
    Job.ensure(JobKind.SWEEP)
    db.session.commit()
    run_due()
    assert [db.session.scalars(db.select(gone)).all() for gone in (Device, LoginCode, RateLimitHit)] == [[], [], []]
    sweep = db.session.scalars(db.select(Job).where(Job.kind == JobKind.SWEEP)).one()
    assert sweep.done_at is None
    assert run_due() == 0
    later(days=91, hours=6, seconds=1)
    assert run_due() == 1
