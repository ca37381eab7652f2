"""Every screen a person can see: who sees it and how it is reached. One list for the pictures and for what is checked.

The screens of one person are walked in their order: one without an address goes on from the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

from backstage import backstage
from factories import make_user
from live_clinic import PASSWORD, LiveClinic
from playwright.sync_api import Page
from sqlalchemy import select, text
from started_consultations import completed_consultation
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import MapAdapter

from ibolit.extensions import db
from ibolit.models import (
    Attachment,
    AttachmentKind,
    Channel,
    Chat,
    Consultation,
    DeviceTransfer,
    Doctor,
    Invitation,
    Message,
    Payment,
    PaymentState,
    SecurityEvent,
    SecurityEventKind,
    User,
)
from ibolit.models.people import EmailProof
from ibolit.services import clock
from ibolit.services.codes import fingerprint, new_nonce

PHONE = {"width": 360, "height": 640}
DESKTOP = {"width": 1280, "height": 800}

NOBODY = ""
PATIENT, DOCTOR, OPERATOR = "+79000000001", "+79000000101", "operator@example.org"
TALKING = "+79000000003"  # her consultation is going on
WAITING = "+79000000002"  # his begins in a few minutes
MOTHER = "+79000000004"  # of two children, for whom she writes
WROTE_NOTHING = "+79000000105"  # after a consultation
NEW_DOCTOR = "+79000000106"  # has nobody and nothing yet
NEWCOMER = "+79165550101"  # not known to the clinic before
LONG_AWAY = "+79165550303"  # for half a year: the number may be another's
GUEST = "a device let in for one consultation"

Reach = Callable[[Page], None]


@dataclass(frozen=True)
class Screen:
    """`lands` names the door whose page stands there when no address of its own says it."""

    name: str
    person: str
    path: str = ""
    reach: Reach | None = None
    lands: str = ""
    pictured: bool = False


# How to get there


def press(selector: str, shown: str) -> Reach:
    def reach(page: Page) -> None:
        page.locator(selector).first.click()
        page.locator(shown).first.wait_for()

    return reach


def send(form: str, shown: str = ".field__error", **fields: str) -> Reach:
    """Fields by their names, then the form's own button."""

    def reach(page: Page) -> None:
        for name, value in fields.items():
            page.locator(f"{form} [name='{name}'], {form} [name$='-{name}']").first.fill(value)
        page.locator(f"{form} [type=submit]").first.click()
        page.locator(shown).first.wait_for()

    return reach


def open_and_send(folded: str, form: str) -> Reach:
    def reach(page: Page) -> None:
        page.locator(f"{folded} > summary").click()
        send(form)(page)

    return reach


def without_columns(page: Page) -> None:
    """No column of a list is of any use."""
    for choice in page.locator("select[name^=columns-]").all():
        choice.select_option("other")
    page.locator("form[action$=columns] [type=submit]").click()
    page.locator(".field__error").first.wait_for()


def search(field: str, words: str, shown: str) -> Reach:
    def reach(page: Page) -> None:
        page.fill(field, words)
        page.locator(shown).first.wait_for()

    return reach


def post(path: str, shown: str = "text=Код ошибки", *, times: int = 1, token: bool = True, **fields: str) -> Reach:
    """As a form without scripts would."""

    def reach(page: Page) -> None:
        for _ in range(times):
            page.goto("/login" if "hx-headers" not in page.content() else page.url)
            page.evaluate(SUBMIT, [path, fields, token])
            page.wait_for_load_state()
            page.locator(shown).first.wait_for()

    return reach


SUBMIT = """([path, fields, token]) => {
    const form = document.createElement('form'), known = document.querySelector('[name=csrf_token]');
    form.method = 'post';
    form.action = path;
    if (token && known) fields.csrf_token = known.value;
    Object.keys(fields).forEach(name => {
        const field = document.createElement('textarea');
        field.name = name;
        field.value = fields[name];
        form.appendChild(field);
    });
    document.body.appendChild(form);
    form.submit();
}"""


def too_many(page: Page) -> None:
    """Passwords that are wrong, until the clinic wants no more of them."""
    page.goto("/login")
    token = page.input_value("[name=csrf_token]")
    for _ in range(10):
        page.request.post("/login", form={"csrf_token": token, "login": "+79165550999", "password": "wrong horse"})
    send("form.form", login="+79165550999", password="wrong horse")(page)


def ask_for_code(page: Page, phone: str = NEWCOMER) -> None:
    send("form.form", "[name=code]", phone=phone)(page)


def read_code(page: Page, phone: str) -> str:
    with closing(page.context.new_page()) as outbox:
        outbox.goto("/demo/outbox")
        while not outbox.locator(".letter", has_text=phone).count():  # the worker sends it in its own time
            outbox.reload()
        found = re.search(r"код (\d{6})", outbox.locator(".letter", has_text=phone).first.inner_text())
    assert found is not None
    return found.group(1)


