"""A device that was let in for one consultation: whatever it shows leads where it may go, and it can be left."""

from __future__ import annotations

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from browser import Browser
from consultation_steps import cancel
from factories import attach, propose, say
from flask import Flask, request
from matrix_world import store
from started_consultations import completed_consultation, consultation_in_progress

from ibolit.extensions import db
from ibolit.models import Chat, Conclusion, Consultation, ConsultationKind, ConsultationRequest, Device, User
from ibolit.services import Services, clock
from ibolit.web import guest_device, guest_pages

AWAY = {"/logout", "/login"}  # its owner's, and the way out


class Ways(HTMLParser):
    """Whatever can be followed or pressed on a page: (method, address, what the form sends)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, dict[str, str]]] = []
        self.asked: list[str] = []  # by scripts, of cards that turn with the clock
        self.typed: dict[str, str] = {}  # into the form that has begun; links may stand in it, too
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.typed = {}
            self.found.append((known.get("method", "get").upper(), known["action"], self.typed))
        elif tag in ("a", "button"):
            to = known.get("href") or known.get("hx-get") or ""
            self.found += [("GET", to, {})] if to.startswith("/") else []
        elif tag in ("input", "textarea") and known.get("name"):
            self.typed[known["name"]] = known.get("value", "")
        if "data-card" in known:
            self.asked.append(known["data-card"])


@pytest.fixture
def ours(chat: Chat) -> Consultation:
    """The consultation it was let in for; around it, in the same chat, all that a chat can hold."""
    patient, doctor = chat.patient, chat.doctor.user
    over = completed_consultation(chat)
    Conclusion.give(over, "Гулять", "gives-0001", seen=0)
    db.session.commit()
    propose(chat, starts_at=clock.now() + timedelta(days=1))
    propose(chat, price=2500_00, starts_at=clock.now() + timedelta(days=2))
    cancel(propose(chat, starts_at=clock.now() + timedelta(days=3)), doctor)
    ConsultationRequest.ask(chat, patient, ConsultationKind.VIDEO, "Когда удобно?", "asks-0001")
    db.session.commit()
    photo = attach(chat, patient)
    store(photo)
    say(chat, patient, "Снимок", files=[photo])
    return consultation_in_progress(chat)


def guest(app: Flask, user: User, consultation: Consultation) -> Browser:
    device, token = Device.register(db.session.get_one(User, user.id), "Чужой планшет")
    device.only_consultation_id, device.ends_at = consultation.id, consultation.closes_at
    db.session.commit()
    browser = Browser(app)
    with browser.client.session_transaction() as session:
        session["device"], session["_user_id"], session["_fresh"] = token, str(user.id), True
    return browser


@pytest.fixture
def turned_away(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The doors that led a guest back."""
    may_open, away = guest_device.may_open, []

    def noted(consultation_id: int) -> bool:
        answer = may_open(consultation_id)
        away.extend([] if answer else [request.full_path])
        return answer

    monkeypatch.setattr(guest_device, "may_open", noted)
    return away


@pytest.mark.parametrize("who", ["patient", "doctor"])
def test_every_way_is_followed_and_answered(
    clinic: Flask, ours: Consultation, who: str, turned_away: list[str]
) -> None:
    user = ours.patient if who == "patient" else ours.doctor.user
    card, call, chat = f"/consultations/{ours.id}", f"/consultations/{ours.id}/call", f"/chats/{ours.chat_id}"
    browser, seen, actions = guest(clinic, user, ours), {card, call, chat, f"{chat}/messages?after=0"}, {}
    waiting = list(seen)
    while waiting:
        page = waiting.pop()
        answer = browser.get(page, htmx="after=" in page)
        assert answer.status_code == 200, page
        if "text/html" not in answer.content_type:
            continue
        ways = Ways(answer.text)
        assert {to.partition("#")[0] for to in ways.asked} <= {card}, page
        for method, to, typed in ways.found:
            address = to.partition("#")[0]
            if address.partition("?")[0] in AWAY or address.startswith("/documents"):
                continue
            if method == "POST":
                actions.setdefault(address, typed)
            elif address and address not in seen:
                seen.add(address)
                waiting.append(address)
    assert turned_away == []
    for address, typed in sorted(
        actions.items(), key=lambda action: action[0].endswith("/end")
    ):  # what ends it comes last
        if "text" in typed:
            typed["text"] = "Слышу вас"
        answer = browser.post(address, dict(typed))
        assert answer.status_code in (200, 204, 303), (address, answer.text)
    assert turned_away == []
    assert len(seen) > 6
    assert {"/messages", "/typing", "/ready"} & {address[address.rfind("/") :] for address in actions}


