"""Whatever is typed into whichever form: what is wrong is said on the page, in Russian, and nothing breaks."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from browser import Browser
from factories import make_child, make_doctor, make_user, propose
from flask import Flask
from flask_wtf import FlaskForm
from matrix_world import family_of
from payment_steps import begin, buy, request_refund
from started_consultations import completed_consultation

from ibolit.blueprints.account.forms import NotificationsForm, RenewalForm
from ibolit.blueprints.booking.forms import MoveForm
from ibolit.blueprints.calls.forms import ReportForm
from ibolit.blueprints.chat.forms import QueueForm, RecallForm, ReceiptsForm, StandInForm
from ibolit.blueprints.consultations.forms import ActionForm
from ibolit.blueprints.family.forms import RemovalForm
from ibolit.blueprints.practice.forms import EndTimeOffForm
from ibolit.extensions import db
from ibolit.formatting import epoch
from ibolit.models import (
    AbsenceTerms,
    AppointmentType,
    Chat,
    ConsultationKind,
    Doctor,
    FactKind,
    Invitation,
    LoginCode,
    PatientFact,
    PatientImport,
    RefundReason,
    ReplyTemplate,
    Role,
    TimeOff,
    TypeTerms,
    User,
)
from ibolit.services import clock

# So many digits are too many for int(); more, in the fields of all forms at once, would be spilled into a file.
NONSENSE = ["", "smoke", "9" * 4301, "ж" * 600]
WIDE = "multipart/form-data"  # the fields of all forms at once, each of so many letters, are too much written otherwise
TAKE_ANYTHING = {NotificationsForm, ActionForm, MoveForm, QueueForm, RecallForm, EndTimeOffForm, RemovalForm}
ONLY_SCRIPTS_POST = {ReceiptsForm, ReportForm, RenewalForm, StandInForm}  # who would read what was wrong?
RUSSIAN = re.compile(r"[«А-ЯЁ][^A-Za-z]*|Проверьте адрес\. Пример: anna@example\.ru\.")

Said = tuple[type[FlaskForm], list[str]]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """What forms found wrong, as they find it."""
    found: list[Said] = []
    check = FlaskForm.validate_on_submit

    def noting(form: FlaskForm) -> bool:
        if check(form):
            return True
        if form.errors:
            found.append((type(form), [error for field in form for error in field.errors]))
        return False

    monkeypatch.setattr(FlaskForm, "validate_on_submit", noting)
    return found


def forms(base: type[FlaskForm] = FlaskForm) -> Iterator[type[FlaskForm]]:
    """The app's own, but for those that others are made of."""
    for one in base.__subclasses__():
        if one.__subclasses__():
            yield from forms(one)
        elif one.__module__.startswith("ibolit."):
            yield one


def filled(word: str, prefix: str = "") -> dict[str, object]:
    """Every field of every form, whatever page it stands on."""
    fields = [(name, getattr(form, name)) for form in forms() for name in dir(form)]
    names = {field.name or name for name, field in fields if hasattr(field, "field_class")}
    return {prefix + name: word for name in names}


def prefix_at(url: str) -> str:
    """Where a page has many forms of a kind, each is named for its thing."""
    own = re.fullmatch(r".*/(?:appointment-)?(tariff|type|repl(?:y|ie))s(?:/(\d+))?", url)
    day = re.fullmatch(r".*/hours/(\d)", url)
    if day:
        return f"day-{day[1]}-"
    return f"{own[1].replace('ie', 'y')}-{own[2]}-" if own and own[2] else "new-" if own else ""


@pytest.fixture
def operator(clinic: Flask) -> User:
    return make_user("Оператор Ольга", Role.OPERATOR)


