"""What a doctor sells: added, changed, hidden, ordered. Each change takes the lock of all the doctor's tariffs."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_login import login_required

from ... import errors
from ...extensions import db
from ...formatting import plural, rubles
from ...models import AuditAction, Tariff
from ...web.authentication import current_doctor
from ...web.fields import MoveForm
from .forms import TariffForm, prefix_of
from .panels import refuse, saved
from .views import bp


@bp.post("/tariffs")
@login_required
def add_tariff() -> ResponseReturnValue:
    doctor, form = current_doctor(), TariffForm(prefix="new-")
    if not form.validate_on_submit():
        return refuse("tariffs", new_tariff_form=form)
    try:
        tariff = Tariff.add(doctor, form.terms)
    except errors.TooManyTariffs as refusal:
        form.title.errors = [refusal.sentence]
        return refuse("tariffs", new_tariff_form=form)
    return saved("tariffs", f"Тариф «{tariff.title}» добавлен.", AuditAction.TARIFF_CHANGED, tariff.id)


@bp.post("/tariffs/<int:id>")
@login_required
def change_tariff(id: int) -> ResponseReturnValue:
    form, tariff = TariffForm(prefix=prefix_of(id)), _held(id)
    if not form.validate_on_submit():
        return refuse("tariffs", tariff_form=form)
    if not tariff.replaced and not form.meets(TariffForm.of(tariff)):
        return refuse("tariffs", 409, tariff_form=form)
    terms = form.terms
    typed = f" Вы ввели: «{terms.title}», {plural(terms.days, 'день', 'дня', 'дней')}, {rubles(terms.price)}."
    return _press(id, lambda tariff: tariff.change(terms), f"Тариф «{terms.title}» сохранён.", typed)


@bp.post("/tariffs/<int:id>/visibility")
@login_required
def show_tariff(id: int) -> ResponseReturnValue:
    shown = request.form.get("shown") == "1"
    return _press(id, lambda tariff: tariff.show(shown), "Тариф снова продаётся." if shown else "Тариф скрыт.")


@bp.post("/tariffs/<int:id>/mark")
@login_required
def mark_tariff(id: int) -> ResponseReturnValue:
    """«Обычный»: it is chosen already when the patient opens the list."""
    is_recommended = request.form.get("usual") == "1"
    return _press(
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
    return _press(id, lambda tariff: tariff.move(form.steps.data), "Порядок изменён.")


def _press(id: int, verb: Callable[[Tariff], object], sentence: str, typed: str = "") -> ResponseReturnValue:
    tariff = _held(id)
    try:
        verb(tariff)
    except errors.TariffHasChanged as refusal:
        db.session.rollback()
        return refuse("tariffs", status=refusal.status, refusal=f"{refusal.sentence}{typed}")
    return saved("tariffs", sentence, AuditAction.TARIFF_CHANGED, id)


def _held(id: int) -> Tariff:
    return Tariff.locked_for(current_doctor(), id) or abort(404)
