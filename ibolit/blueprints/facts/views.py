"""Allergies, medicines and illnesses: the patient's own page of them, and their doctors' beside a chat.

The address names whom they are about: the patient, or somebody they write for. Who is neither that patient nor a doctor
of this person is answered as for nobody.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors
from ...database import write_transaction
from ...extensions import db
from ...models import AuditAction, Chat, Dependant, FactKind, FactList, PatientFact, SubjectKey, User
from ...responses import respond, wants_fragment
from ...web.audit import log_audit, log_of_chat
from ...web.fact_forms import AGAIN, FactForm, FactTextForm, SharingForm, fact_page
from ...web.submission import submission

bp = Blueprint("facts", __name__)


@bp.get("/patients/<subject:id>/facts")
@login_required
def index(id: SubjectKey) -> ResponseReturnValue:
    return _page(*_whose(id))


@bp.post("/patients/<subject:id>/facts")
@login_required
def create(id: SubjectKey) -> ResponseReturnValue:
    _whose(id)
    form = FactForm()
    is_valid = form.validate_on_submit()
    kind = FactKind.ALLERGY if form.kind.errors else FactKind(form.kind.data)  # of no kind: an old page, told on top
    form.label_for(kind)
    if not is_valid:
        return _refuse(id, kind, 422, form)
    PatientFact.lock_of(id)
    _whose(id)  # who may write about whom has changed while one waited, perhaps
    with submission(form.text) as sent:
        fact = PatientFact.add(id, current_user, kind, form.text.data or "")
        _log_change(fact)
    if sent.is_refused:
        return _refuse(id, kind, sent.status, form)
    return _changed(fact, "Добавлено.")


@bp.get("/facts/<int:id>/text")
@login_required
def edit(id: int) -> ResponseReturnValue:
    """The form of one's own row; of one that is off by now, or another's, its list."""
    fact = _seen(id).newest
    if fact.author_id != current_user.id:
        abort(404)
    return _show_text(id, fact, FactTextForm.of(fact, _text_now(fact)))


@bp.post("/facts/<int:id>/text")
@login_required
def update(id: int) -> ResponseReturnValue:
    fact, form = _seen(id), FactTextForm()
    if fact.author_id != current_user.id:
        abort(404)
    form.label_for(fact.kind)
    is_valid = form.validate_on_submit()
    PatientFact.lock_of(fact.subject_key)
    fact = _seen(fact.newest.id)
    now = _text_now(fact)
    if not is_valid:
        return _refuse_text(id, fact, form, 422)
    if not form.meets(FactTextForm.of(fact, now)):
        return _refuse_text(id, fact, form, 409)
    with submission(form.text) as sent:
        words = form.text.data or ""
        after = fact.reword(current_user, words) if now else _added_anew(fact, words)
        _log_change(after)
    if sent.is_refused:
        return _refuse_text(id, _seen(id), form, sent.status)
    return _changed(after, "Сохранено.")


@bp.post("/facts/<int:id>/removal")
@login_required
def strike(id: int) -> ResponseReturnValue:
    """«Снять»: it stays, crossed out."""
    fact = _seen(id)
    fact.strike(current_user)
    return _done(fact, "Снято. Строка осталась зачёркнутой.")


@bp.post("/facts/<int:id>/restoration")
@login_required
def restore(id: int) -> ResponseReturnValue:
    fact = _seen(id)
    fact.restore(current_user)
    return _done(fact, "Возвращено.")


@bp.post("/facts/<int:id>/sharing")
@login_required
def share(id: int) -> ResponseReturnValue:
    """«Показать всем моим врачам», or not: the patient's word."""
    fact, form = _seen(id), SharingForm()
    if fact.patient_id != current_user.id:
        abort(404)
    if not form.validate_on_submit():
        raise errors.RuleViolation(AGAIN)
    is_shared = form.answer.data == "yes"
    fact.answer(is_shared=is_shared)
    return _done(fact, "Теперь это видят все ваши врачи." if is_shared else "Другие врачи этого не увидят.")


