"""A list of patients: looked at line by line before anything is sent, then watched on its way, then told of."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

from flask import Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_required

from ... import errors, patient_lists
from ...config import current_settings
from ...database import release
from ...extensions import db
from ...models import AuditAction, Delivery, ImportLine, Invitation, PatientImport, RowError
from ...responses import respond
from ...services.codes import content_hash
from ...web.audit import log_audit
from ...web.ingest import accepts_files
from ...web.submission import submission
from ...web.text_filters import new_client_id
from .forms import MOST_COLUMNS, ColumnsForm, ListForm
from .views import bp

LARGEST = 2 * 1024 * 1024  # 10,000 lines are half of it
SHOWN = 100  # wrong lines on the page; all of them are in the report
RECENT = 10
FIRST = 5  # lines of which the preview says who gets what
LONGEST_SAMPLE = 60
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
    "forgotten": "не принято, данные удалены",
}


@bp.get("/imports/new")
def new_import() -> ResponseReturnValue:
    return _show_form(_form(formdata=None, client_id=new_client_id()))


@bp.post("/imports")
@login_required
@accepts_files(lambda: LARGEST)
def create_import() -> ResponseReturnValue:
    form = _form()
    release()  # nobody waits while ten thousand lines are read
    if not form.validate_on_submit():
        return _show_form(form, 422)
    with submission(form.file) as sent:
        data = form.file.data.read() if form.file.data else b""
        try:
            table = patient_lists.read_table(data)
            rows = _rows_of(table)
        except patient_lists.NotAList as reason:
            raise errors.NotAList(str(reason)) from None
        made = PatientImport.draft(form.host, current_user, form.client_id.data, rows, data, _columns_of(table))
    if sent.is_refused:
        return _show_form(form, sent.status)
    return redirect(url_for(".show_import", id=made.id), 303)


@bp.get("/imports/<int:id>")
def show_import(id: int) -> ResponseReturnValue:
    return _show_panel(_mine(id))


@bp.post("/imports/<int:id>/columns")
def take_columns(id: int) -> ResponseReturnValue:
    """The list is read anew, by what the sender says stands in its columns."""
    patients = _mine(id)
    if patients.source is None or not patients.columns:  # on its way already
        return redirect(url_for(".show_import", id=id), 303)
    form = ColumnsForm(patients.columns)
    if not form.validate_on_submit():
        return _show_panel(patients, 422, columns_form=form)
    kinds, source = form.kinds, patients.source
    db.session.commit()  # nobody waits while ten thousand lines are read
    table = patient_lists.read_table(source)
    table = table.taken_as([kinds.get(at, kind) for at, kind in enumerate(table.kinds)])
    patients.reread(_rows_of(table), _columns_of(table))
    db.session.commit()
    return redirect(url_for(".show_import", id=id), 303)


@bp.post("/imports/<int:id>/sending")
def start_import(id: int) -> ResponseReturnValue:
    """Who presses has seen the list as its columns were read then; pages of before say nothing of them."""
    patients = _mine(id)
    expected = request.form.get("expected", "")
    if patients.started_at is None and expected and expected != _columns_seen(patients):
        return _show_panel(patients, 409, refusal="Столбцы выбрали заново в другом окне. Проверьте, кому что уйдёт.")
    if patients.start():
        log_audit(AuditAction.PATIENTS_IMPORTED, patients.id, 1, patients.counts().good, patient=None)
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


def _rows_of(table: patient_lists.Table) -> list[dict[str, Any]]:
    lines = patient_lists.lines_of(table, current_settings.sends_sms_to)
    return [line.row() | {"fault": RowError(line.fault) if line.fault else None} for line in lines]


def _columns_of(table: patient_lists.Table) -> list[dict[str, Any]]:
    """As they are shown before sending: those in which anything stands."""
    said = [
        {"at": at, "title": title, "kind": kind, "samples": samples}
        for at, kind in enumerate(table.kinds)
        if (samples := [cell[:LONGEST_SAMPLE] for cell in table.samples(at)])
        and (title := (table.titles[at] if table.titles else "")[:LONGEST_SAMPLE] or f"Столбец {at + 1}")
    ]
    told = [one for one in said if one["kind"] is not patient_lists.ColumnKind.OTHER]
    others = [one for one in said if one not in told][: max(0, MOST_COLUMNS - len(told))]
    return sorted(told[:MOST_COLUMNS] + others, key=lambda one: int(str(one["at"])))


def _columns_seen(patients: PatientImport) -> str:
    return content_hash([(one["at"], one["kind"]) for one in patients.columns or ()])


def _mine(id: int) -> PatientImport:
    if not (current_user.is_doctor or current_user.is_operator):
        abort(404)
    found: PatientImport = db.first_or_404(PatientImport.kept_by(current_user).where(PatientImport.id == id))
    return found


def _show_panel(patients: PatientImport, status: int = 200, **more: Any) -> ResponseReturnValue:
    shown = _panel(patients) | more
    return respond("invitations/import.html", page="invitations/import.html", status=status, **shown)


def _panel(patients: PatientImport) -> dict[str, Any]:
    counts = patients.counts()
    waits = patients.started_at is None
    return {
        "columns_form": ColumnsForm(patients.columns, formdata=None) if waits and patients.columns else None,
        "columns_seen": _columns_seen(patients),
        "refusal": "",
        "patients": patients,
        "counts": counts,
        "faulty": db.session.scalars(patients.faulty.limit(SHOWN)).all() if counts.faulty else [],
        "unsent": db.session.scalars(patients.unsent.limit(SHOWN)).all() if counts.lost else [],
        "good": db.session.scalars(patients.good.limit(FIRST)).all() if waits else [],
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
