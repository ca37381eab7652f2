"""«Профиль»: who I am, how I sign in, which devices are mine."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from flask_wtf import FlaskForm

from ... import errors
from ...extensions import db
from ...models import (
    AuditAction,
    AuditEvent,
    Consent,
    Device,
    DeviceTransfer,
    EmailProof,
    Invitation,
    Job,
    JobKind,
    KnownBrowser,
    LimitKind,
    PushSubscription,
    RateLimitHit,
    User,
)
from ...models import change_password as change
from ...models import prove_email as prove
from ...responses import go, respond, wants_fragment
from ...services import current_services, passwords
from ...services.codes import new_nonce
from ...web import client
from ...web.audit import log_audit
from ...web.authentication import lock_current_user
from ...web.client import client_address
from ...web.submission import submission
from .forms import BirthDateForm, EmailForm, NameForm, NotificationsForm, PasswordForm, ZoneForm

bp = Blueprint("account", __name__, url_prefix="/profile")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    return render_template("pages/account/index.html", **_panels())


@bp.post("/name")
@login_required
def rename() -> ResponseReturnValue:
    user, form = lock_current_user(), NameForm()
    if not form.validate_on_submit():
        return refuse("name", name_form=form)
    if not form.meets(_name_form(user)):
        return refuse("name", 409, name_form=form)
    user.rename(form.name.data)
    db.session.commit()
    return saved("name", "Имя сохранено.")


@bp.post("/email")
@login_required
def change_email() -> ResponseReturnValue:
    """A taken address is answered alike; the letter to it only tells its owner."""
    form = EmailForm()
    if not form.validate_on_submit():
        return refuse("email", email_form=form)
    if not g.device.is_confirmed:
        session["wanted_email"] = form.email.data  # it stands in the field again when the person is back
        return go(url_for(".confirm", panel="email"))
    session.pop("wanted_email", None)
    with submission(form.email) as sent:
        RateLimitHit.count(LimitKind.EMAIL_PROOF, str(current_user.id))
        proof = EmailProof(user_id=current_user.id, email=form.email.data, nonce=new_nonce())
        db.session.add(proof)
        db.session.flush()
        Job.add(JobKind.EMAIL_PROOF, proof.id)
    if sent.is_refused:
        return refuse("email", status=sent.status, email_form=form)
    return saved("email", "Письмо отправлено.")


@bp.get("/email/<int:id>")
def ask_to_prove_email(id: int) -> ResponseReturnValue:
    """The letter's link, also where nobody is signed in; mail scanners open links, so only the press changes anything.

    The token stands in the query, which no log line of ours repeats.
    """
    _proof(id)
    return _proof_page(id)


@bp.post("/email/<int:id>")
def prove_email(id: int) -> ResponseReturnValue:
    proof = _proof(id)
    is_new = proof.used_at is None
    with submission() as sent:
        prove(proof, request.args.get("token", ""))
        if is_new:
            AuditEvent.write(
                AuditAction.EMAIL_PROVED, actor_id=proof.user_id, subject_id=proof.user_id, address=client_address()
            )
    if sent.is_refused:
        return _proof_page(id, refusal=sent.sentence), sent.status
    return _proof_page(id, done=True)


@bp.post("/zone")
@login_required
def choose_zone() -> ResponseReturnValue:
    user, form = lock_current_user(), _zone_form()
    if not form.validate_on_submit():
        return refuse("zone", zone_form=form)
    if not form.meets(_zone_form_of(user)):
        return refuse("zone", 409, zone_form=form)
    user.choose_zone(form.zone.data)
    db.session.commit()
    return saved("zone", "Часовой пояс сохранён.")


@bp.post("/password")
@login_required
def change_password() -> ResponseReturnValue:
    form = PasswordForm(current_user)
    if not form.validate_on_submit():
        return refuse("password", password_form=form)
    with submission(form.current) as sent:
        check_current(form.current.data)
        change(current_user, passwords.hash_password(form.password.data), g.device, client.browser_token())
        log_audit(AuditAction.PASSWORD_CHANGED, current_user.id)
    if sent.is_refused:
        return refuse("password", status=sent.status, password_form=form)
    return saved("password", "Пароль сменён. На других устройствах нужно войти заново.")


@bp.post("/devices/others/end")
@login_required
def end_other_devices() -> ResponseReturnValue:
    """«Завершить все другие»; a second press finds none."""
    if not g.device.is_confirmed:
        return go(url_for(".confirm", panel="devices"))
    for device in db.session.scalars(Device.of(current_user).where(Device.id != g.device.id)):
        _end(device)
    db.session.commit()
    return saved("devices", "На других устройствах нужно войти заново.")


@bp.post("/devices/<int:id>/end")
@login_required
def end_device(id: int) -> ResponseReturnValue:
    device: Device = db.first_or_404(Device.of(current_user).where(Device.id == id))
    if not g.device.is_confirmed:
        return go(url_for(".confirm", panel="devices"))
    _end(device)
    db.session.commit()
    return saved("devices", "Сеанс завершён.")


def _end(device: Device) -> None:
    """Whoever holds it is a stranger from now on."""
    KnownBrowser.forget_one(current_user.id, device.browser_hash)
    DeviceTransfer.void_all_of(current_user.id)  # it may have made one
    device.end()
    log_audit(AuditAction.DEVICE_ENDED, device.id)


def _proof(id: int) -> EmailProof:
    return db.session.get(EmailProof, id) or abort(404)


def _proof_page(id: int, *, done: bool = False, refusal: str = "") -> str:
    token = request.args.get("token", "")
    return render_template("pages/account/prove_email.html", id=id, token=token, done=done, refusal=refusal)


def check_current(password: str) -> None:
    """Raises WrongPassword or TooManyAttempts: a borrowed phone must not guess either, nor lock the owner's other."""
    who = str(g.device.id)
    RateLimitHit.count(LimitKind.PASSWORD_CURRENT, who)
    db.session.commit()
    if not current_user.check_password(password):
        raise errors.WrongPassword("Нынешний пароль не подходит.")
    RateLimitHit.forgive(LimitKind.PASSWORD_CURRENT, who)
    g.device.confirm()


