"""A code proves a phone: its life, its guesses, its repetitions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from factories import later

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import Job, JobKind, LoginCode, RateLimitHit

PHONE = "+79161234567"
HERE = "192.0.2.1"


def ask(phone: str = PHONE) -> LoginCode:
    code = LoginCode.ask(phone, HERE)
    db.session.commit()
    return code


def wrong(code: LoginCode) -> str:
    return f"{(int(code.digits) + 1) % 1_000_000:06}"


def guess_wrong(code: LoginCode) -> None:
    with pytest.raises(errors.CodeIsWrong):
        code.guess(wrong(code))
    db.session.commit()


@pytest.fixture
def code(clinic: object) -> LoginCode:
    return ask()


def test_digits_are_six_and_never_stored(code: LoginCode) -> None:
    assert len(code.digits) == 6
    assert code.digits.isdecimal()
    row = db.session.execute(db.text("SELECT * FROM login_code")).one()
    assert code.digits not in map(str, row)


def test_right_code_proves_the_phone(code: LoginCode) -> None:
    assert not code.proves_phone()
    code.guess(code.digits)
    db.session.commit()
    assert code.proves_phone()


def test_code_proves_only_once(code: LoginCode) -> None:
    code.guess(code.digits)
    db.session.commit()
    with pytest.raises(errors.CodeIsSpent):
        code.guess(code.digits)


def test_code_lives_ten_minutes(code: LoginCode) -> None:
    later(minutes=9, seconds=55)
    guess_wrong(code)
    later(minutes=10)
    with pytest.raises(errors.CodeIsOld):
        code.guess(code.digits)


def test_five_guesses_and_no_more(code: LoginCode) -> None:
    for _ in range(4):
        guess_wrong(code)
    with pytest.raises(errors.CodeIsWrong, match="попытки кончились"):
        code.guess(wrong(code))
    db.session.commit()
    with pytest.raises(errors.CodeIsSpent):
        code.guess(code.digits)


def test_the_fifth_guess_may_be_right(code: LoginCode) -> None:
    for _ in range(4):
        guess_wrong(code)
    code.guess(code.digits)
    assert code.proves_phone()


def test_asking_within_a_minute_sends_nothing_new(code: LoginCode) -> None:
    later(seconds=50)
    assert ask() is code
    assert 0 < code.resend_in() <= 10
    assert len(db.session.scalars(db.select(Job)).all()) == 1


def test_resend_repeats_the_living_code(code: LoginCode) -> None:
    digits = code.digits
    later(seconds=61)
    again = ask()
    assert (again.id, again.digits) == (code.id, digits)
    jobs = db.session.scalars(db.select(Job)).all()
    assert [(job.kind, job.subject_id) for job in jobs] == [(JobKind.LOGIN_CODE, code.id)] * 2
    assert again.resend_in() > 50


def test_resend_does_not_lengthen_its_life(code: LoginCode) -> None:
    later(minutes=9)
    ask()
    later(minutes=10, seconds=1)
    assert code.is_old()
    assert ask().id != code.id


def test_only_the_newest_code_works(code: LoginCode) -> None:
    for _ in range(5):
        with pytest.raises(errors.CodeIsWrong):
            code.guess(wrong(code))
    db.session.commit()
    newer = ask()
    assert newer.id != code.id
    with pytest.raises(errors.CodeIsOld):
        code.guess(code.digits)
    newer.guess(newer.digits)


def test_each_phone_has_its_own(code: LoginCode) -> None:
    other = ask("+79167654321")
    assert other.id != code.id
    code.guess(code.digits)
    assert not other.proves_phone()


def test_proof_opens_one_password(code: LoginCode) -> None:
    code.guess(code.digits)
    code.spend()
    db.session.commit()
    assert not code.proves_phone()
    with pytest.raises(errors.CodeIsSpent):
        code.spend()


def test_proof_expires(code: LoginCode) -> None:
    code.guess(code.digits)
    db.session.commit()
    later(minutes=14, seconds=50)
    assert code.proves_phone()
    later(minutes=15, seconds=1)
    assert not code.proves_phone()
    with pytest.raises(errors.CodeIsSpent):
        code.spend()


def test_unproved_code_opens_nothing(code: LoginCode) -> None:
    with pytest.raises(errors.CodeIsSpent):
        code.spend()


def test_five_codes_an_hour_for_a_phone(clinic: object) -> None:
    for number in range(5):
        later(minutes=number * 11)
        ask()
    later(minutes=55)
    with pytest.raises(errors.TooManyAttempts):
        ask()
    db.session.rollback()
    later(minutes=61)
    ask()


def test_phone_is_counted_wherever_it_is_asked_from(clinic: object) -> None:
    for number in range(5):
        later(minutes=number * 2)
        LoginCode.ask(PHONE, f"192.0.2.{number}")
        db.session.commit()
    later(minutes=20)
    with pytest.raises(errors.TooManyAttempts):
        LoginCode.ask(PHONE, "198.51.100.1")


def test_thirty_codes_an_hour_for_an_address(clinic: object) -> None:
    for number in range(30):
        ask(f"+791600000{number:02}")
    with pytest.raises(errors.TooManyAttempts):
        ask("+79169999999")
    db.session.rollback()
    LoginCode.ask("+79169999999", "198.51.100.1")


def test_refused_asking_leaves_no_code_and_no_job(clinic: object) -> None:
    for number in range(30):
        ask(f"+791600000{number:02}")
    with pytest.raises(errors.TooManyAttempts):
        ask("+79169999999")
    db.session.rollback()
    assert LoginCode.newest_for("+79169999999") is None
    assert len(db.session.scalars(db.select(Job)).all()) == 30


def test_uninvited_phone_proves_nothing(code: LoginCode, change_settings: Callable[..., None]) -> None:
    change_settings(registration_is_open=False)
    with pytest.raises(errors.CodeIsWrong):
        code.guess(code.digits)


def test_phones_and_addresses_are_counted_as_fingerprints(code: LoginCode) -> None:
    keys = db.session.scalars(db.select(RateLimitHit.key)).all()
    assert len(keys) == 3  # the phone, the address, its network
    assert not any(PHONE in key or HERE in key for key in keys)


def test_yesterdays_codes_are_forgotten(code: LoginCode) -> None:
    later(hours=23)
    LoginCode.purge_old()
    assert LoginCode.newest_for(PHONE) is code
    later(hours=25)
    LoginCode.purge_old()
    assert LoginCode.newest_for(PHONE) is None