def type_code(page: Page, code: str, shown: str = ".field__error") -> None:
    """Six digits go by themselves."""
    page.fill("[name=code]", code)
    page.locator(shown).first.wait_for()


def enter_code(page: Page) -> None:
    type_code(page, read_code(page, NEWCOMER), "[name=password]")


def come_back(page: Page) -> None:
    ask_for_code(page, LONG_AWAY)
    type_code(page, read_code(page, LONG_AWAY), "[name=owner]")


def accept(page: Page) -> None:
    page.check("[name=offer]")
    page.check("[name=personal_data]")
    page.click("[type=submit]:text-is('Продолжить')")
    page.locator(".doctor-card").first.wait_for()
    page.wait_for_url(re.compile("/doctors$"))


def begin_for_nobody(page: Page) -> None:
    """As a browser that knows no `required` sends it."""
    page.locator("form[action='/chats']").evaluate("form => form.setAttribute('novalidate', '')")
    page.locator("form[action='/chats'] [type=submit]").click()
    page.locator(".field__error").first.wait_for()


def first_chat(page: Page) -> None:
    page.click("text=Написать сообщение")
    page.locator(".legal").wait_for()


def join(page: Page) -> None:
    page.locator("[data-part=stage]").wait_for()


def in_call(script: str, seen: str) -> Reach:
    """What a consultation shows when its `call` is told so by the engine or the network: no other side is needed."""

    def reach(page: Page) -> None:
        page.locator("[data-part=status]:has-text('Ждём')").wait_for()
        page.evaluate(f"() => {{ const {{ call }} = document.querySelector('#call'); {script} }}")
        page.locator(seen).wait_for()

    return reach


def devices(answer: str) -> str:
    """The same entering once more, in an engine whose devices answer so."""
    wanted = "{ audio: true, video: true }"
    return f"navigator.mediaDevices.getUserMedia = () => {answer}; call.joining.open({wanted}, true);"


def hand_over(page: Page) -> None:
    page.click(".call__summary")
    page.click("text=Открыть на другом устройстве")
    page.locator(".transfer__code").wait_for()


def lose_connection(page: Page) -> None:
    page.evaluate("() => { document.getElementById('connection').hidden = false }")
    page.evaluate("() => document.documentElement.classList.add('lost')")


def fail_to_send(page: Page) -> None:
    page.route("**/chats/*/messages", lambda route: route.abort())
    page.fill(".composer__text", "Это не ушло")
    page.click(".composer__send")
    page.locator(".message__retry").wait_for()


def take_back(page: Page) -> None:
    """So that what did not go out goes out nowhere else either."""
    page.unroute("**/chats/*/messages")
    page.evaluate("() => localStorage.clear()")


def type_slash(page: Page) -> None:
    page.locator("#composer-text").press_sequentially("/")
    page.locator(".replies__one").first.wait_for()


def choose_file(page: Page) -> None:
    paper = {"name": "Анализы за ноябрь.txt", "mimeType": "text/plain", "buffer": b"120/80"}
    page.set_input_files(".clip__choice:not(.clip__choice--camera) .clip__input", paper)
    page.locator(".attachment-tray__item").first.wait_for()


def upload_list(page: Page) -> None:
    lines = "Телефон;Имя\r\n8 916 555-33-01;Пётр\r\n8 916;Без номера"
    page.select_option("[name=doctor]", index=1)
    page.set_input_files("[name=file]", {"name": "Список.csv", "mimeType": "text/csv", "buffer": lines.encode()})
    page.click("text=Проверить список")
    page.locator(".faults").wait_for()


def accept_transfer(page: Page) -> None:
    page.click("text=Войти и открыть разговор")
    page.wait_for_url("**/consultations/**")


CALL = "/consultations/9/call"
NO_ANSWER, NOT_FOUND = "new Promise(() => {})", "Promise.reject({ name: 'NotFoundError' })"
NO_WAY = "call.help.look = () => {}; call.help.found = FOUND; call.help.show();"
# In the middle of a consultation whose every part is in trouble.
TROUBLED = """
    Object.defineProperty(call, 'isConnected', { get: () => true });
    call.monitor.listen = () => {};
    call.isSilent = true;
    call.theirs = { audio: false, video: false, lacks: { audio: 'refused', video: 'missing' } };
    call.localMedia.lose('audio');
    call.localMedia.lose('video');
    call.playback.need(true);
"""
# What is fetched late is awaited; the tenth of a second is the page's own, nothing is proved by it.
SHARING = """
    const [seen, timer] = [() => { ACTS }, setInterval(() => {
        if (!call.sharing) return;
        clearInterval(timer);
        seen();
    }, 100)];
    PREPARES
    call.bringSharing();
"""


def with_sharing(acts: str, prepares: str = "") -> str:
    """When the script is there that shows and enlarges."""
    return SHARING.replace("ACTS", acts).replace("PREPARES", prepares)


