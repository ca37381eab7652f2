"""Two windows, any form that edits: nothing is overwritten unseen, and nobody's text is lost.

The forms are found on the pages themselves, through every door of the url_map: a new one is walked, too, or says here
why it edits nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import pytest
import samples
from browser import Browser
from factories import make_child, make_user, propose
from flask import Flask
from forms_on_pages import FormOnPage, Seen, forms_on
from payment_steps import buy, request_refund
from started_consultations import completed_consultation
from werkzeug.test import TestResponse

from ibolit.extensions import db
from ibolit.models import (
    AppointmentType,
    CalendarFeed,
    Chat,
    ConsultationKind,
    Doctor,
    FactKind,
    Invitation,
    PatientFact,
    ReplyTemplate,
    Role,
    TypeTerms,
    User,
)
from ibolit.services import media

pytestmark = pytest.mark.slow_file

# What begins something new, or answers what its page showed (`seen`, `rest`, `promise`): no kept text stands in it.
NOT_EDITING = {
    "account.ask_new_phone", "account.change_email", "auth.consent", "auth.phone", "chat.create", "chat.post",
    "consultations.cancel",
    "consultations.give_conclusion",  # a draft, below
    "facts.create", "family.add_child", "consultations.send_review", "consultations.request_reschedule",
    "invitations.create",
    "invitations.create_import",
    "operator.approve", "operator.decline", "operator.refund", "patients.give_days", "practice.add_tariff",
    "practice.add_time_off", "practice.add_appointment_type",
    "practice.set_hours",  # a day is compared as a whole: test_hours.py
    "practice.change_appointment_type",  # its price and its tick exclude each other: test_appointment_types.py
    "proposals.create", "proposals.send_request", "relatives.create", "relatives.mark_death",
    "replies.create", "tariffs.buy",
}  # fmt: skip


class Found(dict[str, tuple[Browser, str, str]]):
    """endpoint → who sees it, on which page, where it is sent; and the endpoints of forms with nothing to type."""

    buttons: set[str]


@pytest.fixture
def found(clinic: Flask, chat: Chat, doctor: Doctor, patient: User) -> Found:
    """Every form with something to change, of a clinic in which everything is filled in."""
    request_refund(buy(chat))
    completed_consultation(chat)
    ahead = propose(chat)
    ReplyTemplate.add(db.session.get_one(Doctor, doctor.id), "Привет", "Здравствуйте!")
    db.session.get_one(Doctor, doctor.id).set_availability(True, 22 * 60, 7 * 60)
    week = 0b1011111  # whatever is ticked otherwise, some day is left
    db.session.get_one(Doctor, doctor.id).promise(4, days=week, start=9 * 60, end=18 * 60)
    host = db.session.get_one(Doctor, doctor.id)
    AppointmentType.add(host, TypeTerms("Первичная", ConsultationKind.VIDEO, 30, 1500_00))
    CalendarFeed.renew(host, seen="")
    Invitation.invite(db.session.get_one(Doctor, doctor.id), doctor.user, email="zoya@example.org", name="Зоя")
    db.session.commit()
    people = Browser(clinic, patient), Browser(clinic, doctor.user), Browser(clinic, make_user("Ольга", Role.OPERATOR))
    people[1].post(f"/patients/{patient.id}/note", {"text": "Гуляет", "pen": "pen-of-a-page", "seen": "0"})
    give_photo(people[1])
    people[0].post(f"/consultations/{ahead.id}/complaint", {"trouble": "Кашель", "client_id": "client-0001"})
    for author in (patient, doctor.user):
        PatientFact.add(patient.subject_key, author, FactKind.ALLERGY, f"Пыльца, говорит {author.name}")
    PatientFact.add(patient.subject_key, patient, FactKind.ALLERGY, "Орехи").strike(patient)
    make_child(patient)
    db.session.commit()
    found = Found()
    found.buttons = set()
    for person in people:
        for endpoint, page, form in _forms_of(clinic, person):
            if form.seen:
                found[endpoint] = person, page, form.action
            else:
                found.buttons.add(endpoint)
    return found


def give_photo(browser: Browser) -> None:
    typed = {"cut": "middle", "photo": (BytesIO(samples.jpeg(300, 400)), "я.jpg")}
    assert browser.post("/practice/photo", typed, content_type="multipart/form-data").status_code == 303


def _forms_of(clinic: Flask, person: Browser) -> Iterator[tuple[str, str, FormOnPage]]:
    doors = clinic.url_map.bind("127.0.0.1")
    for page in _pages(clinic):
        answer = person.get(page)
        if answer.status_code != 200 or "text/html" not in answer.content_type:
            continue
        for form in forms_on(answer.text):
            if form.method.lower() == "post":
                endpoint, _ = doors.match(html.unescape(form.action).partition("?")[0], "POST")
                yield endpoint, page, form


def _pages(clinic: Flask) -> Iterator[str]:
    """Of things that have numbers the first three."""
    doors = clinic.url_map.bind("127.0.0.1")
    for rule in clinic.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.endpoint.startswith(("static", "assets", "live", "calls", "pwa")):
            continue
        if rule.arguments <= {"id"}:
            for id in (1, 2, 3) if rule.arguments else (0,):
                yield doors.build(rule.endpoint, {"id": id} if rule.arguments else {})


def form_on(browser: Browser, page: str, action: str) -> FormOnPage | None:
    return next((form for form in forms_on(browser.get(page).text) if form.action == action), None)


def changes(one: Seen) -> tuple[str | None, str | None]:
    """What two people would make of it."""
    if one.kind == "checkbox":
        return (None, None) if one.is_on else (one.value, one.value)
    if one.kind in ("select", "radio"):
        others = [option for option in one.options if option not in ("", one.value)]
        return others[0], others[1]
    if one.name == "birth_date":
        mine, theirs = [day for day in ("03.05.2019", "04.05.2019", "05.05.2019") if day != one.value][:2]
        return mine, theirs
    if one.kind == "time":
        mine, theirs = [f"{one.value[:3]}{minute}" for minute in (10, 20, 30) if one.value[3:] != str(minute)][:2]
        return mine, theirs
    if one.numeric:
        number = int(one.value.replace("\u00a0", ""))
        return str(number + 1), str(number + 2)
    return f"{one.value} Первое".strip(), f"{one.value} Второе".strip()


def plain(words: str | None) -> str | None:
    return words.replace("\u00a0", "") if words else words


@pytest.mark.any_database
def test_every_form_that_edits_is_known(found: Found) -> None:
    assert {
        "account.change_birth_date", "account.change_sex", "facts.update", "family.change",
        "account.rename", "account.choose_zone", "account.choose_notifications", "consultations.send_questionnaire",
        "patients.keep_note", "practice.introduce", "practice.set_terms", "practice.be_reachable",
        "practice.promise_answers", "practice.change_photo",
        "practice.set_booking_rules", "practice.change_tariff", "replies.update",
    } == set(found) - NOT_EDITING  # fmt: skip


@pytest.mark.any_database
def test_what_both_change_is_asked_back_with_both_texts(found: Found) -> None:
    for endpoint in sorted(set(found) - NOT_EDITING):
        browser, page, action = found[endpoint]
        for name in _names(browser, page, action):
            first, second = (form_on(browser, page, action) for _ in range(2))
            if first is None or second is None:
                break  # a tariff with another price is another tariff
            mine, theirs = changes(next(one for one in second.seen if one.name == name))
            if mine == theirs:
                continue  # a box can be changed in one way only
            assert browser.post(action, first.sent(**{name: mine})).status_code == 303, (endpoint, name)
            answer = browser.post(action, second.sent(**{name: theirs}))
            assert answer.status_code == 409, (endpoint, name)
            shown = html.unescape(answer.text)
            again = next((form for form in forms_on(answer.text) if form.action == action), None)
            if again is None:
                assert "Вы ввели" in shown
                break
            assert plain(again.value_of(name)) == plain(theirs), (endpoint, name)
            assert "Сейчас сохранено:" in shown, (endpoint, name)
            kept = form_on(browser, page, action)
            assert kept is not None
            assert plain(kept.value_of(name)) == plain(mine), (endpoint, name)
            assert browser.post(action, again.sent()).status_code == 303, (endpoint, name)  # both were seen
            kept = form_on(browser, page, action)
            assert kept is None or plain(kept.value_of(name)) == plain(theirs), (endpoint, name)


@pytest.mark.any_database
@pytest.mark.parametrize("changes_another", [False, True])
def test_what_one_changes_outlives_an_old_window(found: Found, changes_another: bool) -> None:
    """Whoever saves last without having touched a field takes nothing back in it, and switches nothing off."""
    for endpoint in sorted(set(found) - NOT_EDITING):
        browser, page, action = found[endpoint]
        names = _names(browser, page, action)
        for place, name in enumerate(names):
            first, second = (form_on(browser, page, action) for _ in range(2))
            if first is None or second is None:
                break
            mine, _ = changes(next(one for one in first.seen if one.name == name))
            other = names[place - 1]
            _, theirs = changes(next(one for one in second.seen if one.name == other))
            typed = {other: theirs} if changes_another and other != name else {}
            assert browser.post(action, first.sent(**{name: mine})).status_code == 303, (endpoint, name)
            answer = browser.post(action, second.sent(**typed))
            assert answer.status_code in (303, 409), (endpoint, name)
            kept = form_on(browser, page, action)
            if kept is None:
                break
            assert plain(kept.value_of(name)) == plain(mine), (endpoint, name)
            if typed and answer.status_code == 303:
                assert plain(kept.value_of(other)) == plain(theirs), (endpoint, name, other)


def _names(browser: Browser, page: str, action: str) -> list[str]:
    form = form_on(browser, page, action)
    assert form is not None
    return [one.name for one in form.seen]


def test_draft_of_another_window_is_not_overwritten(clinic: Flask, chat: Chat, doctor: Doctor) -> None:
    over, browser = completed_consultation(chat), Browser(clinic, doctor.user)
    page, draft = f"/consultations/{over.id}/conclusion/new", f"/consultations/{over.id}/conclusion/draft"
    first, second = (form_on(browser, page, page) for _ in range(2))
    assert first is not None
    assert second is not None
    assert browser.post(draft, first.sent(text="Из первого"), htmx=True).status_code == 200
    assert browser.post(draft, first.sent(text="Из первого, дальше"), htmx=True).status_code == 200  # its own pen
    for url in (draft, page):  # nor thrown away by giving the other text
        answer = browser.post(url, second.sent(text="Из второго"), htmx=url == draft)
        assert answer.status_code == 409
        assert "Из первого, дальше" in answer.text
    again = next(form for form in forms_on(answer.text) if form.action == page)
    assert again.value_of("text") == "Из второго"
    assert browser.post(draft, again.sent(), htmx=True).status_code == 200  # both were seen
    kept = form_on(browser, page, page)
    assert kept is not None
    assert kept.value_of("text") == "Из второго"


def test_template_deleted_elsewhere_gives_the_text_back(clinic: Flask, doctor: Doctor) -> None:
    template = ReplyTemplate.add(db.session.get_one(Doctor, doctor.id), "Привет", "Здравствуйте!")
    db.session.commit()
    browser, action = Browser(clinic, doctor.user), f"/replies/{template.id}"
    old = form_on(browser, "/replies", action)
    removal = form_on(browser, "/replies", f"{action}/removal")
    assert old is not None
    assert removal is not None
    browser.post(action, old.sent(**{f"reply-{template.id}-text": "Добрый день!"}))
    assert browser.post(removal.action, removal.sent()).status_code == 409  # it is not what was seen
    fresh = form_on(browser, "/replies", removal.action)
    assert fresh is not None
    browser.post(fresh.action, fresh.sent())
    answer = browser.post(action, old.sent(**{f"reply-{template.id}-text": "Длинный новый текст"}))
    assert answer.status_code == 409
    assert "удалили в другом окне" in answer.text
    new = next(form for form in forms_on(answer.text) if form.action == "/replies")
    assert new.value_of("new-text") == "Длинный новый текст"


@pytest.mark.any_database
def test_nothing_is_cut_in_silence(found: Found) -> None:
    """A browser cuts what is pasted to `maxlength` and says nothing; the form says it, and keeps the text."""
    for endpoint in sorted(found):
        browser, page, _ = found[endpoint]
        assert not re.search(r"<textarea[^>]*maxlength", browser.get(page).text), endpoint


PHOTO = "/practice/photo"


@pytest.fixture
def two_windows(clinic: Flask, doctor: Doctor) -> tuple[Browser, FormOnPage, FormOnPage]:
    """Of a doctor with a photo whose middle is shown; both opened before anything is changed."""
    browser = Browser(clinic, doctor.user)
    give_photo(browser)
    first, second = (form_on(browser, "/practice/photo", PHOTO) for _ in range(2))
    assert first is not None
    assert second is not None
    return browser, first, second


def send_photo(browser: Browser, form: FormOnPage, cut: str, *, new: bool) -> TestResponse:
    file = {"photo": (BytesIO(samples.jpeg(400, 300)), "новое.jpg")} if new else {}
    return browser.post(PHOTO, form.sent(cut=cut) | file, htmx=True, content_type="multipart/form-data")


@pytest.mark.parametrize("second_is_new", [False, True])
def test_photo_of_another_window_is_neither_cut_nor_thrown_away(
    two_windows: tuple[Browser, FormOnPage, FormOnPage], doctor: Doctor, second_is_new: bool
) -> None:
    browser, first, second = two_windows
    assert send_photo(browser, first, "start", new=True).status_code == 200
    kept = photo_of(doctor)
    answer = send_photo(browser, second, "end", new=second_is_new)
    assert answer.status_code == 409
    assert photo_of(doctor) == kept
    words = "выберите файл ещё раз" if second_is_new else "Сейчас сохранено:"
    assert words in answer.text
    assert f"/photo/{kept[0][:12]}" in answer.text  # it is seen now
    [again] = [form for form in forms_on(answer.text) if form.action == PHOTO]
    assert again.value_of("cut") == "end"
    assert send_photo(browser, again, "end", new=second_is_new).status_code == 200
    assert photo_of(doctor)[1] == "end"


def test_photo_never_seen_is_not_removed(two_windows: tuple[Browser, FormOnPage, FormOnPage], doctor: Doctor) -> None:
    browser, first, _ = two_windows
    removal = form_on(browser, "/practice/photo", f"{PHOTO}/removal")
    assert removal is not None
    send_photo(browser, first, "start", new=True)
    kept = photo_of(doctor)
    answer = browser.post(removal.action, removal.sent())
    assert (answer.status_code, photo_of(doctor)) == (409, kept)
    assert "Фото сменили в другом окне" in answer.text
    fresh = form_on(browser, "/practice/photo", removal.action)
    assert fresh is not None
    assert browser.post(fresh.action, fresh.sent()).status_code == 303
    assert photo_of(doctor)[0] == ""
    assert browser.post(fresh.action, fresh.sent()).status_code == 303  # a second press


def test_photo_changed_while_another_is_looked_at(
    two_windows: tuple[Browser, FormOnPage, FormOnPage], doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoders take seconds, and nothing is held meanwhile."""
    browser, first, second = two_windows
    to_square = media.to_square

    def change() -> int:
        with browser.app.app_context():
            return send_photo(browser, second, "end", new=True).status_code

    def slowly(*args: Any) -> Any:
        monkeypatch.setattr(media, "to_square", to_square)
        with ThreadPoolExecutor() as another:
            assert another.submit(change).result() == 200
        return to_square(*args)

    monkeypatch.setattr(media, "to_square", slowly)
    assert send_photo(browser, first, "start", new=False).status_code == 409
    assert photo_of(doctor)[1] == "end"


