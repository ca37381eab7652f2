"""A person: name, zone, and an e-mail that counts once its link was opened."""

from __future__ import annotations

import pytest
from factories import PASSWORD, later, make_user

from ibolit import errors
from ibolit.extensions import db
from ibolit.models import EmailProof, User
from ibolit.services import clock
from ibolit.services.codes import new_nonce


def prove(user: User, email: str = "anna@example.org") -> EmailProof:
    proof = EmailProof(user_id=user.id, email=email, nonce=new_nonce())
    db.session.add(proof)
    db.session.commit()
    return proof


def test_password_and_initials(patient: User) -> None:
    assert patient.check_password(PASSWORD)
    assert not patient.check_password(PASSWORD + " ")
    assert patient.initials == "АС"
    assert 0 <= patient.tint < 12
    assert make_user("Ян").initials == "Я"


def test_email_is_found_in_any_case(clinic: object) -> None:
    user = make_user(email="anna@example.org")
    assert User.by_email("Anna@Example.org") is user
    assert User.by_email("anna@example.com") is None


def test_zone_follows_the_device_until_chosen(patient: User) -> None:
    assert str(patient.zone) == "Europe/Moscow"
    patient.follow_zone("Asia/Omsk")
    assert str(patient.zone) == "Asia/Omsk"
    patient.choose_zone("Asia/Dubai")
    patient.follow_zone("Asia/Omsk")
    assert str(patient.zone) == "Asia/Dubai"
    patient.choose_zone("")
    patient.follow_zone("Asia/Omsk")
    assert str(patient.zone) == "Asia/Omsk"


def test_presence_lasts_five_minutes(patient: User) -> None:
    assert not patient.is_present()
    patient.seen_at = clock.now()
    assert patient.is_present()
    later(minutes=5, seconds=1)
    assert not patient.is_present()


def test_email_counts_when_its_link_is_opened(patient: User) -> None:
    proof = prove(patient)
    assert patient.email is None
    proof.accept(proof.token)
    db.session.commit()
    assert patient.email == "anna@example.org"
    proof.accept(proof.token)  # from the letter once more
    patient.email = "other@example.org"
    with pytest.raises(errors.LinkIsSpent):
        proof.accept(proof.token)


@pytest.mark.parametrize("token", ["", "0" * 40, "токен"])
def test_wrong_token_proves_nothing(patient: User, token: str) -> None:
    proof = prove(patient)
    with pytest.raises(errors.LinkIsSpent):
        proof.accept(token)
    assert patient.email is None


def test_token_of_another_proof_proves_nothing(patient: User, stranger: User) -> None:
    mine, theirs = prove(patient), prove(stranger, "other@example.org")
    with pytest.raises(errors.LinkIsSpent):
        mine.accept(theirs.token)


def test_link_lives_three_days(patient: User) -> None:
    proof = prove(patient)
    later(days=3, seconds=1)
    assert not proof.is_alive()
    with pytest.raises(errors.LinkIsSpent):
        proof.accept(proof.token)


def test_only_the_newest_link_works(patient: User) -> None:
    old, new = prove(patient), prove(patient, "new@example.org")
    with pytest.raises(errors.LinkIsSpent):
        old.accept(old.token)
    new.accept(new.token)
    assert patient.email == "new@example.org"


def test_address_taken_meanwhile_stays_with_its_owner(patient: User) -> None:
    proof = prove(patient, "taken@example.org")
    owner = make_user("Хозяйка", email="taken@example.org")
    with pytest.raises(errors.LinkIsSpent):
        proof.accept(proof.token)
    assert (patient.email, owner.email) == (None, "taken@example.org")


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Анна Соколова", "АС"),
        ("👨\u200d👩\u200d👧 Анна", "А"),
        ("🇷🇺 анна 🙂 соколова", "АС"),
        ("и\u0306од", "Й"),
        ("🙂", "•"),
    ],
)
def test_initials_are_letters(name: str, initials: str) -> None:
    assert User(name=name).initials == initials
