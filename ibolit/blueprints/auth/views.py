"""The entrance: phone or e-mail with a password; «Первый вход» and «Забыли пароль» by an SMS code; consent; the exit.

Nothing here tells a stranger whether an account exists: same pages, same words, same time.
"""

from __future__ import annotations

from flask import Blueprint, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import emails, errors, phones
from ...config import current_settings
from ...database import release
from ...extensions import db
from ...models import (
    AuditAction,
    AuditEvent,
    Consent,
    Invitation,
    KnownBrowser,
    LimitKind,
    LoginCode,
    RateLimitHit,
    SecurityEvent,
    User,
    change_password,
    erasure,
)
from ...models.accounts import reassigned_number
from ...models.people import consent as documents
from ...networks import household_of
from ...normalization import plain
from ...services import passwords
from ...web import client, guest_device, next_url
from ...web.audit import log_own
from ...web.authentication import (
    home_of,
    invitation_in_session,
    redirect_clearing_storage,
    refuse_frozen,
    sign_in,
    sign_out,
)
from ...web.client import client_address
from ...web.fields import why_no_sms
from ...web.next_url import requested_page
from ...web.submission import submission
from .forms import CodeForm, ConsentForm, LoginForm, PhoneForm, SetPasswordForm

bp = Blueprint("auth", __name__)


@bp.get("/")
def index() -> ResponseReturnValue:
    return redirect(home_of(current_user) if current_user.is_authenticated else url_for(".login"))


@bp.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    if current_user.is_authenticated and not guest_device.is_current() and request.method != "POST":
        return redirect(requested_page() or home_of(current_user))
    form = LoginForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        with submission(form.password) as sent:
            return _sign_in(form.login.data, form.password.data)
        status = sent.status
    return make_response(render_template("pages/auth/login.html", form=form, next=requested_page()), status)


@bp.route("/login/phone", methods=["GET", "POST"])
def phone() -> ResponseReturnValue:
    forgot = request.args.get("why") == "forgot"
    # «Забыли пароль» beside the login: what was typed goes along, and in no address. The page's own form has a phone.
    if "login" in request.form and "phone" not in request.form:
        session["typed_phone"] = _phone_in(request.form["login"])
        return redirect(url_for(".phone", why="forgot", next=requested_page()), 303)
    form = PhoneForm(phone=session.get("typed_phone", ""))
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        with submission(form.phone) as sent:
            _ask_code(form.e164)
            session["forgot"] = forgot
            session.pop("typed_phone", None)
            session.pop("invitation", None)  # another way in: nobody's link is held any more
            return redirect(url_for(".code", next=requested_page()), 303)
        status = sent.status
    return make_response(
        render_template("pages/auth/phone.html", form=form, forgot=forgot, next=requested_page()), status
    )


@bp.route("/login/code", methods=["GET", "POST"])
def code() -> ResponseReturnValue:
    asked = _asked_code()
    if asked is None:
        return redirect(url_for(".phone", next=requested_page()), 303)
    form = CodeForm()
    status = 422 if form.is_submitted() else 200
    if form.validate_on_submit():
        with submission(form.code, refused_counts=True) as sent:
            asked.guess(form.code.data)
            session["proved"] = asked.id
            return redirect(url_for(".password", next=requested_page()), 303)
        status = sent.status
    return make_response(_code_page(form, asked), status)


@bp.post("/login/code/again")
def resend() -> ResponseReturnValue:
    asked = _asked_code()
    if asked is None:
        return redirect(_phone_page(), 303)
    form = CodeForm(formdata=None)
    with submission(form.code) as sent:
        _ask_code(asked.phone)
    if sent.is_refused:
        return make_response(_code_page(form, asked), sent.status)
    return redirect(url_for(".code", next=requested_page()), 303)


