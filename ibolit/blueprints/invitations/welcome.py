"""/i/<token>: says who invites, and leads to the chat. Opening it consumes nothing: scanners open links, too."""

from __future__ import annotations

import io

import segno
from flask import Blueprint, g, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required
from markupsafe import Markup

from ... import errors
from ...config import current_settings
from ...extensions import db
from ...models import Invitation, LoginCode, User
from ...models.family import own_phone
from ...rendering import link_to
from ...web import client
from ...web.authentication import note_acceptance, redirect_clearing_storage, sign_out
from ...web.client import client_address
from ...web.fields import why_no_sms
from ...web.next_url import by_way_of_suggestion
from ...web.submission import submission
from .forms import GuestForm

bp = Blueprint("welcome", __name__, url_prefix="/i")


@bp.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    invitation = Invitation.by_token(token)
    if invitation is None or (not invitation.is_alive and not invitation.accepted_at):
        return _dead()
    if current_user.is_authenticated and own_phone.has_left_chats(invitation, current_user):
        return redirect(url_for("relatives.ask_birth_date", token=token))
    if current_user.is_authenticated and (chat_id := invitation.chat_of(current_user)):
        return redirect(by_way_of_suggestion(current_user, url_for("chat.show", id=chat_id)))
    return _show(invitation, token)


@bp.post("/<token>")
def begin(token: str) -> ResponseReturnValue:
    """A code to the invited phone, or to the one that the holder of a mailed link names."""
    invitation = _living(token)
    if invitation is None:
        return _dead()
    if current_user.is_authenticated:
        return redirect(url_for(".show", token=token), 303)
    form = GuestForm(asks_phone=invitation.phone is None)
    if not form.validate_on_submit():
        return _show(invitation, token, form, 422)
    phone = invitation.phone or form.e164
    with submission(form.phone) as sent:
        if not current_settings.sends_sms_to(phone):
            raise errors.RuleViolation(f"{why_no_sms(phone)} {form.instead}".strip())
        own = f"invitation:{invitation.id}" if invitation.phone else ""  # who holds a mailed link may name any phone
        asked = LoginCode.ask(phone, client_address(), client.browser_token(), own)
        invitation.open()
        invitation.claim_phone(phone)
    if sent.is_refused:
        return _show(invitation, token, form, sent.status)
    session["code"], session["invitation"] = asked.id, invitation.id
    return redirect(url_for("auth.code", next=url_for(".show", token=token)), 303)


@bp.post("/<token>/password")
def sign_in(token: str) -> ResponseReturnValue:
    """For who has been here: the sign-in leads into the chat."""
    invitation = _living(token)
    if invitation is None:
        return _dead()
    invitation.open()
    db.session.commit()
    session["invitation"] = invitation.id
    return redirect(url_for("auth.login", next=url_for(".show", token=token)), 303)


@bp.post("/<token>/chat")
@login_required
def accept(token: str) -> ResponseReturnValue:
    """The signed-in person has said that it is for them."""
    invitation = Invitation.by_token(token)
    if invitation is None:
        return _dead()
    email = current_user.email
    with submission() as sent:
        chat_id = invitation.accept(current_user, may_add_email=g.device.is_confirmed)
        note_acceptance(current_user, invitation, email)
    if sent.is_refused:
        return _show(invitation, token, status=sent.status, refusal=sent.sentence)
    return redirect(by_way_of_suggestion(current_user, url_for("chat.show", id=chat_id)), 303)


@bp.post("/<token>/exit")
@login_required
def exit(token: str) -> ResponseReturnValue:
    """Somebody else sits at this phone."""
    sign_out()
    db.session.commit()
    return redirect_clearing_storage(url_for(".show", token=token))


def _living(token: str) -> Invitation | None:
    invitation = Invitation.by_token(token)
    return invitation if invitation is not None and invitation.is_alive else None


def _show(
    invitation: Invitation,
    token: str,
    form: GuestForm | None = None,
    status: int = 200,
    refusal: str = "",
) -> ResponseReturnValue:
    viewer: User | None = current_user if current_user.is_authenticated else None
    page = render_template(
        "pages/welcome/show.html",
        invitation=invitation,
        token=token,
        form=form or GuestForm(asks_phone=invitation.phone is None, formdata=None),
        guest=viewer,
        is_for_guest=viewer is not None and viewer.is_patient and invitation.is_for(viewer),
        may_choose=viewer is not None and viewer.is_patient and invitation.email is not None,
        qr=_qr(token) if viewer is None and invitation.is_alive else "",
        refusal=refusal,
    )
    return make_response(page, status)


def _dead() -> ResponseReturnValue:
    """Unknown, old, taken back or replaced: the same words for all."""
    return render_template("pages/welcome/dead.html"), 404


def _qr(token: str) -> Markup:
    """For a person at a computer whose camera and microphone are in their phone."""
    drawn = io.BytesIO()
    code = segno.make(link_to("welcome.show", token=token), error="m", micro=False)
    code.save(drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=2, light="#fff", nl=False)
    return Markup(drawn.getvalue().decode())  # noqa: S704  drawn from an address of ours