@pytest.fixture
def doors(
    clinic: Flask,
    chat: Chat,
    doctor: Doctor,
    patient: User,
    operator: User,
    change_settings: Callable[..., None],
) -> list[tuple[Browser, str]]:
    """Who posts where: every form of the app with its own address."""
    change_settings(receipt_needs_email=True)
    paid, template = buy(chat), ReplyTemplate.add(doctor, "Привет", "Здравствуйте!")
    refund = request_refund(paid)
    held, ahead, over = buy(chat), propose(chat), completed_consultation(chat)
    invited = Invitation.invite(doctor, doctor.user, email="zoya@example.org", name="Зоя")
    of_a_list = Invitation.invite(doctor, doctor.user, phone="+79165550099", birth_date=date(1957, 5, 3))
    of_a_list.accepted_at, of_a_list.accepted_by_id = clock.now(), patient.id
    failed = held.refund(100_00, RefundReason.OPERATOR)
    failed.fail("general_decline")
    unmade = begin(chat)
    columns = [{"at": 0, "title": "Телефон", "kind": "phone", "samples": ["8 916 000-10-01"]}]
    row = {"number": 1, "name": "Зоя", "phone": "+79160001001", "email": None, "typed": "", "fault": None}
    listed = PatientImport.draft(doctor, doctor.user, "list-0001", [row], b"8 916 000-10-01", columns)
    child = make_child(patient)
    fact = PatientFact.add(patient.subject_key, patient, FactKind.ALLERGY, "Пыльца")
    db.session.commit()
    colleague = make_doctor("Лебедев Михаил Аркадьевич")
    away = AbsenceTerms(clock.now() + timedelta(days=1), clock.now() + timedelta(days=9), colleague.id)
    absence = TimeOff.add(doctor, away)
    offered = AppointmentType.add(doctor, TypeTerms("Первичная", ConsultationKind.VIDEO, 30, 1500_00))
    db.session.commit()
    family, tariff_id = family_of(patient, doctor), doctor.tariffs[0].id
    posts = {
        Browser(clinic): ["/login", "/login/phone", f"/i/{invited.token}"],
        proving(clinic): ["/login/code"],
        proving(clinic, is_proved=True): ["/login/password"],
        proving(clinic, is_proved=True, is_old=True): ["/login/whose"],
        Browser(clinic, make_user(consented=False)): ["/consent"],
        asking_for_a_phone(clinic): ["/profile/phone/codes"],
        Browser(clinic, patient): [
            *(f"/profile/birth-date{part}" for part in ("/suggestion", "")),
            *(f"/profile/{part}" for part in ("name", "sex", "email", "zone", "password", "push", "phone", "erasure")),
            *(f"/profile/family/{part}" for part in ("child", str(child.id))),
            f"/facts/{fact.id}/text",
            f"/facts/{fact.id}/sharing",
            f"/patients/{patient.id}/facts",
            f"/profile/payments/{held.id}/refunds",
            f"/payments/{unmade.id}/email",
            f"/chats/{chat.id}/messages",
            f"/chats/{chat.id}/subject",
            f"/chats/{chat.id}/consultation-requests",
            *(f"/consultations/{ahead.id}/{part}" for part in ("time", "cancellation", "complaint")),
            f"/consultations/{over.id}/review",
            *(
                f"/family/relatives{part}"
                for part in ("", *(f"/{family['relative']}/{way}" for way in ("code", "sending")))
            ),
            f"/family/{family['child']}/death",
            f"/i/{family['taking-over']}/birth-date",
            *(f"/consultations/{family['teens']}/child-code{part}" for part in ("", "/check")),
            f"/doctors/{doctor.id}/booking/{offered.id}/{epoch(clock.now()) // 1000}",
        ],
        Browser(clinic, doctor.user): [
            f"/chats/{chat.id}/consultations",
            f"/chats/{family['teens-chat']}/own-phone",
            *(f"/consultations/{over.id}/conclusion/{part}" for part in ("new", "draft")),
            *(
                f"/practice/{part}"
                for part in (
                    "answers",
                    "introduction",
                    "terms",
                    "reachability",
                    "photo",
                    "tariffs",
                    "time-off",
                    "appointment-types",
                    "hours/0",
                    "booking-rules",
                )
            ),
            f"/practice/time-off/{absence.id}",
            *(f"/practice/appointment-types/{offered.id}{part}" for part in ("", "/place")),
            *(f"/practice/tariffs/{tariff_id}{part}" for part in ("", "/place")),
            *(f"/patients/{patient.id}/{part}" for part in ("note", "days")),
            *(f"/replies{part}" for part in ("", "/uses", f"/{template.id}", f"/{template.id}/place")),
            *(f"/invitations{part}" for part in ("", "/imports", f"/imports/{listed.id}/columns")),
        ],
        Browser(clinic, operator): [
            "/invitations",
            "/invitations/imports",
            *(f"/operator/refunds/{refund.id}/{part}" for part in ("approval", "refusal")),
            *(f"/operator/refunds/{failed.id}/{part}" for part in ("repeat", "otherwise")),
            f"/operator/payments/{held.id}/refunds",
        ],
    }
    return [(browser, url) for browser, urls in posts.items() for url in urls]


def proving(clinic: Flask, *, is_proved: bool = False, is_old: bool = False) -> Browser:
    """A code was sent to this browser's phone and, perhaps, typed; the number may have been resold."""
    code = LoginCode.ask(f"+7916765432{is_proved + is_old}", "192.0.2.1")
    if is_old:
        make_user(seen_at=clock.now() - timedelta(days=200)).phone = code.phone
    if is_proved:
        code.guess(code.digits)
    db.session.commit()
    browser = Browser(clinic)
    with browser.client.session_transaction() as session:
        session["code"] = session["proved"] = code.id
    return browser


def asking_for_a_phone(clinic: Flask) -> Browser:
    """Codes to both numbers are on their way."""
    browser = Browser(clinic, make_user("Павлова Зоя"))
    browser.post("/profile/phone", {"phone": "+79165550188"})
    return browser


@pytest.mark.every_case
@pytest.mark.parametrize("word", NONSENSE, ids=["nothing", "a word", "many digits", "many letters"])
@pytest.mark.parametrize("htmx", [True, False])
def test_nonsense_is_refused_in_russian(
    clinic: Flask,
    doors: list[tuple[Browser, str]],
    said: list[Said],
    word: str,
    htmx: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit in ("MAX_CONTENT_LENGTH", "MAX_FORM_MEMORY_SIZE"):
        monkeypatch.setitem(clinic.config, limit, 1024 * 1024)  # room for the fields of all forms at once
    wrong = []
    for browser, url in doors:
        said.clear()
        answer = browser.post(url, filled(word, prefix_at(url)), htmx=htmx, content_type=WIDE)
        assert answer.status_code in (200, 204, 303, 422, 429), url
        page = html.unescape(answer.text)
        for form, errors in said:
            wrong += [(url, form, error) for error in errors if not RUSSIAN.fullmatch(error) or error not in page]
    assert wrong == []


def test_every_form_is_among_them(doors: list[tuple[Browser, str]], said: list[Said]) -> None:
    for browser, url in doors:
        for word in (NONSENSE[0], NONSENSE[3]):
            browser.post(url, filled(word, prefix_at(url)), content_type=WIDE)
    assert set(forms()) - {form for form, _ in said} == TAKE_ANYTHING | ONLY_SCRIPTS_POST


def test_recipe_finds_every_field() -> None:
    names = filled("x")
    assert {"kind", "minutes", "time", "client_id", "expected", "seen", "password", "phone"} <= set(names)