@bp.route("/login/password", methods=["GET", "POST"])
def password() -> ResponseReturnValue:
    asked = proved_code()
    if asked is None:
        return _nothing_to_finish()
    if reassigned_number.asks_owner(asked):
        return redirect(url_for(".whose", next=requested_page()), 303)
    known = reassigned_number.account_of(asked)
    if known is not None:
        refuse_frozen(known)
    personal = (asked.phone, known.name if known else "")
    form = SetPasswordForm(asks_name=known is None, personal=personal, name=_suggested_name())
    if not form.validate_on_submit():
        status = 422 if form.is_submitted() else 200
        page = render_template(
            "pages/auth/password.html", form=form, known=known, phone=asked.phone, next=requested_page()
        )
        return make_response(page, status)
    release()  # nobody else waits while the password is hashed
    hashed = passwords.hash_password(form.password.data)
    before = current_user.id if current_user.is_authenticated else None
    try:
        user = _set_password(asked, form.name.data, hashed)
    except errors.CodeIsSpent:  # on another device, at this very moment
        db.session.rollback()
        return _nothing_to_finish()
    target = next_url.after_sign_in(user)
    db.session.commit()
    return redirect(target, 303) if before in (None, user.id) else redirect_clearing_storage(target)


@bp.route("/consent", methods=["GET", "POST"])
@login_required
def consent() -> ResponseReturnValue:
    form = ConsentForm()
    if form.validate_on_submit():
        Consent.accept_current(current_user, client_address())
        erasure.come_back(current_user)
        log_own(AuditAction.CONSENTED)
        target = next_url.after_sign_in(current_user)
        db.session.commit()
        return redirect(target, 303)
    status = 422 if form.is_submitted() else 200
    page = render_template("pages/auth/consent.html", form=form, documents=documents.CURRENT, next=requested_page())
    return make_response(page, status)


@bp.post("/logout")
@login_required
def logout() -> ResponseReturnValue:
    sign_out()
    db.session.commit()
    return redirect_clearing_storage(url_for(".login"))


def _code_page(form: CodeForm, asked: LoginCode) -> str:
    """Whoever holds the link of an SMS is not told its number; one that was typed here is shown whole. Where only who
    was invited gets codes, nobody without a link is told that one was sent: that would tell of their number."""
    held = invitation_in_session()
    if not current_settings.sends_sms_to(asked.phone):
        form.code.label.text = "Код из письма"
    return render_template(
        "pages/auth/code.html",
        form=form,
        code=asked,
        to_invited=held is not None and held.phone == asked.phone,
        was_sent=held is not None or current_settings.registration_is_open,
        forgot=session.get("forgot", False),
        another=url_for("welcome.show", token=held.token) if held else _phone_page(),
        next=requested_page(),
        why_no_sms="" if current_settings.sends_sms_to(asked.phone) else why_no_sms(asked.phone),
    )


def _phone_page() -> str:
    return url_for(".phone", why="forgot" if session.get("forgot") else None, next=requested_page())


def _nothing_to_finish() -> ResponseReturnValue:
    """This browser has proved the phone, but the entry was finished elsewhere; or nothing was begun here."""
    asked = db.session.get(LoginCode, session.get("proved", 0))
    if asked is None or asked.spent_at is None:
        return redirect(_phone_page(), 303)
    return make_response(render_template("pages/auth/finished.html", next=requested_page()), 409)


def _sign_in(login: str, password: str) -> ResponseReturnValue:
    """Raises WrongPassword or TooManyAttempts."""
    login = _spelled_alike(login)
    user = User.by_email(login) if "@" in login else User.by_phone(login)
    known = KnownBrowser.of(user.id if user else 0, client.known_browser_token())
    _count_try(login, known)
    db.session.commit()  # the attempt counts, and nobody else waits while the password is hashed
    hashed = user.password_hash if user else None
    if not _is_right(password, hashed, known) or user is None:
        _note_wrong_try(login, user)
        db.session.commit()
        raise errors.WrongPassword
    RateLimitHit.forgive(LimitKind.PASSWORD_FOR_ACCOUNT, f"{login} {household_of(client_address())}")
    before = current_user.id if current_user.is_authenticated else None
    sign_in(user)
    target = next_url.after_sign_in(user)
    db.session.commit()
    return redirect(target, 303) if before in (None, user.id) else redirect_clearing_storage(target)


def _is_right(password: str, hashed: str | None, known: KnownBrowser | None) -> bool:
    """Who is known waits behind no stranger. Raises TooManyAtOnce."""
    try:
        return (passwords.is_right if known else passwords.is_right_for_stranger)(password, hashed)
    except passwords.Busy:
        raise errors.TooManyAtOnce from None


