"""The patient's rating: once, for what took place; the average for all, the words for the doctor."""

from __future__ import annotations

import pytest
from browser import Browser
from factories import make_chat, make_doctor, make_user, propose
from flask import Flask
from started_consultations import completed_consultation
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import Chat, Consultation, Doctor, Review, User


@pytest.fixture
def over(chat: Chat) -> Consultation:
    return completed_consultation(chat)


def url(consultation: Consultation) -> str:
    return f"/consultations/{consultation.id}/review"


def rate(
    browser: Browser, consultation: Consultation, stars: object = 5, words: str = "", **more: bool
) -> TestResponse:
    return browser.post(url(consultation), {"stars": stars, "words": words}, **more)


def given() -> list[tuple[int, str]]:
    return [(one.stars, one.words) for one in db.session.query(Review)]


def test_form_is_radios_with_words(as_patient: Browser, over: Consultation) -> None:
    page = as_patient.get(url(over)).text
    for stars, words in ((5, "отлично"), (1, "очень плохо")):
        assert f'type="radio" name="stars" value="{stars}"' in page
        assert words in page
    assert "Прочтёт только врач" in page


def test_rating_is_kept_and_shown_to_its_author(as_patient: Browser, over: Consultation) -> None:
    answer = rate(as_patient, over, 4, "Спасибо, доктор")
    assert (answer.status_code, answer.location) == (303, f"/consultations/{over.id}")
    assert given() == [(4, "Спасибо, доктор")]
    page = as_patient.get(url(over)).text
    assert "Ваша оценка: 4 из 5" in page
    assert "Спасибо, доктор" in page
    assert 'type="radio"' not in page


def test_htmx_is_led_back_to_the_card(as_patient: Browser, over: Consultation) -> None:
    answer = rate(as_patient, over, htmx=True)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (200, f"/consultations/{over.id}")


@pytest.mark.parametrize("htmx", [True, False])
@pytest.mark.parametrize("stars", ["", "0", "6", "пять"])
def test_no_such_rating_keeps_the_words(as_patient: Browser, over: Consultation, stars: str, htmx: bool) -> None:
    answer = rate(as_patient, over, stars, "Спасибо", htmx=htmx)
    assert answer.status_code == 422
    assert "Выберите оценку" in answer.text
    assert "Спасибо</textarea>" in answer.text
    assert ("<html" in answer.text) is not htmx
    assert given() == []


def test_too_many_words_keep_the_stars(as_patient: Browser, over: Consultation) -> None:
    answer = rate(as_patient, over, 3, "я" * 1001)
    assert answer.status_code == 422
    assert 'value="3" checked' in answer.text
    assert "длиннее 1 000 знаков" in answer.text


def test_twice_is_once(as_patient: Browser, over: Consultation) -> None:
    assert [rate(as_patient, over, 5, "Спасибо").status_code for _ in "ab"] == [303, 303]
    answer = rate(as_patient, over, 1, "Передумал")
    assert answer.status_code == 409
    assert "Вы уже оценили" in answer.text
    assert given() == [(5, "Спасибо")]


@pytest.mark.parametrize("htmx", [True, False])
def test_not_what_did_not_take_place(as_patient: Browser, chat: Chat, htmx: bool) -> None:
    consultation = propose(chat)
    assert "когда она состоялась" in as_patient.get(url(consultation)).text
    answer = rate(as_patient, consultation, htmx=htmx)
    assert answer.status_code == 409
    assert "которая состоялась" in answer.text
    assert given() == []


def test_only_its_patient_rates(as_doctor: Browser, as_stranger: Browser, over: Consultation) -> None:
    for somebody in (as_doctor, as_stranger):
        assert somebody.get(url(over)).status_code == 404
        assert rate(somebody, over).status_code == 404
    assert given() == []


# What others see


def rated(doctor: Doctor, *stars: int) -> None:
    doctor = db.session.get_one(Doctor, doctor.id)  # a visit has let go of everybody
    for number, one in enumerate(stars):
        patient = make_user(f"Пациент {number}")
        Review.give(completed_consultation(make_chat(patient, doctor, days_left=2)), one, "Слова для врача")
        db.session.commit()


def test_average_on_the_doctors_page_from_five_on(as_stranger: Browser, doctor: Doctor) -> None:
    rated(doctor, 5, 5, 5, 4)
    assert " из 5" not in as_stranger.get(f"/doctors/{doctor.id}").text
    rated(doctor, 5)
    page = as_stranger.get(f"/doctors/{doctor.id}").text
    assert "4,8 из 5" in page
    assert "5\u00a0отзывов" in page
    assert "Слова для врача" not in page


def test_average_is_rounded_and_the_plural_is_right(as_stranger: Browser, doctor: Doctor) -> None:
    rated(doctor, *[5] * 11, *[4] * 10)
    page = as_stranger.get(f"/doctors/{doctor.id}").text
    assert "4,5 из 5" in page
    assert "21\u00a0отзыв<" in page


def test_other_doctors_have_their_own(as_stranger: Browser, doctor: Doctor) -> None:
    other = make_doctor("Лебедев Михаил Аркадьевич")
    rated(doctor, *[5] * 5)
    assert " из 5" not in as_stranger.get(f"/doctors/{other.id}").text


def test_words_reach_the_doctor(clinic: Flask, as_patient: Browser, over: Consultation, doctor: Doctor) -> None:
    rate(as_patient, over, 4, "Спасибо, доктор")
    db.session.remove()
    led = Consultation.find_for(db.session.get_one(User, doctor.user_id), over.id)
    assert led is not None
    assert led.review is not None
    words = clinic.jinja_env.get_template("fragments/consultations/review.html").render(
        review=led.review, viewer=led.doctor.user
    )
    assert "Оценка пациента: 4 из 5" in words
    assert "Спасибо, доктор" in words
