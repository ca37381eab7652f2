"""Two windows, any form that edits: nothing is overwritten unseen, and nobody's text is lost.

The forms are found on the pages themselves, through every door of the url_map: a new one is walked, too, or says here
why it edits nothing.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
from browser import Browser
from factories import make_user, propose
from flask import Flask
from forms_on_pages import FormOnPage, Seen, forms_on
from money import buy, wish
from talked import talked

from ibolit.extensions import db
from ibolit.models import Chat, Doctor, Invitation, ReplyTemplate, Role, User

# What begins something new, or answers what its page showed (`seen`, `rest`, `promise`): no kept text stands in it.
NOT_EDITING = {
    "account.change_email", "auth.consent", "auth.phone", "chat.post", "consultations.cancel",
    "consultations.give_conclusion",  # a draft, below
    "consultations.send_review", "consultations.wish_time", "invitations.create", "invitations.create_import",
    "operator.approve", "operator.decline", "operator.give_back", "patients.give_days", "practice.add_tariff",
    "practice.change_photo", "proposals.create", "proposals.send_request", "replies.create", "tariffs.buy",
}  # fmt: skip
Found = dict[str, tuple[Browser, str, str]]  # endpoint → who sees it, on which page, where it is sent


@pytest.fixture
def found(clinic: Flask, chat: Chat, doctor: Doctor, patient: User) -> Found:
    """Every form with something to change, of a clinic in which everything is filled in."""
    wish(buy(chat))
    talked(chat)
    ahead = propose(chat)
    ReplyTemplate.add(db.session.get_one(Doctor, doctor.id), "Привет", "Здравствуйте!")
    db.session.get_one(Doctor, doctor.id).be_reachable(True, 22 * 60, 7 * 60)
    Invitation.invite(db.session.get_one(Doctor, doctor.id), doctor.user, email="zoya@example.org", name="Зоя")
    db.session.commit()
    people = Browser(clinic, patient), Browser(clinic, doctor.user), Browser(clinic, make_user("Ольга", Role.OPERATOR))
    people[1].post(f"/patients/{patient.id}/note", {"text": "Гуляет", "pen": "pen-of-a-page", "seen": "0"})
    people[0].post(f"/consultations/{ahead.id}/complaint", {"trouble": "Кашель", "client_id": "client-0001"})
    return {endpoint: seen for person in people for endpoint, *seen in _forms_of(clinic, person)}  # type: ignore[misc]


def _forms_of(clinic: Flask, person: Browser) -> Iterator[tuple[str, Browser, str, str]]:
    doors = clinic.url_map.bind("127.0.0.1")
    for page in _pages(clinic):
        answer = person.get(page)
        if answer.status_code != 200 or "text/html" not in answer.content_type:
            continue
        for form in forms_on(answer.text):
            if form.method.lower() == "post" and form.seen:
                endpoint, _ = doors.match(html.unescape(form.action).partition("?")[0], "POST")
                yield endpoint, person, page, form.action


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
    if one.kind == "select":
        others = [option for option in one.options if option not in ("", one.value)]
        return others[0], others[1]
    if one.kind == "time":
        mine, theirs = [f"{one.value[:3]}{minute}" for minute in (10, 20, 30) if one.value[3:] != str(minute)][:2]
        return mine, theirs
    if one.numeric:
        number = int(one.value.replace("\u00a0", ""))
        return str(number + 1), str(number + 2)
    return f"{one.value} Первое".strip(), f"{one.value} Второе".strip()


def plain(words: str | None) -> str | None:
    return words.replace("\u00a0", "") if words else words


def test_every_form_that_edits_is_known(found: Found) -> None:
    assert {
        "account.rename", "account.choose_zone", "account.choose_notifications", "consultations.send_complaint",
        "patients.keep_note", "practice.introduce", "practice.set_terms", "practice.be_reachable",
        "practice.change_tariff", "replies.update",
    } == set(found) - NOT_EDITING  # fmt: skip


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
    over, browser = talked(chat), Browser(clinic, doctor.user)
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


def test_nothing_is_cut_in_silence(found: Found) -> None:
    """A browser cuts what is pasted to `maxlength` and says nothing; the form says it, and keeps the text."""
    for endpoint in sorted(found):
        browser, page, _ = found[endpoint]
        assert not re.search(r"<textarea[^>]*maxlength", browser.get(page).text), endpoint