def _count_try(login: str, known: KnownBrowser | None) -> None:
    """Raises TooManyAttempts. Counted is what was typed, never whose it is, or the answer would tell; a browser the
    account knows is counted by itself, whatever strangers do."""
    if known is not None:
        RateLimitHit.count(LimitKind.PASSWORD_KNOWN, str(known.id))
        return
    home = household_of(client_address())
    RateLimitHit.count(LimitKind.PASSWORD_FROM_ADDRESS, home)
    RateLimitHit.count(LimitKind.PASSWORD_FOR_ACCOUNT, f"{login} {home}")
    if RateLimitHit.is_reached(LimitKind.WRONG_FOR_LOGIN, login):
        RateLimitHit.count(LimitKind.PASSWORD_SLOWED, f"{login} {home}")


def _note_wrong_try(login: str, user: User | None) -> None:
    """The account's own count is silent: only its owner hears of it. A login that is nobody's is counted, and asked
    for, just the same: the clock would tell."""
    whose = str(user.id) if user else f"nobody {login}"
    AuditEvent.write(
        AuditAction.SIGN_IN_REFUSED,
        actor_id=user.id if user else None,
        patient_id=user.id_as_patient if user else None,
        reason=None,  # who tried is not known
        address=client_address(),
    )
    RateLimitHit.note(LimitKind.WRONG_FOR_LOGIN, login)
    RateLimitHit.note(LimitKind.WRONG_FOR_USER, whose)
    if RateLimitHit.is_reached(LimitKind.WRONG_FOR_USER, whose) and user is not None and user.is_activated:
        SecurityEvent.announce_wrong_passwords(user)


def _spelled_alike(login: str) -> str:
    """However a login is spelled, it is counted as one, or the limit would tell which of them has an account."""
    try:
        return emails.parse(login) if "@" in plain(login) else phones.parse(login)
    except (emails.NotAnEmail, phones.NotAPhone):
        return plain(login).lower()


def _phone_in(login: str) -> str:
    """As people read it; nothing of anything else, which nobody types into the next page's field."""
    try:
        return phones.readable(phones.parse(login))
    except phones.NotAPhone:
        return ""


def _ask_code(phone: str) -> None:
    known = _known_here(phone)
    asked = LoginCode.ask(phone, client_address(), client.browser_token(), own=f"browser:{known.id}" if known else "")
    next_url.remember_with(asked)
    db.session.commit()
    session["code"] = asked.id


def _known_here(phone: str) -> KnownBrowser | None:
    user = User.by_phone(phone)
    return KnownBrowser.of(user.id if user else 0, client.known_browser_token())


def _asked_code() -> LoginCode | None:
    return db.session.get(LoginCode, session.get("code", 0))


def proved_code() -> LoginCode | None:
    """Proved in this very browser: a stranger may have asked for the same phone, and then holds the same code's id."""
    asked = db.session.get(LoginCode, session.get("proved", 0))
    return asked if asked is not None and asked.proves_phone() else None


def _suggested_name() -> str:
    """As the clinic calls whom it has invited; a child has no account."""
    invitation = db.session.get(Invitation, session.get("invitation", 0))
    return invitation.name if invitation is not None and not invitation.names_child else ""


def _set_password(asked: LoginCode, name: str | None, hashed: str) -> User:
    """Raises CodeIsSpent when the proof was used meanwhile."""
    asked.spend()
    user = reassigned_number.account_of(asked)
    if user is None:
        _free_number(asked.phone)
        user = User(phone=asked.phone, name=name, password_hash=hashed)
        db.session.add(user)
        db.session.flush()
        AuditEvent.write_of_account(AuditAction.REGISTERED, user, address=client_address())
    else:
        refuse_frozen(user)
        change_password(user, hashed, None, client.browser_token())
        AuditEvent.write_of_account(AuditAction.PASSWORD_CHANGED, user, address=client_address())
    sign_in(user)
    return user


def _free_number(phone: str) -> None:
    """Of whoever had it half a year ago. Raises CodeIsSpent when they are back meanwhile."""
    before = User.by_phone(phone)
    if before is not None:
        reassigned_number.release_phone(before)
        AuditEvent.write_of_account(AuditAction.NUMBER_LEFT, before, address=client_address())
