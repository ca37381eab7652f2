"""A new e-mail: asked for, and proved by the link that is mailed to it."""

from __future__ import annotations

from flask import abort, g, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...models import AuditAction, AuditEvent, EmailProof, Job, JobKind, LimitKind, RateLimitHit
from ...models import prove_email as prove
from ...responses import go
from ...services.codes import new_nonce
from ...web.client import client_address
from ...web.submission import submission
from .forms import EmailForm
from .panels import refuse, saved, show
from .views import bp


@bp.get("/email")
@login_required
def email() -> ResponseReturnValue:
    return show("email")


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
            AuditEvent.write_of_account(AuditAction.EMAIL_PROVED, proof.user, address=client_address())
    if sent.is_refused:
        return _proof_page(id, refusal=sent.sentence), sent.status
    return _proof_page(id, done=True)


def _proof(id: int) -> EmailProof:
    return db.session.get(EmailProof, id) or abort(404)


def _proof_page(id: int, *, done: bool = False, refusal: str = "") -> str:
    token = request.args.get("token", "")
    return render_template("pages/account/prove_email.html", id=id, token=token, done=done, refusal=refusal)