# A picture as the doctor sees it who shows it, and as the patient does who has made it larger.
PAINTED = """
    const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
    Object.assign(canvas, { width: 640, height: 400 });
    pen.fillRect(0, 0, 640, 400);
    Object.defineProperty(call, 'isConnected', { get: () => true });
    call.monitor.listen = () => {};
"""
SHOWING = with_sharing(PAINTED + "call.sharing.begin(canvas.captureStream().getVideoTracks()[0], 'picture');")
SHOWN_HERE = with_sharing(
    """
    call.remote.srcObject = canvas.captureStream();
    call.show();
    call.parts.buttons('enlarge')[0].click();
""",
    PAINTED + "call.theirs = { audio: true, video: true, shares: 'picture' };",
)
NO_CLINIC = "call.leaveDialog.tellOfWaiting(true); call.isLost = true; call.show();"

ASKING = ".clip__choice:has-text('Попросить консультацию')"
MORE = ".consultation__more > summary"
SHEET = ".bottom-sheet .bottom-sheet__panel"

OPEN = [
    Screen("sign-in", NOBODY, "/login", pictured=True),
    Screen("sign-in-wrong", NOBODY, reach=send("form.form", login="+79165550998", password="x"), lands="auth.login"),
    Screen("first-entry", NOBODY, "/login/phone", pictured=True),
    Screen("first-entry-wrong", NOBODY, reach=send("form.form", phone="12"), lands="auth.phone"),
    Screen(
        "first-entry-abroad",
        NOBODY,
        "/login/phone",
        send("form.form", phone="+375 29 123-45-67"),
        lands="auth.phone",
    ),
    Screen("forgotten", NOBODY, "/login/phone?why=forgot"),
    Screen("offer", NOBODY, "/documents/offer", pictured=True),
    Screen("personal-data", NOBODY, "/documents/personal-data"),
    Screen("offline", NOBODY, "/offline", pictured=True),
    Screen("home-screen", NOBODY, "/home-screen", pictured=True),
    Screen("demo-outbox", NOBODY, "/demo/outbox", pictured=True),
    Screen("bank", NOBODY, "/demo/bank/{bill}"),
    Screen("payment-returned", NOBODY, "/payments/return/{paid}"),
    Screen("payment-declined", NOBODY, "/payments/return/{declined}"),
    Screen("payment-checked", NOBODY, "/payments/return/{waiting}"),
    Screen("invitation", NOBODY, "/i/{by_phone}"),
    Screen("invitation-by-mail", NOBODY, "/i/{by_mail}"),
    Screen("invitation-wrong", NOBODY, reach=send("form.form", phone="12"), lands="welcome.show"),
    Screen("invitation-dead", NOBODY, "/i/aaaaaaaaaaaaaaaaaaaaaaaa"),
    Screen("email-link-dead", NOBODY, "/profile/email/{proof}?token=nonsense"),
    Screen("email-link", NOBODY, "/profile/email/{proof}?token={proof_token}"),
    Screen("not-me", NOBODY, "/n/{change}?token={change_token}"),
    Screen("not-me-done", NOBODY, reach=press("[type=submit]", "text=Вход закрыт"), lands="not_me.show"),
    Screen("our-error", NOBODY, "/profile/email/{broken}"),
    Screen("not-found", NOBODY, "/nothing-here", pictured=True),
    Screen("not-opened-so", NOBODY, "/login/code/again"),
    Screen("stale-form", NOBODY, "/login", post("/login/phone", token=False)),
    Screen("too-much", NOBODY, "/login", post("/login", login="я" * 300_000)),
    Screen("too-often", NOBODY, "/login", too_many),
]

COMES_BACK = [
    Screen("whose", LONG_AWAY, "/login/phone", come_back, lands="auth.whose"),
    Screen("whose-wrong", LONG_AWAY, reach=send("form.form", owner="Анна Орлова"), lands="auth.whose"),
    Screen(
        "whose-mailed",
        LONG_AWAY,
        reach=press("text=Получить код на свою почту", "[name=code]"),
        lands="auth.whose",
    ),
    Screen(
        "whose-new",
        LONG_AWAY,
        reach=press("text=Это не мои переписки", "[name=password]"),
        lands="auth.password",
    ),
]

BECOMES_PATIENT = [
    Screen("code", NEWCOMER, "/login/phone", ask_for_code, lands="auth.code"),
    Screen("code-wrong", NEWCOMER, reach=lambda page: type_code(page, "000000"), lands="auth.code"),
    Screen("password", NEWCOMER, reach=enter_code, lands="auth.password"),
    Screen("password-wrong", NEWCOMER, reach=send("form.form", name="", password="1"), lands="auth.password"),
    Screen(
        "consent", NEWCOMER, reach=send("form.form", "[name=offer]", name="Зоя Новикова", password="zoya-12345"),
        lands="auth.consent",
    ),
    Screen("consent-wrong", NEWCOMER, reach=send("form.form"), lands="auth.consent"),
    Screen("after-consent", NEWCOMER, reach=accept, lands="doctors.index"),
    Screen("messages-none", NEWCOMER, "/messages"),
    Screen("consultations-none", NEWCOMER, "/consultations"),
    Screen("payments-none", NEWCOMER, "/profile/payments"),
    Screen("doctor-before-chat", NEWCOMER, "/doctors/3"),
    Screen("chat-before-first-message", NEWCOMER, reach=first_chat, lands="chat.show"),
    Screen("files-none", NEWCOMER, reach=press(".chat__files", ".empty"), lands="files.index"),
]  # fmt: skip