def _whose(id: SubjectKey) -> tuple[User | Dependant, Chat | None]:
    """Oneself, somebody one writes for, or whom a chat is about that one leads, with that."""
    if current_user.id_as_patient == id.patient_id:
        return _own(id.dependant_id), None
    doctor = current_user.doctor or abort(404)
    chat = db.session.scalars(Chat.with_patient(doctor, id)).unique().first() or abort(404)
    return chat.subject, chat


def _own(dependant_id: int | None) -> User | Dependant:
    user: User = current_user._get_current_object()
    if dependant_id is None:
        return user
    dependant = Dependant.find_for(user, dependant_id)
    return dependant if dependant is not None and dependant.may_be_written_for else abort(404)


def _log_change(fact: PatientFact) -> None:
    log_audit(AuditAction.FACTS_CHANGED, fact.id, patient=fact.patient_id, dependant=fact.dependant_id)


def _seen(id: int) -> PatientFact:
    fact = PatientFact.find_for(current_user, id) or abort(404)
    _whose(fact.subject_key)
    return fact


def _text_now(fact: PatientFact) -> str:
    """What may be reworded; nothing of a row that is off by now."""
    return fact.text if fact.may_be_reworded_by(current_user) else ""


def _added_anew(fact: PatientFact, words: str) -> PatientFact:
    """It was taken off meanwhile, which the page has said: now it is a new row."""
    return PatientFact.add(fact.subject_key, current_user, fact.kind, words)


def _done(fact: PatientFact, sentence: str) -> ResponseReturnValue:
    """The rows of its kind anew, or the chat's question where it was answered; without scripts the page of all."""
    _log_change(fact)
    db.session.commit()
    if request.form.get("at") == "question":
        whose = fact.subject_key
        shown: dict[str, Any] = {"unanswered": PatientFact.unanswered_of(whose), "whose": whose}
        return _answer(fact, sentence, "facts/question.html", viewer=current_user, **shown)
    return _answer(fact, sentence, "facts/rows.html", **_kind(fact.subject_key, fact.kind))


def _changed(fact: PatientFact, sentence: str) -> ResponseReturnValue:
    """Its kind anew, with an empty form."""
    return _answer(fact, sentence, "facts/kind.html", **_kind(fact.subject_key, fact.kind))


def _answer(fact: PatientFact, sentence: str, fragment: str, **shown: Any) -> ResponseReturnValue:
    if not wants_fragment():
        flash(sentence)
    return respond(fragment, to=url_for(".index", id=fact.subject_key, _anchor=f"facts-{fact.kind}"), **shown)


def _kind(whose: SubjectKey, kind: FactKind, form: FactForm | FactTextForm | None = None) -> dict[str, Any]:
    facts = FactList.of(whose, kind, current_user, PatientFact.seen_by(current_user, whose))
    return {"facts": facts, "form": form or FactForm.of(kind), "viewer": current_user}


def _refuse(whose: SubjectKey, kind: FactKind, status: int, form: FactForm) -> ResponseReturnValue:
    if wants_fragment():
        return respond("facts/kind.html", status=status, **_kind(whose, kind, form))
    return _page(*_whose(whose), status, {kind: form})


def _refuse_text(id: int, fact: PatientFact, form: FactTextForm, status: int) -> ResponseReturnValue:
    if wants_fragment():
        return respond("facts/kind.html", status=status, at=id, fact=fact, **_kind(fact.subject_key, fact.kind, form))
    return _show_text(id, fact, form, status)


def _show_text(id: int, fact: PatientFact, form: FactTextForm, status: int = 200) -> ResponseReturnValue:
    shown: dict[str, Any] = {"at": id, "fact": fact, "form": form, "viewer": current_user}
    return respond("facts/text.html", page="facts/text.html", status=status, **shown)


def _page(
    subject: User | Dependant, chat: Chat | None, status: int = 200, forms: dict[FactKind, FactForm] | None = None
) -> ResponseReturnValue:
    """`chat`: in which their doctor looks at it; None for the patient."""
    shown: dict[str, Any] = fact_page(subject.subject_key, current_user) | {"subject": subject}
    shown["fact_forms"] |= forms or {}
    if chat is not None:
        with write_transaction(db.session):
            log_of_chat(AuditAction.FACTS_READ, chat)
    return respond("facts/all.html", page="facts/index.html", status=status, **shown)
