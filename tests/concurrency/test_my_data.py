"""A copy asked for on many devices at once is one, and a consent is taken back once."""

from __future__ import annotations

from factories import long_signed_in
from flask import Flask
from sqlalchemy import func, select

from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import (
    Chat,
    Consent,
    CopyState,
    DataCopy,
    Device,
    DocumentKind,
    SecurityEvent,
    User,
    request_data_copy,
)

from .crowd import outcomes


def own_device(patient: User) -> tuple[int, int]:
    return patient.id, long_signed_in(patient).id


def count_of(model: type[DataCopy] | type[SecurityEvent]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_many_presses_make_one_copy_and_one_word_of_it(clinic: Flask, chat: Chat, patient: User) -> None:
    user_id, device_id = own_device(patient)

    def ask(_: int) -> None:
        request_data_copy(db.session.get_one(User, user_id), db.session.get_one(Device, device_id))

    assert outcomes(clinic, 8, ask) == {"done": 8}
    assert (count_of(DataCopy), count_of(SecurityEvent)) == (1, 1)


def test_asked_for_and_taken_back_at_once_ends_as_one_or_the_other(clinic: Flask, chat: Chat, patient: User) -> None:
    user_id, device_id = own_device(patient)

    def turn(number: int) -> None:
        user = db.session.get_one(User, user_id)
        if number % 2:
            DataCopy.withdraw_all_of(user)
        else:
            request_data_copy(user, db.session.get_one(Device, device_id))

    done = outcomes(clinic, 6, turn)
    assert done["done"] == 6
    alive = [one for one in db.session.scalars(select(DataCopy)) if one.is_under_way]
    assert len(alive) <= 1
    run_due()
    for copy in db.session.scalars(select(DataCopy).execution_options(populate_existing=True)):
        assert copy.state in (CopyState.READY, CopyState.WITHDRAWN)
        assert copy.has_file == (copy.state is CopyState.READY)


def test_consent_is_taken_back_once(clinic: Flask, patient: User) -> None:
    user_id = patient.id

    def withdraw(_: int) -> None:
        if not Consent.withdraw(db.session.get_one(User, user_id), DocumentKind.OFFER):
            raise LookupError

    assert outcomes(clinic, 6, withdraw)["done"] == 1