OF_PATIENT = [
    Screen("doctors", PATIENT, "/doctors", pictured=True),
    Screen("doctors-of-specialty", PATIENT, "/doctors?specialty=Терапевт"),
    Screen("doctors-with-time", PATIENT, "/doctors?free=week"),
    Screen("doctors-none", PATIENT, reach=search("#doctors-q", "ветеринар", "#doctors .empty"), lands="doctors.index"),
    Screen("doctor", PATIENT, "/doctors/3", pictured=True),
    Screen("messages", PATIENT, "/messages", pictured=True),
    Screen("messages-found", PATIENT, reach=search("#messages-q", "кофе", "text=Найдено"), lands="messages.index"),
    Screen(
        "messages-none-found", PATIENT, reach=search("#messages-q", "йцукен", "#inbox .empty"), lands="messages.index"
    ),
    Screen("chat", PATIENT, "/chats/1", pictured=True),
    Screen("chat-clip", PATIENT, reach=press(".clip > summary", ".clip__panel"), lands="chat.show"),
    Screen("chat-asking", PATIENT, reach=press(ASKING, SHEET), lands="chat.show"),
    Screen("chat-asking-wrong", PATIENT, reach=send("#asking"), lands="chat.show"),
    Screen("chat-card-more", PATIENT, "/chats/1", press(MORE, ".consultation__more[open]")),
    Screen("chat-with-file", PATIENT, "/chats/2", choose_file),
    Screen("chat-disconnected", PATIENT, "/chats/2", lose_connection),
    Screen("chat-unsent", PATIENT, reach=fail_to_send, lands="chat.show"),
    Screen("ask-for-consultation", PATIENT, "/chats/2/consultations/new", take_back),
    Screen("chat-voice", PATIENT, "/chats/5", pictured=True),
    Screen("chat-last-day", PATIENT, "/chats/3", pictured=True),
    Screen("chat-photo", PATIENT, reach=press(".message a[href$='/view']", ".viewer__picture"), lands="chat.show"),
    Screen("chat-over", PATIENT, "/chats/4", pictured=True),
    Screen("chat-tariffs", PATIENT, reach=press(".foot__closed .button--main", SHEET), lands="chat.show"),
    Screen("files", PATIENT, "/chats/3/files", pictured=True),
    Screen("chat-search", PATIENT, "/chats/3/search"),
    Screen("photo", PATIENT, "/files/{photo}/view"),
    Screen("tariffs", PATIENT, "/chats/4/tariffs", pictured=True),
    Screen("payments", PATIENT, "/profile/payments", pictured=True),
    Screen("relatives", PATIENT, "/family/relatives"),
    Screen("relatives-new", PATIENT, "/family/relatives/new"),
    Screen("payment", PATIENT, "/payments/{live}"),
    Screen("payment-returned-mine", PATIENT, "/payments/return/{paid}"),
    Screen("money-back", PATIENT, "/profile/payments/{refundable}/refunds"),
    Screen("consultations", PATIENT, "/consultations", pictured=True),
    Screen("consultation", PATIENT, "/consultations/1", pictured=True),
    Screen("consultation-more", PATIENT, reach=press(MORE, ".consultation__more[open]"), lands="consultations.show"),
    Screen("consultation-proposed", PATIENT, "/consultations/2"),
    Screen("consultation-unpaid", PATIENT, "/consultations/3"),
    Screen("consultation-done", PATIENT, "/consultations/4"),
    Screen("consultation-cancelled", PATIENT, "/consultations/5"),
    Screen("consultation-expired", PATIENT, "/consultations/6"),
    Screen("consultation-missed", PATIENT, "/consultations/7"),
    Screen("consultation-cancel", PATIENT, "/consultations/1/cancellation", pictured=True),
    Screen("consultation-cancel-wrong", PATIENT, reach=send("main form"), lands="consultations.ask_to_cancel"),
    Screen("other-time", PATIENT, "/consultations/1/time"),
    Screen("other-time-wrong", PATIENT, reach=send("main form", day="2020-01-01"), lands="consultations.reschedule"),
    Screen("complaint", PATIENT, "/consultations/1/complaint"),
    Screen("complaint-wrong", PATIENT, reach=send("main form", trouble=""), lands="consultations.questionnaire"),
    Screen("check", PATIENT, "/consultations/1/check"),
    Screen("conclusion", PATIENT, "/consultations/4/conclusion", pictured=True),
    Screen("review", PATIENT, "/consultations/4/review"),
    Screen("profile", PATIENT, "/profile", pictured=True),
    Screen("profile-name", PATIENT, "/profile/name"),
    Screen("profile-name-wrong", PATIENT, reach=send("main form", name=""), lands="account.name"),
    Screen("profile-birth-date", PATIENT, "/profile/birth-date"),
    Screen("profile-sex", PATIENT, "/profile/sex"),
    Screen("family", PATIENT, "/profile/family", pictured=True),
    Screen("family-child", PATIENT, "/profile/family/child"),
    Screen("family-child-wrong", PATIENT, reach=send("main form", name=""), lands="family.new_child"),
    Screen("facts", PATIENT, "/patients/1/facts", pictured=True),
    Screen(
        "facts-wrong",
        PATIENT,
        reach=open_and_send("#facts-allergy-form", "#facts-allergy-form form"),
        lands="facts.index",
    ),
    Screen("facts-text", PATIENT, "/facts/1/text"),
    Screen("my-data", PATIENT, "/profile/my-data", pictured=True),
    Screen("my-data-looks", PATIENT, "/profile/my-data/looks", pictured=True),
    Screen("my-data-consents", PATIENT, "/profile/my-data/consents"),
    Screen("my-data-offer", PATIENT, "/profile/my-data/consents/offer/withdrawal"),
    Screen("my-data-copy", PATIENT, "/profile/my-data/copy", pictured=True),
    Screen("confirm-copy", PATIENT, "/profile/confirmation/copy"),
    Screen("profile-email", PATIENT, "/profile/email"),
    Screen("profile-password", PATIENT, "/profile/password"),
    Screen("profile-devices", PATIENT, "/profile/devices"),
    Screen("profile-notifications", PATIENT, "/profile/notifications", pictured=True),
    Screen("profile-zone", PATIENT, "/profile/zone"),
    Screen("profile-zone-saved", PATIENT, reach=send("main form", "main .saved"), lands="account.zone"),
    Screen("profile-erase", PATIENT, "/profile/erasure", pictured=True),
    Screen("profile-phone", PATIENT, "/profile/phone"),
    Screen("profile-phone-wrong", PATIENT, reach=send("main form", phone="12"), lands="account.phone"),
    Screen("profile-offline", PATIENT, "/profile/offline"),
    Screen("profile-help", PATIENT, "/profile/help"),
    Screen("confirm", PATIENT, "/profile/confirmation/email"),
    Screen(
        "confirm-wrong", PATIENT, reach=send("form[data-behaviour]", current="wrong horse"), lands="account.confirm"
    ),
    Screen("confirm-code", PATIENT, reach=press(".form--again [type=submit]", "[name=code]"), lands="account.confirm"),
    Screen("invitation-of-another", PATIENT, "/i/{by_phone}"),
]