def photo_of(doctor: Doctor) -> tuple[str, str]:
    """Its key, and how it is cut."""
    db.session.expire_all()
    kept = db.session.get_one(Doctor, doctor.id)
    return kept.own_photo or "", kept.photo_crop


# What is on none of these pages.
ELSEWHERE = {
    # Ways in, out and to another device: nothing is kept that two windows could change.
    "account.ask_another_phone", "account.change_phone",
    "account.undo_erasure",  # of who has asked for it
    "account.confirm_by_code", "account.confirm_by_password", "account.end_device", "account.end_other_devices",
    "account.prove_email", "account.send_code", "auth.begin_anew", "auth.code", "auth.login", "auth.mail_code",
    "auth.password", "auth.resend", "auth.show_code", "auth.show_name",
    "my_data.remove_copy", "my_data.withdraw_consent",  # nothing of them is typed
    "calls.transfer", "not_me.undo", "device_transfer.accept",
    "welcome.accept", "welcome.begin", "welcome.exit", "welcome.sign_in",
    # Scripts and machines.
    "account.begin_push", "account.check_push", "account.end_push", "account.note_push_offer", "account.renew_push",
    "calls.report", "chat.update_receipts", "chat.type", "consultations.save_draft",  # the draft has its tests below
    "account.answer_birth_date",  # of what a list has said; the date that was shown goes with it
    "pwa.answer_home_screen", "uploads.create", "webhooks.yookassa",
    # Buttons of a state or an hour that is not this clinic's; what was seen goes with them.
    "calls.request_callback", "consultations.accept_reschedule", "consultations.choose",
    "booking.create", "moving.create",  # what was shown goes with them: test_booking.py
    "consultations.announce_delay", "consultations.decline_reschedule",
    "consultations.mark_ready", "consultations.pay", "demo.decide", "invitations.start_import",
    "operator.close_alert", "operator.retry", "payments.check", "practice.move_tariff",
    "practice.move_appointment_type",
    "suggested_child.add", "suggested_child.refuse",  # of what a list has said, once: test_invited_child.py
    "subjects.copy", "subjects.switch",  # whom it is about goes with the button
    "recalls.create", "replies.move", "replies.note_use", "stand_in.choose", "practice.end_time_off",
    "practice.change_time_off",  # two windows of it: test_away.py
    # Codes, and what is done once and asked of nobody twice: test_relatives.py.
    "relatives.check_child_code", "relatives.end", "relatives.grant", "relatives.invite_to_own_phone",
    "relatives.note_spoken", "relatives.remove", "relatives.send_again",
    "relatives.send_child_code", "relatives.accept_chats", "relatives.unmark_death",
    # Words that begin something new.
    "account.request_refund", "invitations.take_columns", "operator.refund_out_of_band", "payments.send_receipt",
}  # fmt: skip


@pytest.mark.any_database
def test_no_door_that_takes_words_is_forgotten(clinic: Flask, found: Found) -> None:
    """Whatever can be posted is a form that was walked, a form without fields, or stands here with its reason."""
    posts = {rule.endpoint for rule in clinic.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posts - set(found) - found.buttons == ELSEWHERE
