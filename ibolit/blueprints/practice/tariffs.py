"""What a doctor sells: added, changed, hidden, ordered. Each change takes the lock of all the doctor's tariffs."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ...formatting import plural
from ...models import AuditAction, Tariff
from ...sums import rubles
from ...web.audit import log_audit
from ...web.authentication import current_doctor
from ...web.fields import MoveForm
from ...web.submission import submission
from .forms import TariffForm, prefix_of
from .panels import done, refuse, show
from .views import bp


@bp.get("/tariffs")
@login_required
def tariffs() -> ResponseReturnValue:
    return show("tariffs")


@bp.post("/tariffs")
@login_required
def add_tariff() -> ResponseReturnValue:
    doctor, form = current_doctor(), TariffForm(prefix="new-")
    if not form.validate_on_submit():
        return refuse("tariffs", new_tariff_form=form)
    with submission(form.title) as sent:
        log_audit(AuditAction.TARIFF_CHANGED, Tariff.add(doctor, form.terms).id, patient=None)
    if sent.is_refused:
        return refuse("tariffs", sent.status, new_tariff_form=form)
    return done("tariffs", f"Тариф «{form.terms.title}» добавлен.")


@bp.post("/tariffs/<int:id>")
@login_required
def change_tariff(id: int) -> ResponseReturnValue:
    form, tariff = TariffForm(prefix=prefix_of(id)), _held(id)
    if not form.validate_on_submit():
        return refuse("tariffs", answered={id: form})
    if not tariff.replaced and not form.meets(TariffForm.of(tariff)):
        return refuse("tariffs", 409, answered={id: form})
    terms = form.terms
    typed = f" Вы ввели: «{terms.title}», {plural(terms.days, 'день', 'дня', 'дней')}, {rubles(terms.price)}."
    return _submit(id, lambda tariff: tariff.change(terms), f"Тариф «{terms.title}» сохранён.", typed)


@bp.post("/tariffs/<int:id>/visibility")
@login_required
def show_tariff(id: int) -> ResponseReturnValue:
    shown = request.form.get("shown") == "1"
    return _submit(id, lambda tariff: tariff.show(shown), "Тариф снова продаётся." if shown else "Тариф скрыт.")


@bp.post("/tariffs/<int:id>/mark")
@login_required
def mark_tariff(id: int) -> ResponseReturnValue:
    """«Обычный»: it is chosen already when the patient opens the list."""
    is_recommended = request.form.get("usual") == "1"
    return _submit(
        id,
        lambda tariff: tariff.recommend(is_recommended),
        "Отмечен как обычный." if is_recommended else "Отметка снята.",
    )


@bp.post("/tariffs/<int:id>/place")
@login_required
def move_tariff(id: int) -> ResponseReturnValue:
    form = MoveForm()
    if not form.validate_on_submit():
        return refuse("tariffs", refusal=form.steps.errors[0])
    return _submit(id, lambda tariff: tariff.move(form.steps.data), "Порядок изменён.")


def _submit(id: int, action: Callable[[Tariff], object], sentence: str, typed: str = "") -> ResponseReturnValue:
    tariff = _held(id)
    with submission() as sent:
        action(tariff)
        log_audit(AuditAction.TARIFF_CHANGED, id, patient=None)
    if sent.is_refused:
        return refuse("tariffs", sent.status, refusal=f"{sent.sentence}{typed}")
    return done("tariffs", sentence)


def _held(id: int) -> Tariff:
    return Tariff.locked_for(current_doctor(), id) or abort(404)