IN_A_CONSULTATION = [
    Screen("waiting-room", WAITING, "/consultations/8"),
    Screen("waiting", WAITING, reach=send(".consultation__submit", "text=Ждём врача"), lands="consultations.show"),
    Screen("consultation-choice", WAITING, "/consultations/10"),
    Screen("booking", WAITING, "/doctors/2/booking"),
    Screen("booking-day", WAITING, "/doctors/2/booking/4"),
    Screen("booking-terms", WAITING, reach=press(".booking__time", ".booking__when"), lands="booking.new"),
    Screen("booking-move", WAITING, "/consultations/11/move"),
    Screen("booking-move-terms", WAITING, reach=press(".booking__time", ".booking__when"), lands="moving.new"),
    Screen("birth-date", TALKING, "/profile/birth-date/suggestion?next=/messages"),
    Screen("review-new", TALKING, "/consultations/{done}/review"),
    Screen("review-wrong", TALKING, reach=send("main form"), lands="consultations.review"),
    Screen("consultation-going-on", TALKING, "/consultations/9"),
    Screen("call", TALKING, CALL, join),
    Screen("call-more", TALKING, reach=press(".call__summary", ".call__menu"), lands="calls.show"),
    Screen("call-leaving", TALKING, CALL, press("[data-do=end]", "[data-part=leave-dialog]")),
    Screen("call-leaving-waits", TALKING, CALL, in_call(NO_CLINIC, "[data-part=leave-dialog-waits]")),
    Screen("call-asking", TALKING, CALL, in_call(devices(NO_ANSWER), ".call__offers [data-do=without-camera]")),
    Screen("call-no-devices", TALKING, CALL, in_call(devices(NOT_FOUND), "[data-part=trouble]")),
    Screen(
        "call-no-way", TALKING, CALL, in_call(NO_WAY.replace("FOUND", "'unreachable'"), "[data-part=connection-help]")
    ),
    Screen("call-troubled", TALKING, CALL, in_call(TROUBLED, "[data-do=sound]")),
    Screen("call-shown", TALKING, CALL, in_call(SHOWN_HERE, "[data-do=enlarge]:has-text('Уменьшить')")),
    Screen("call-elsewhere", TALKING, CALL, in_call("call.giveUp(false);", "[data-part=trouble]")),
    Screen("call-chat", TALKING, CALL, press(".control[data-do=chat]", ".call__chat .composer")),
    Screen("let-in-dead", GUEST, "/h/1?token=nonsense"),
    Screen("let-in", GUEST, "/h/{handover}?token={handover_token}"),
    Screen("consultation-of-a-guest", GUEST, reach=accept_transfer, lands="calls.show"),
    Screen("chat-of-a-guest", GUEST, "/chats/7"),
]

