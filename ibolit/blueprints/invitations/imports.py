"""A list of patients: looked at line by line before anything is sent, then watched on its way, then told of."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from flask import Response, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import patient_lists
from ...config import current_settings
from ...extensions import db
from ...models import AuditAction, Delivery, ImportLine, Invitation, PatientImport, RowError
from ...responses import respond
from ...web.audit import log_audit
from ...web.ingest import accepts_files
from ...web.text_filters import new_client_id
from .forms import ListForm
from .views import bp

LARGEST = 2 * 1024 * 1024  # 10,000 lines are half of it
SHOWN = 100  # wrong lines on the page; all of them are in the report
RECENT = 10
PHONE = re.compile(r"\+[\d\s()-]+")

ROW_ERRORS = {
    RowError.NO_CONTACT: "нет ни телефона, ни почты",
    RowError.BAD_PHONE: "такого телефона не бывает",
    RowError.SHORTENED: "Excel сократил номер: задайте столбцу формат «Текстовый» и введите номер заново",
    RowError.LANDLINE: "городской номер, СМС на него не придёт: добавьте мобильный или почту",
    RowError.BAD_EMAIL: "ошибка в адресе почты",
    RowError.NOT_ASCII: "в адресе почты до знака @ не латинские буквы",
    RowError.ABROAD: "СМС в эту страну клиника не отправляет: добавьте почту",
    RowError.LONG_NAME: "имя длиннее 120 знаков",
    RowError.DOUBLED: "повтор: этот контакт уже есть выше",
    RowError.KNOWN: "уже приглашён или уже в чате с врачом",
}
OUTCOMES = {
    "waiting": "ждёт отправки",
    "sent": "отправлено",
    "delivered": "доставлено",
    "failed": "не отправлено",
    "unknown": "неизвестно, дошло ли",
    "opened": "открыто",
    "accepted": "принято",
    "expired": "срок вышел",
    "withdrawn": "отозвано",
}


@bp.get("/imports/new")
def new_import() -> ResponseReturnValue:
    return _show_form(_form(formdata=None, client_id=new_client_id()))


@bp.post("/imports")
@login_required
@accepts_files(lambda: LARGEST)
def create_import() -> ResponseReturnValue:
    form = _form()
    db.session.commit()  # nobody waits while ten thousand lines are read
    if not form.validate_on_submit():
        return _show_form(form, 422)
    try:
        lines = patient_lists.read(form.file.data.read() if form.file.data else b"", current_settings.sends_sms_to)
    except patient_lists.NotAList as refusal:
        form.file.errors = [str(refusal)]
        return _show_form(form, 422)
    made = PatientImport.draft(form.host, current_user, form.client_id.data, [_row_of(line) for line in lines])
    db.session.commit()
    return redirect(url_for(".show_import", id=made.id), 303)


@bp.get("/imports/<int:id>")
def show_import(id: int) -> ResponseReturnValue:
    return respond("invitations/import.html", page="invitations/import.html", **_panel(_mine(id)))


@bp.post("/imports/<int:id>/sending")
def start_import(id: int) -> ResponseReturnValue:
    patients = _mine(id)
    if patients.start():
        log_audit(AuditAction.PATIENTS_IMPORTED, patients.id, 1, patients.counts().good)
    db.session.commit()
    return respond("invitations/import.html", to=url_for(".show_import", id=id), **_panel(patients))


@bp.get("/imports/<int:id>/report.csv")
def report(id: int) -> ResponseReturnValue:
    """As Excel opens it: semicolons, and a mark that tells it the encoding."""
    patients = _mine(id)
    page = io.StringIO(newline="")
    writer = csv.writer(page, delimiter=";")
    writer.writerow(["Строка", "Имя", "Контакт", "Что с ней"])
    for line in db.session.scalars(patients.lines):
        writer.writerow([line.number, _harmless(line.name), _harmless(line.typed), _outcome_of(line, patients)])
    headers = {"Content-Disposition": f'attachment; filename="invitations-{patients.id}.csv"'}
    return Response("\ufeff" + page.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _form(**kwargs: Any) -> ListForm:
    return ListForm(Invitation.hosts_for(current_user), asks_doctor=current_user.is_operator, **kwargs)


def _show_form(form: ListForm, status: int = 200) -> ResponseReturnValue:
    recent = db.session.scalars(PatientImport.kept_by(current_user).limit(RECENT)).all()
    return render_template("pages/invitations/import_new.html", form=form, recent=recent), status


def _row_of(line: patient_lists.Line) -> dict[str, object]:
    return line.row() | {"fault": RowError(line.fault) if line.fault else None}


def _mine(id: int) -> PatientImport:
    if not (current_user.is_doctor or current_user.is_operator):
        abort(404)
    found: PatientImport = db.first_or_404(PatientImport.kept_by(current_user).where(PatientImport.id == id))
    return found


def _panel(patients: PatientImport) -> dict[str, Any]:
    counts = patients.counts()
    return {
        "patients": patients,
        "counts": counts,
        "faulty": db.session.scalars(patients.faulty.limit(SHOWN)).all() if counts.faulty else [],
        "unsent": db.session.scalars(patients.unsent.limit(SHOWN)).all() if counts.lost else [],
        "good": db.session.scalars(patients.good.limit(3)).all() if patients.started_at is None else [],
        "shown": SHOWN,
        "row_errors": ROW_ERRORS,
        "sms_left": Delivery.sms_for_invitations(),
        "viewer": current_user,
    }


def _outcome_of(line: ImportLine, patients: PatientImport) -> str:
    if line.fault:
        return ROW_ERRORS[line.fault]
    if line.invitation is None:
        return "ждёт отправки" if patients.started_at else "ещё не отправлялось"
    return OUTCOMES[line.invitation.state]


def _harmless(cell: str) -> str:
    """What Excel would take for a formula; of those with a plus only phones are none."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t")) and not PHONE.fullmatch(cell) else cell