def _panels(**forms: FlaskForm | str) -> dict[str, Any]:
    """Everything the page shows; a form with errors takes the place of its fresh one."""
    proof = EmailProof.newest_of(current_user.id)
    return {
        "name_form": _name_form(current_user),
        "birth_date_form": BirthDateForm.of(current_user),
        "suggested": Invitation.birth_date_suggested_to(current_user) if current_user.is_patient else None,
        "email_form": EmailForm(formdata=None, email=session.get("wanted_email", "")),
        "zone_form": _zone_form_of(current_user),
        "password_form": PasswordForm(current_user, formdata=None),
        "pending": proof if proof and proof.is_alive() else None,
        "push": PushSubscription.of_device(g.device),
        "push_key": current_services.push.public_key,
        "push_refusal": "",
        "notifications_form": NotificationsForm.of(current_user),
        "devices": sorted(db.session.scalars(Device.of(current_user)), key=lambda one: one.id != g.device.id),
        "this_device": g.device,
        "documents_from": Consent.coming_for(current_user),
        "saved": "",
    } | forms


def _name_form(user: User) -> NameForm:
    return NameForm(formdata=None, name=user.name)


def _zone_form_of(user: User) -> ZoneForm:
    return _zone_form(formdata=None, zone=user.timezone if user.timezone_is_chosen else "")


def _zone_form(**kwargs: Any) -> ZoneForm:
    return ZoneForm(followed=str(current_user.zone), **kwargs)


def saved(panel: str, sentence: str) -> ResponseReturnValue:
    if not wants_fragment():
        flash(sentence)
    return respond(
        f"account/{panel}.html",
        to=url_for("account.index", _anchor=panel),
        viewer=current_user,
        **(_panels() | {"saved": sentence}),
    )


def refuse(panel: str, status: int = 422, **forms: FlaskForm | str) -> ResponseReturnValue:
    return respond(
        f"account/{panel}.html", page="account/index.html", status=status, viewer=current_user, **_panels(**forms)
    )