OF_FAMILY = [
    Screen("invited-child", MOTHER, "/profile/family/suggestion?next=/messages"),
    Screen("invited-child-wrong", MOTHER, reach=send("form.form"), lands="suggested_child.show"),
    Screen("doctor-for-whom", MOTHER, "/doctors/3", pictured=True),
    Screen("doctor-for-whom-wrong", MOTHER, reach=begin_for_nobody),
    Screen("family-one", MOTHER, "/profile/family/{child}", pictured=True),
    Screen("messages-of-children", MOTHER, "/messages"),
    Screen("chat-of-child", MOTHER, "/chats/{childs_chat}", pictured=True),
    Screen("chat-writing-for", MOTHER, reach=press(".writing-for__now", ".writing-for__choice"), lands="chat.show"),
    Screen("chat-about-whom", MOTHER, reach=press(".message__about", SHEET), lands="chat.show"),
    Screen("about-whom", MOTHER, "/messages/{childs_message}/subject"),
    Screen("consultations-of-children", MOTHER, "/consultations"),
    Screen("booking-for-whom", MOTHER, "/doctors/3/booking", press(".booking__time", ".subjects")),
]

OF_DOCTOR = [
    Screen("doctor-messages", DOCTOR, "/messages", pictured=True),
    Screen("doctor-messages-unread", DOCTOR, "/messages?only=unread"),
    Screen("doctor-messages-waiting", DOCTOR, "/messages?only=waiting"),
    Screen("doctor-messages-actions", DOCTOR, "/chats/1/actions"),
    Screen("doctor-chat-patient", DOCTOR, "/chats/1", press(".chat__who", SHEET)),
    Screen("doctor-chat", DOCTOR, "/chats/1", pictured=True),
    Screen("doctor-chat-replies", DOCTOR, reach=type_slash, lands="chat.show"),
    Screen("doctor-chat-proposing", DOCTOR, "/chats/1", press(".access-bar__action--consultation", SHEET)),
    Screen("doctor-chat-proposing-wrong", DOCTOR, reach=send("#proposal", price="x"), lands="chat.show"),
    Screen("doctor-consultations", DOCTOR, "/consultations", pictured=True),
    Screen("doctor-week", DOCTOR, "/consultations/week"),
    Screen("doctor-week-list", DOCTOR, "/consultations/week?view=list"),
    Screen("doctor-consultation", DOCTOR, "/consultations/1"),
    Screen("doctor-propose", DOCTOR, "/chats/1/consultations/new", pictured=True),
    Screen(
        "doctor-propose-choice", DOCTOR, reach=press(".more-times__summary", ".more-times[open]"), lands="proposals.new"
    ),
    Screen("doctor-tariffs", DOCTOR, "/chats/1/tariffs"),
    Screen("doctor-patients", DOCTOR, "/patients", pictured=True),
    Screen(
        "doctor-patients-none", DOCTOR, reach=search("#patients-q", "ъъъ", "#patients .empty"), lands="patients.index"
    ),
    Screen("doctor-facts", DOCTOR, "/patients/1/facts"),
    Screen("doctor-patient", DOCTOR, "/patients/1", pictured=True),
    Screen("doctor-patient-wrong", DOCTOR, reach=send("#gift form", days="400"), lands="patients.show"),
    Screen("doctor-patient-consultations", DOCTOR, "/patients/1/consultations"),
    Screen("doctor-page", DOCTOR, "/practice", pictured=True),
    Screen("doctor-page-photo", DOCTOR, "/practice/photo"),
    Screen("doctor-page-introduction", DOCTOR, "/practice/introduction"),
    Screen("doctor-page-terms", DOCTOR, "/practice/terms"),
    Screen("doctor-page-terms-wrong", DOCTOR, reach=send("main form", free_days="99999"), lands="practice.terms"),
    Screen("doctor-page-tariffs", DOCTOR, "/practice/tariffs", pictured=True),
    Screen(
        "doctor-page-tariff",
        DOCTOR,
        reach=press("#tariffs .kept__summary", "#tariffs details[open]"),
        lands="practice.tariffs",
    ),
    Screen("doctor-page-reachability", DOCTOR, "/practice/reachability"),
    Screen("doctor-page-time-off", DOCTOR, "/practice/time-off"),
    Screen("doctor-page-answers", DOCTOR, "/practice/answers"),
    Screen("doctor-page-types", DOCTOR, "/practice/appointment-types"),
    Screen(
        "doctor-page-type-wrong",
        DOCTOR,
        reach=open_and_send("#type-new", "#type-new form"),
        lands="practice.appointment_types",
    ),
    Screen("doctor-page-hours", DOCTOR, "/practice/hours"),
    Screen(
        "doctor-page-hours-of-a-day",
        DOCTOR,
        reach=press("#day-0 .kept__summary", "#day-0 details[open]"),
        lands="practice.hours",
    ),
    Screen("doctor-page-rules", DOCTOR, "/practice/booking-rules"),
    Screen("doctor-page-calendar", DOCTOR, "/practice/calendar"),
    Screen(
        "doctor-page-calendar-address",
        DOCTOR,
        reach=press("#calendar .button--main", "#calendar-address"),
        lands="practice.calendar",
    ),
    Screen("doctor-page-directory", DOCTOR, "/practice/directory"),
    Screen("doctor-page-preview", DOCTOR, "/practice/preview"),
    Screen("doctor-replies", DOCTOR, "/replies", pictured=True),
    Screen("doctor-replies-wrong", DOCTOR, reach=open_and_send("#reply-new", "#reply-new form"), lands="replies.index"),
    Screen("doctor-income", DOCTOR, "/profile/income", pictured=True),
    Screen("doctor-profile", DOCTOR, "/profile"),
    Screen("forbidden", DOCTOR, "/profile", post("/chats", "text=Код ошибки 403", doctor_id="1")),
    Screen("invitations", DOCTOR, "/invitations"),
    Screen("invite", DOCTOR, "/invitations/new"),
    Screen("invite-wrong", DOCTOR, reach=send("main form", contact="x")),
    Screen("doctor-call-leaving-waits", DOCTOR, CALL, in_call(NO_CLINIC, "[data-part=leave-dialog-waits]")),
    Screen("doctor-call-no-devices", DOCTOR, CALL, in_call(devices(NOT_FOUND), "[data-part=trouble]")),
    Screen(
        "doctor-call-no-way", DOCTOR, CALL, in_call(NO_WAY.replace("FOUND", "'relay'"), "[data-part=connection-help]")
    ),
    Screen("doctor-call-shows", DOCTOR, CALL, in_call(SHOWING, "[data-part=shared]")),
    Screen(
        "doctor-call-pictures",
        DOCTOR,
        CALL,
        in_call(with_sharing("call.sharing.choice.open();"), ".bottom-sheet :text('В чате')"),
    ),
    Screen("doctor-call", DOCTOR, CALL, join),
    Screen("doctor-other-device", DOCTOR, reach=hand_over),
    Screen("conclusion-new", WROTE_NOTHING, "/consultations/{done}/conclusion/new"),
    Screen("conclusion-wrong", WROTE_NOTHING, reach=send("main form", text=""), lands="consultations.conclude"),
    Screen("new-doctor-messages", NEW_DOCTOR, "/messages"),
    Screen("new-doctor-patients", NEW_DOCTOR, "/patients"),
    Screen("new-doctor-consultations", NEW_DOCTOR, "/consultations"),
    Screen("new-doctor-income", NEW_DOCTOR, "/profile/income"),
    Screen("new-doctor-replies", NEW_DOCTOR, "/replies"),
    Screen("new-doctor-invitations", NEW_DOCTOR, "/invitations"),
]

