"""Lives a story hour by hour through the real doors, with the worker and the clock, and writes down all that was said.

A story is a text: lines with «>» are actions and hours, beneath each stands who was told what by it – by SMS, letter
and push, in the chat, on the card, by the badge, in the operator's list. The test does the actions and compares every
other line. Above the actions stands what is given: how a person is reached and where they live, when it begins, and
what of it all is `told`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from actions import ACTIONS
from browser import Browser
from consultation_steps import StillClock
from factories import make_chat, make_doctor, make_user
from faulty_bank import FaultyBank
from flask import Flask
from reading import Form, NotOffered, Page, plain

from ibolit.blueprints.webhooks.views import expedite_payment
from ibolit.extensions import db
from ibolit.jobs import run_due
from ibolit.models import Chat, ChatMember, Consultation, Job, Message, Payment, PushSubscription, Role, User
from ibolit.services import Services
from ibolit.services.payments.demo import DemoBank

CLINIC = ZoneInfo("Europe/Moscow")
# What a card repeats all its life.
NOT_TOLD = frozenset(
    {
        "consultation__kind",
        "consultation__who",
        "consultation__more",
        "consultation__when",
        "consultation__submit--check",
    }
)
# What the operator's list says of each decision, and of how many wait.
ON_THE_DESK = frozenset({"paid__title", "decision__cause", "decision__until", "decision__note", "hint--count"})
NOTHING_TO_DECIDE = "Сейчас решать нечего"
MOMENT = re.compile(r"(\d\d)\.(\d\d)(?:\.(\d{4}))? (\d\d):(\d\d)")


class Pushes:
    """In place of push services: keeps what arrives, by the address."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, str]] = []

    def is_push_service(self, endpoint: str) -> bool:
        return True

    def send(self, browser: Any, told: dict[str, object], options: object) -> None:
        self.arrived.append((browser.endpoint, str(told["title"]), str(told["url"])))


@dataclass(frozen=True)
class Sent:
    """One SMS, letter or push, and the consultation it leads to."""

    who: str
    how: str
    words: str
    consultation_id: int | None


