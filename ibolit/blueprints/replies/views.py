"""«Шаблоны ответов»: the doctor's own short texts, and the list that «/» opens in the composer."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ...extensions import db
from ...formatting import spoken_to, when_for
from ...models import Chat, ClinicReplyTemplate, Consultation, Doctor, OfferedReply, ReplyTemplate
from ...models.doctors.offered_replies import CONSULTATION, NAME
from ...responses import respond, wants_fragment
from ...web.authentication import current_doctor
from ...web.fields import MoveForm
from ...web.submission import submission
from .forms import ReplyForm, prefix_of

GONE = "Этот шаблон удалили в другом окне. Ваш текст – внизу, в новом шаблоне: добавьте его, если он ещё нужен."
CHANGED = "Этот шаблон изменили в другом окне. Прочтите его и удалите, если он больше не нужен."

LONGEST_KEY = 60

bp = Blueprint("replies", __name__, url_prefix="/replies")


@bp.get("")
@login_required
def index() -> ResponseReturnValue:
    """The page to edit them, or to copy from where no script inserts them."""
    return render_template("pages/replies/index.html", **_panel(current_doctor()))


@bp.get("/choice")
@login_required
def choice() -> ResponseReturnValue:
    """What the composer of a chat asks for at the first «/» or press, with name and time put in."""
    doctor, id = current_doctor(), request.args.get("chat", type=int)
    chat = (Chat.find_for(current_user, id) or abort(404)) if id is not None else None
    templates = OfferedReply.all_for(doctor, _values_in(chat) if chat is not None else {})
    return respond("replies/choice.html", to=url_for(".index"), templates=templates)


@bp.post("/uses")
@login_required
def note_use() -> ResponseReturnValue:
    """What was used last stands first."""
    is_known = OfferedReply.note_use(current_doctor(), request.form.get("template", "")[:LONGEST_KEY])
    db.session.commit()
    return "", 204 if is_known else 422


def _values_in(chat: Chat) -> dict[str, str]:
    """Of a time that is not known its sign stays, for the doctor to see."""
    nearest = Consultation.nearest_in(chat)
    values = {NAME: spoken_to(chat.patient.name)}
    return (
        values
        if nearest is None or nearest.awaits_choice
        else values | {CONSULTATION: when_for(nearest.starts_at, chat.patient.zone)}
    )


@bp.post("")
@login_required
def create() -> ResponseReturnValue:
    doctor, form = current_doctor(), ReplyForm(prefix="new-")
    if not form.validate_on_submit():
        return _refuse(new_form=form)
    with submission(form.name) as sent:
        ReplyTemplate.add(doctor, form.name.data or "", form.text.data or "")
    if sent.is_refused:
        return _refuse(sent.status, new_form=form)
    return _saved("Шаблон добавлен.")


@bp.post("/<int:id>")
@login_required
def update(id: int) -> ResponseReturnValue:
    template, form = ReplyTemplate.locked_for(current_doctor(), id), ReplyForm(prefix=prefix_of(id))
    if template is None:
        return _refuse(409, refusal=GONE, new_form=ReplyForm.again(form))
    if not form.validate_on_submit():
        return _refuse(wrong={id: form})
    if not form.meets(ReplyForm.of(template)):
        return _refuse(409, wrong={id: form})
    template.change(form.name.data or "", form.text.data or "")
    return _saved("Шаблон сохранён.")


@bp.post("/<int:id>/place")
@login_required
def move(id: int) -> ResponseReturnValue:
    template, form = _held(id), MoveForm()
    if not form.validate_on_submit():
        return _refuse(refusal=form.steps.errors[0])
    template.move(form.steps.data)
    return _saved("Порядок изменён.")


@bp.post("/<int:id>/removal")
@login_required
def delete(id: int) -> ResponseReturnValue:
    """A second press finds it gone, as it should be; a text that was never seen is not thrown away."""
    template = ReplyTemplate.locked_for(current_doctor(), id)
    if template is not None:
        if request.form.get("expected") not in (None, ReplyForm.of(template).marks):
            return _refuse(409, refusal=CHANGED)
        template.delete()
    return _saved("Шаблон удалён.")


def _held(id: int) -> ReplyTemplate:
    return ReplyTemplate.locked_for(current_doctor(), id) or abort(404)


def _panel(doctor: Doctor, **forms: Any) -> dict[str, Any]:
    templates = db.session.scalars(ReplyTemplate.of(doctor)).all()
    known = {one.id: ReplyForm.of(one) for one in templates} | forms.pop("wrong", {})
    return {
        "templates": templates,
        "forms_of": known,
        "new_form": ReplyForm.new(),
        "saved": "",
        "refusal": "",
        "of_clinic": ClinicReplyTemplate.listed(),
    } | forms


def _saved(sentence: str) -> ResponseReturnValue:
    db.session.commit()
    if not wants_fragment():
        flash(sentence)
    return respond("replies/list.html", to=url_for(".index"), **_panel(current_doctor(), saved=sentence))


def _refuse(status: int = 422, **forms: Any) -> ResponseReturnValue:
    return respond("replies/list.html", page="replies/index.html", status=status, **_panel(current_doctor(), **forms))