OF_OPERATOR = [
    Screen("decisions", OPERATOR, "/operator", pictured=True),
    Screen(
        "decisions-refusal",
        OPERATOR,
        reach=press(".decision__no summary", ".decision__no[open]"),
        lands="operator.index",
    ),
    Screen("decisions-wrong", OPERATOR, reach=send(".decision__no form"), lands="operator.index"),
    Screen("payment-not-found", OPERATOR, "/operator", reach=send("form.find", q="999999")),
    Screen("payments-found", OPERATOR, "/operator", reach=send("form.find", ".paid__title", q="+7900")),
    Screen("payment-desk", OPERATOR, "/operator/payments/{paid_id}"),
    Screen("payment-desk-wrong", OPERATOR, reach=send("main form", amount="x"), lands="operator.show"),
    Screen("operator-invitations", OPERATOR, "/invitations"),
    Screen("list-new", OPERATOR, "/invitations/imports/new"),
    Screen("list-wrong", OPERATOR, reach=send("main form")),
    Screen("list", OPERATOR, "/invitations/imports/new", upload_list, lands="invitations.show_import"),
    Screen("list-columns-wrong", OPERATOR, reach=without_columns),
    Screen("operator-profile", OPERATOR, "/profile"),
]

SCREENS = [*OPEN, *COMES_BACK, *BECOMES_PATIENT, *OF_PATIENT, *IN_A_CONSULTATION, *OF_FAMILY, *OF_DOCTOR, *OF_OPERATOR]