class Story:
    def __init__(self, app: Flask, services: Services, still: StillClock, given: dict[str, str]) -> None:
        self.app, self.services, self.still = app, services, still
        assert isinstance(services.payments, DemoBank)
        self.bank = services.payments = FaultyBank(services.payments)  # type: ignore[assignment]
        self.pushes = services.push = Pushes()  # type: ignore[assignment]
        self.is_awake, self.given = True, given
        self.told = given.get("told", "").split()  # nothing: all of it
        self.sent: list[Sent] = []
        self.on_sent: Callable[[Sent], None] = lambda _: None
        self.was_up_to_date: dict[str, bool] = {}
        self.lines: list[str] = []
        self.year = int(given.get("year", "2026"))
        still.show(self.moment_of(given.get("begins", "02.03 10:00")))
        doctor = make_doctor(free_days=int(given.get("free days", "3")))
        self.people = {
            "patient": make_user("Анна Соколова").id,
            "doctor": doctor.user_id,
            "operator": make_user("Операторова Ольга", Role.OPERATOR).id,
        }
        self.browsers = {who: Browser(app, db.session.get_one(User, id)) for who, id in self.people.items()}
        days = given.get("chat", "open 30 days").split()
        user, doctor = db.session.get_one(User, self.people["patient"]), db.session.merge(doctor)
        self.chat_id = make_chat(user, doctor, days_left=int(days[1]) if days[0] == "open" else None).id
        for who in self.people:
            self._equip(who, given.get(who, "").split())
        self.known = {("operator", "list"): NOTHING_TO_DECIDE}
        self._letters, self._pushed, self._noted = len(self._outbox()), 0, self._last_seq()
        self._note_badges()

    # What is written down

    def live(self, action: str) -> None:
        self.lines.append(f"> {action}")
        self.was_up_to_date = {who: not self.member(who).unread for who in ("patient", "doctor")}
        who, _, rest = action.partition(" ")
        if action.startswith("until "):
            self._let_pass(self.moment_of(action))
        elif who == "worker":
            self.is_awake = rest == "wakes"
        elif who == "bank":
            self._bank(rest)
        else:
            verb = next(verb for verb in ACTIONS if rest.startswith(verb))
            try:
                said = ACTIONS[verb](self, who, rest.removeprefix(verb).strip())
            except NotOffered as lack:
                said = str(lack)
            if said:
                self._say(who, "reads", said)
        self._work()
        self._note_cards()
        self._note_desk()
        self._note_badges()
        db.session.remove()

    def moment_of(self, words: str) -> datetime:
        """«05.03 15:00» by the clinic's clock."""
        found = MOMENT.search(words)
        assert found is not None, words
        day, month, year, hour, minute = found.groups()
        local = datetime(int(year or self.year), int(month), int(day), int(hour), int(minute), tzinfo=CLINIC)
        return local.astimezone(UTC)

    def zone_of(self, who: str) -> ZoneInfo:
        return db.session.get_one(User, self.people[who]).zone

    def member(self, who: str) -> ChatMember:
        db.session.remove()
        return db.session.get_one(ChatMember, (self.chat_id, self.people[who]))

    def newest_consultation(self) -> Consultation:
        return db.session.scalars(db.select(Consultation).order_by(Consultation.id.desc())).first()  # type: ignore[return-value]

    def page(self, who: str, url: str, *, part: str = "", whole: bool = True, reads: bool = True) -> Page:
        """Not `whole`: a look without a sign of life. Not `reads`: what a device has kept."""
        answer = self.browsers[who].get(url, htmx=not whole, headers={} if reads else {"X-Kept-Copy": "1"})
        assert answer.status_code == 200, (url, answer.status_code)
        return Page(answer.text, part)

    def card(self, who: str, *, whole: bool = False) -> Page:
        id = self.newest_consultation().id
        return self.page(who, f"/consultations/{id}", part=f"consultation-{id}", whole=whole)

    def newest_payment(self) -> Payment:
        payment = db.session.scalars(db.select(Payment).order_by(Payment.id.desc())).first()
        assert payment is not None
        return payment

    def send(self, who: str, form: Form, **typed: str) -> str:
        """Fills it in, by the ends of its fields' names; why it was refused, if it was."""
        fields: dict[str, object] = {**form.fields}
        for name, value in typed.items():
            whole = next((field for field in fields if field == name or field.endswith(f"-{name}")), name)
            fields[whole] = value
        answer = self.browsers[who].post(form.action, fields)
        if answer.status_code == 200:  # asked back: yes
            answer = self.browsers[who].post(form.action, {**Page(answer.text).form_to(form.action).fields})
        if answer.status_code == 303:
            return ""
        found = [one.words for one in Page(answer.text).said if "field__error" in one.classes]
        return f"{answer.status_code} {plain(' '.join(found))}"

    # Below: parts of these

    def _equip(self, who: str, with_: list[str]) -> None:
        user = db.session.get_one(User, self.people[who])
        user.timezone = next((word for word in with_ if "/" in word), "Europe/Moscow")
        if "mail" in with_:
            user.email = f"{who}@example.org"
        if "push" in with_:
            device = db.session.merge(self.browsers[who].device)
            PushSubscription.begin(device, f"https://push.example/{who}", "key", "secret")
        if "quiet" in with_ and user.doctor is not None:
            user.doctor.set_availability(True, 22 * 60, 9 * 60)
        db.session.commit()

    def _let_pass(self, until: datetime) -> None:
        """From one due job to the next."""
        while self.is_awake and (due := self._next_due()) is not None and due <= until:
            self.still.show(max(due, self.still.moment))
            self._work()
        self.still.show(until)

    def _next_due(self) -> datetime | None:
        db.session.remove()
        return db.session.scalar(db.select(db.func.min(Job.due_at)).where(Job.done_at.is_(None)))

    def _work(self) -> None:
        db.session.remove()
        if self.is_awake:
            run_due()
        self._note_what_was_sent()

    def _bank(self, does: str) -> None:
        """«takes», «takes another sum», «refuses», «refuses refunds», «refunds again», «gives back 500»."""
        payment = self.newest_payment()
        assert payment.provider_id is not None
        if does in ("refuses refunds", "refunds again"):
            self.bank.refuses_refunds = does == "refuses refunds"
        elif does.startswith("gives back"):
            self.bank.refund_in_dashboard(payment.provider_id, int(does.split()[-1]) * 100)
            expedite_payment(payment.provider_id)
        elif does == "refuses":
            self.bank.decline(payment.provider_id)
        else:
            self.bank.odd |= {payment.provider_id} if does == "takes another sum" else set()
            self.bank.pay(payment.provider_id)
        self.browsers["patient"].post(f"/payments/return/{payment.token}/check")

    def _note_what_was_sent(self) -> None:
        notes = db.select(Message).where(Message.seq > self._noted, Message.author_id.is_(None))
        for note in db.session.scalars(notes.order_by(Message.seq)):
            self._say("chat", "note", note.text)
        self._noted = self._last_seq()
        for endpoint, title, url in self.pushes.arrived[self._pushed :]:
            self._note_sent(endpoint.rsplit("/", 1)[-1], "push", title, url)
        self._pushed = len(self.pushes.arrived)
        letters = self._outbox()
        for letter in letters[self._letters :]:
            who = next(who for who, id in self.people.items() if letter.to in self._addresses(id))
            text = letter.text if letter.channel == "mail" else letter.text.splitlines()[0]
            first = next(line for line in text.splitlines() if line.strip() and not line.startswith("Здравствуйте"))
            self._note_sent(who, letter.channel, first, letter.text.split()[-1])
        self._letters = len(letters)

    def _note_sent(self, who: str, how: str, words: str, link: str) -> None:
        words, consultation = plain(words.removeprefix("iBolit: ")), re.search(r"/v/(\d+)", link)
        self._say(who, how, words)
        sent = Sent(who, how, words, int(consultation[1]) if consultation else None)
        self.sent.append(sent)
        self.on_sent(sent)

    def _note_cards(self) -> None:
        if not self._tells("card") or db.session.scalar(db.select(Consultation.id)) is None:
            return
        for who in ("patient", "doctor"):
            self._note(who, "card", self.card(who).words(without=NOT_TOLD))

    def _note_desk(self) -> None:
        """Without payments there is nothing to decide."""
        if self._tells("list") and db.session.scalar(db.select(Payment.id)) is not None:
            said = self.page("operator", "/operator").words(only=ON_THE_DESK)
            self._note("operator", "list", said or NOTHING_TO_DECIDE)

    def _note_badges(self) -> None:
        for who in ("patient", "doctor"):
            self._note(who, "unread", str(self.member(who).unread))

    def _note(self, who: str, what: str, words: str) -> None:
        """Only what changed."""
        if self.known.get((who, what), "0") != words:
            self._say(who, what, words)
        self.known[who, what] = words

    def _tells(self, how: str) -> bool:
        return not self.told or how in self.told

    def _say(self, who: str, how: str, words: str) -> None:
        if not self._tells(how):
            return
        local = self.still.moment.astimezone(CLINIC)
        self.lines.append(f"{local:%d.%m %H:%M}  {who:<8} {how:<7} {plain(words)}".rstrip())

    def _addresses(self, id: int) -> set[str | None]:
        user = db.session.get_one(User, id)
        return {user.phone, user.email}

    def _outbox(self) -> list[Any]:
        return self.services.outbox.latest(most=10_000)[::-1]

    def _last_seq(self) -> int:
        return db.session.get_one(Chat, self.chat_id).last_seq


def stories_of(text: str) -> Iterator[tuple[str, str]]:
    """Name and text of each; a name begins with «# »."""
    for whole in re.split(r"(?m)^(?=# )", text):
        name, _, rest = whole.partition("\n")
        if name.startswith("# "):
            yield name.removeprefix("# ").strip(), rest


def told_anew(story: str, tell: Callable[[dict[str, str]], Story]) -> str:
    """The text as it would be written today."""
    lines = [line for line in story.splitlines() if line.strip()]
    given = [line for line in lines if re.match(r"[a-z ]+: ", line)]
    life = tell(dict(line.split(": ", 1) for line in given))
    for action in [line for line in lines if line.startswith("> ")]:
        life.live(action.removeprefix("> "))
    return "\n".join([*given, *life.lines]) + "\n"
