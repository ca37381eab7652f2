"""Several workers at one desk: every job is done, and done once."""

from __future__ import annotations

from collections import Counter

from flask import Flask

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Job, JobKind, LoginCode
from ibolit.services import Services

from .crowd import at_once


def claim_all() -> list[int]:
    mine = []
    while (job := Job.claim()) is not None:
        db.session.commit()
        mine.append(job.id)
    db.session.commit()
    return mine


def test_two_workers_never_claim_the_same(clinic: Flask) -> None:
    for number in range(40):
        Job.add(JobKind.LOGIN_CODE, number)
    db.session.commit()
    claimed = at_once(clinic, 6, lambda _: claim_all())
    assert Counter(id for some in claimed for id in some) == dict.fromkeys(range(1, 41), 1)
    assert set(db.session.scalars(db.select(Job.attempts))) == {1}


def test_everybody_gets_one_sms(clinic: Flask, services: Services) -> None:
    phones = [f"+791600000{number:02}" for number in range(20)]
    for phone in phones:
        LoginCode.ask(phone, f"192.0.2.{phone[-2:]}")
    db.session.commit()
    done = at_once(clinic, 4, lambda _: run_due())
    assert sum(done) == 20
    assert Counter(letter.to for letter in services.outbox.latest()) == dict.fromkeys(phones, 1)