@pytest.mark.parametrize("page", ["/consultations/{consultation}", "/consultations/{consultation}/call"])
def test_it_may_be_left_from_its_pages(clinic: Flask, ours: Consultation, page: str) -> None:
    browser = guest(clinic, ours.patient, ours)
    ways = Ways(browser.get(page.format(consultation=ours.id)).text).found
    [out, *_] = [typed for method, to, typed in ways if (method, to) == ("POST", "/logout")]
    assert browser.post("/logout", dict(out)).location == "/login"
    assert browser.get(f"/consultations/{ours.id}").location.startswith("/login")


def test_chat_there_leads_back_to_its_consultation(clinic: Flask, ours: Consultation) -> None:
    page = guest(clinic, ours.patient, ours).get(f"/chats/{ours.chat_id}").text
    assert f'class="bar__back" href="/consultations/{ours.id}"' in page


def test_cards_of_other_consultations_keep_their_words(clinic: Flask, ours: Consultation) -> None:
    """Nothing of the text is lost, but for the words of buttons."""
    whole, kept = (
        browser.get(f"/chats/{ours.chat_id}").text
        for browser in (Browser(clinic, ours.patient), guest(clinic, ours.patient, ours))
    )
    days = [re.findall(r'class="consultation__day">(.*?)</b>', page) for page in (whole, kept)]
    assert len(days[0]) == 5
    assert days[0] == days[1]
    for word in ("Оплатить", "Подтвердить", "Отменить", "Оценить"):
        assert word in whole
        assert word not in kept
    assert not re.search(r"<li>\s*</li>|<p[^>]*>\s*</p>", kept.partition("<main")[2].partition("typing")[0])


def test_live_cards_there_keep_to_the_consultation(clinic: Flask, ours: Consultation, services: Services) -> None:
    whole = services.realtime.open(ours.patient_id, 1)
    there = services.realtime.open(ours.patient_id, 2, only_chat_id=ours.chat_id)
    there.transform = guest_pages.filter_for_guest_of(ours.id)
    fresh = propose(ours.chat, starts_at=clock.now() + timedelta(days=5))
    told = {name: "".join(iter(queue.take, None)) for name, queue in (("whole", whole), ("there", there))}
    assert f'action="/consultations/{fresh.id}/' in told["whole"]
    assert f'id="consultation-{fresh.id}"' in told["there"]
    assert f"/consultations/{fresh.id}" not in told["there"]


@pytest.mark.parametrize(
    ("page", "kept"),
    [
        ("<!doctype html><p>A &amp; B&nbsp;&#8381;<br><img src=\"/x\"/></p><!-- c -->", None),
        ('<a class="consultation__link" href="/shut"><b>Да</b></a> в 10',
         '<span class="consultation__link"><b>Да</b></span> в 10'),
        ('<a href="/shut">слово</a>, <a href="/open">другое</a>', '<span>слово</span>, <a href="/open">другое</a>'),
        ('<ul><li><a class="button" href="/shut"><svg><use href="#i"/></svg>Нет</a></li></ul>', "<ul></ul>"),
        ('<p class="consultation__submit"><a class="button" href="/shut">Нет</a></p>Да', "Да"),
        ('<p>Слова <a class="button" href="/shut">Нет</a></p>', "<p>Слова </p>"),
        ('<form method="post" action="/shut"><p>Нет</p><input name="a"><button>Нет</button></form>Да', "Да"),
        (
            '<section class="card" data-behaviour="card-refresh" data-card="/shut" id="a">Да</section>',
            '<section class="told card" id="a">Да</section>',
        ),
        ('<button hx-get="/shut" type="button">Нет</button>Да', "Да"),
        ('<script src="/s">if (a < b && c) {}</script>', None),
        ("<textarea>\n<b>&lt;</textarea>", None),
        ("<p></p><li> </li>", None),
    ],
)  # fmt: skip
def test_what_is_kept_stands_as_it_stood(page: str, kept: str | None) -> None:
    keeper = guest_pages._LinkFilter(lambda to, _method: to == "/open")
    assert keeper.kept(page) == (page if kept is None else kept)