def prepare(clinic: LiveClinic) -> dict[str, object]:
    """What the demo clinic has not of itself; answers with what stands in braces in the addresses."""
    with backstage(clinic):
        anna, marina, newest = (User.by_phone(phone) for phone in (PATIENT, TALKING, NEW_DOCTOR))
        assert anna
        assert marina
        assert newest
        assert newest.doctor
        wrote_nothing = db.session.scalars(select(Doctor).join(Doctor.user).where(User.phone == WROTE_NOTHING)).one()
        done = completed_consultation(db.session.get_one(Chat, Chat.begin(marina, wrote_nothing)))
        handover, token = DeviceTransfer.make(db.session.get_one(Consultation, 9), marina)
        proofs = [EmailProof(user_id=user.id, email="new@example.org", nonce=new_nonce()) for user in (marina, newest)]
        db.session.add_all(proofs)
        known = {
            "done": done.id, "handover": handover.id, "handover_token": token,
            **_of_child(),
            "by_phone": _invited(newest.doctor, phone="+79165550202"),
            "by_mail": _invited(newest.doctor, email="zoya@example.org"),
        } | _payments_of(anna)  # fmt: skip
        listed = Invitation.invite(newest.doctor, newest, phone="+79165550203")
        listed.birth_date, listed.accepted_at, listed.accepted_by_id = date(1957, 5, 3), clock.now(), marina.id
        for_child = Invitation.invite(newest.doctor, newest, phone="+79165550204", name="Петя Волков")
        mother = User.by_phone(MOTHER)
        assert mother is not None
        for_child.birth_date, for_child.accepted_at = clock.now().date() - timedelta(days=800), clock.now()
        for_child.accepted_by_id = mother.id
        change = SecurityEvent.announce(
            make_user("Зинаида Белова"), SecurityEventKind.WRONG_PASSWORDS
        )  # nobody's walk is closed by it
        known |= {"change": change.id, "change_token": change.token_for(Channel.SMS)}
        away = make_user("Соколова Нина", email="nina@example.org", seen_at=clock.now() - timedelta(days=200))
        away.phone = LONG_AWAY
        photo = Attachment.chat_id == 3, Attachment.kind == AttachmentKind.PICTURE
        known["photo"] = db.session.scalars(select(Attachment.id).where(*photo)).first()
        known |= {"proof": proofs[0].id, "proof_token": proofs[0].token, "broken": proofs[1].id}
        # No person sees an error 500 in a healthy clinic: a row that cannot be read makes one.
        db.session.execute(text("UPDATE email_proof SET created_at = 'broken' WHERE id = :id"), {"id": proofs[1].id})
    return known


def _invited(doctor: Doctor, **contact: str) -> str:
    """By a token that holds although no letter has gone out yet."""
    invitation = Invitation.invite(doctor, doctor.user, name="Зоя Новикова", **contact)
    invitation.token_hash = fingerprint(invitation.token)
    return invitation.token


def _of_child() -> dict[str, object]:
    """What the mother of the demo clinic has written for her first child."""
    message = db.session.scalars(
        select(Message).join(Chat).where(Chat.dependant_id.is_not(None), Message.author_id == Chat.patient_id)
    ).first()
    assert message is not None
    child = db.session.get_one(Chat, message.chat_id).dependant_id
    return {"child": child, "childs_chat": message.chat_id, "childs_message": message.id}


def _payments_of(patient: User) -> dict[str, object]:
    mine = db.session.scalars(select(Payment).where(Payment.payer_id == patient.id).order_by(Payment.id)).all()
    waiting = next(payment for payment in mine if payment.is_unfinished)
    paid = next(payment for payment in mine if payment.can_request_refund and payment.tariff_id)
    declined = next(payment for payment in mine if payment.state is PaymentState.CANCELLED)
    return {
        "bill": waiting.provider_id, "live": waiting.id, "waiting": waiting.token, "paid": paid.token,
        "paid_id": paid.id, "refundable": paid.id, "declined": declined.token,
    }  # fmt: skip


def sign_in(page: Page, login: str) -> None:
    page.goto("/login")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("text=Войти")
    page.wait_for_url(lambda url: "/login" not in url)


def show(page: Page, screen: Screen, known: dict[str, object]) -> None:
    """Whole, as it is when a person begins to read it."""
    if screen.path:
        page.goto(screen.path.format(**known))
    if screen.reach:
        screen.reach(page)
    page.wait_for_function("() => document.readyState === 'complete'")


def persons() -> list[str]:
    return list(dict.fromkeys(screen.person for screen in SCREENS))


def signs_in(person: str) -> bool:
    return person not in (NOBODY, NEWCOMER, LONG_AWAY, GUEST)


def door_of(address: str, doors: MapAdapter) -> str:
    """The endpoint that answers there, or nothing where nothing does."""
    try:
        return str(doors.match(urlsplit(address).path, method="GET")[0])
    except (NotFound, MethodNotAllowed):
        return ""
