"""The chores of the command line."""

from __future__ import annotations

from flask import Flask

from ibolit.extensions import db
from ibolit.models import Doctor, Job, JobKind


def test_seed_fills_once(clinic: Flask) -> None:
    runner = clinic.test_cli_runner()
    assert "is filled" in runner.invoke(args=["seed"]).output
    assert "there already" in runner.invoke(args=["seed"]).output
    assert len(db.session.scalars(db.select(Doctor)).all()) == 6


def test_work_runs_until_stopped(clinic: Flask) -> None:
    worker = clinic.extensions["ibolit_worker"]
    worker.stop()
    try:
        assert clinic.test_cli_runner().invoke(args=["work"]).exit_code == 0
    finally:
        worker._stopping = False
    assert set(db.session.scalars(db.select(Job.kind))) == {JobKind.SWEEP, JobKind.PAYMENTS_SWEEP}
