"""A doctor invites who comes of age to a phone of their own, and they take the chats over by their birth date."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...extensions import db
from ...models import AuditAction, Chat, Dependant, Invitation
from ...models.family import own_phone
from ...web.audit import log_audit, log_of_dependant
from ...web.next_url import by_way_of_suggestion
from ...web.submission import submission
from .forms import BornForm, PhoneForm
from .views import bp


@bp.get("/chats/<int:id>/own-phone")
@login_required
def ask_own_phone(id: int) -> ResponseReturnValue:
    return _page(*_led(id), PhoneForm(formdata=None))


@bp.post("/chats/<int:id>/own-phone")
@login_required
def invite_to_own_phone(id: int) -> ResponseReturnValue:
    chat, dependant = _led(id)
    form = PhoneForm()
    if not form.validate_on_submit():
        return _page(chat, dependant, form, 422)
    with submission(form.phone) as sent:
        invitation = own_phone.invite(dependant, chat.doctor, current_user, form.e164)
        log_audit(AuditAction.INVITED, invitation.id, patient=None)
    if sent.is_refused:
        return _page(*_led(id), form, sent.status)
    flash("Приглашение отправляется.")
    return redirect(url_for("invitations.index"), 303)


@bp.get("/i/<token>/birth-date")
@login_required
def ask_birth_date(token: str) -> ResponseReturnValue:
    return _birth_date_page(_invited_with(token), token, BornForm(formdata=None), 200)


@bp.post("/i/<token>/birth-date")
@login_required
def accept_chats(token: str) -> ResponseReturnValue:
    """Who is invited says when they were born, and the chats about them are theirs."""
    invitation, form = _invited_with(token), BornForm()
    if not form.validate_on_submit():
        return _birth_date_page(invitation, token, form, 422)
    with submission(form.birth_date, refused_counts=True) as sent:
        if form.birth_date.day is None:
            raise errors.BirthDateDoesNotMatch
        chat_id = own_phone.accept_chats(invitation, current_user, form.birth_date.day)
        log_of_dependant(AuditAction.CHATS_HANDED_OVER, db.session.get_one(Dependant, invitation.dependant_id))
    if sent.is_refused:
        return _birth_date_page(invitation, token, form, sent.status)
    return redirect(by_way_of_suggestion(current_user, url_for("chat.show", id=chat_id)), 303)


def _invited_with(token: str) -> Invitation:
    """One by which chats are taken over, for whom it was sent."""
    invitation = Invitation.by_token(token)
    if invitation is None or invitation.dependant_id is None or not invitation.is_for(current_user):
        abort(404)
    return invitation


def _led(id: int) -> tuple[Chat, Dependant]:
    """The doctor's own, about a child who comes of age."""
    chat = Chat.find_for(current_user, id) or abort(404)
    dependant = chat.dependant
    if not chat.is_led_by(current_user) or dependant is None or not dependant.may_be_invited:
        abort(404)
    return chat, dependant


def _page(chat: Chat, dependant: Dependant, form: PhoneForm, status: int = 200) -> ResponseReturnValue:
    form.phone.label.text = "Телефон пациента"
    return render_template("pages/relatives/own_phone.html", chat=chat, dependant=dependant, form=form), status


def _birth_date_page(invitation: Invitation, token: str, form: BornForm, status: int) -> ResponseReturnValue:
    return render_template("pages/relatives/accept_chats.html", invitation=invitation, token=token, form=form), status
