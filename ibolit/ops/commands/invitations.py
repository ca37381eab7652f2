"""`flask invite` and `flask import`: patients are invited in a doctor's name, who sees them in «Приглашения»."""

from __future__ import annotations

import hashlib
from pathlib import Path

import click

from ... import errors, patient_lists
from ...config import current_settings
from ...extensions import db
from ...models import AuditAction, AuditEvent, Doctor, Invitation, PatientImport, RowError
from .param_types import PhoneParam, TextParam, doctor_of

LARGEST = 2 * 1024 * 1024  # bytes; 10,000 lines are half of it

ROW_ERRORS = {
    RowError.NO_CONTACT: "neither phone nor e-mail",
    RowError.BAD_PHONE: "no such phone can be",
    RowError.SHORTENED: "Excel has shortened the number: give its column the format «Text»",
    RowError.LANDLINE: "no SMS reaches this landline, and there is no e-mail",
    RowError.NOT_ASCII: "letters other than Latin stand before the @ of the address",
    RowError.BAD_EMAIL: "the address cannot be right",
    RowError.ABROAD: "no SMS goes to this country (SMS_COUNTRIES), and there is no e-mail",
    RowError.LONG_NAME: "the name is longer than 120 characters",
    RowError.DOUBLED: "the same contact stands above",
    RowError.KNOWN: "invited already, or in a chat with the doctor",
}


@click.command()
@click.argument("doctor", type=PhoneParam())
@click.argument("contact")
@click.option("--name", type=TextParam(120), required=True, help="The patient's name.")
def invite(doctor: str, contact: str, name: str) -> None:
    """Send a patient a one-time link into the chat with a DOCTOR (a phone). CONTACT is a phone or an e-mail."""
    host = doctor_of(doctor)
    try:
        phone, email = patient_lists.contact_of(contact.strip())
        sent = Invitation.invite(host, host.user, phone=phone, email=email, name=name)
    except ValueError as fault:
        raise click.BadParameter(ROW_ERRORS[RowError(str(fault))], param_hint="CONTACT") from None
    except errors.NoSmsThere:
        raise click.BadParameter(
            "no SMS goes to this country (SMS_COUNTRIES) or this landline", param_hint="CONTACT"
        ) from None
    except errors.CannotBeInvited:
        raise click.ClickException(
            "This patient is invited already, or in a chat with the doctor; or it is somebody of the clinic."
        ) from None
    _note(AuditAction.INVITED, sent.id)
    db.session.commit()
    click.echo(f"Invitation №{sent.id} goes out; its link lives {Invitation.LIVES.days} days.")
    db.session.remove()


@click.command("import")
@click.argument("doctor", type=PhoneParam())
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only say what is wrong in which line.")
def import_patients(doctor: str, file: Path, dry_run: bool) -> None:
    """Invite all patients of a CSV to a DOCTOR (a phone). Lines that are wrong are told and passed over.

    The same file again sends nobody a second link.
    """
    host = doctor_of(doctor)
    drafted = _draft(host, _read(file))
    for line in db.session.scalars(drafted.faulty):
        assert line.fault is not None
        click.echo(f"line {line.number}: {ROW_ERRORS[line.fault]}")
    counts = drafted.counts()
    if dry_run:
        db.session.rollback()
        click.echo(f"{counts.good} would be invited, {counts.faulty} not. Nothing is sent.")
    elif drafted.start():
        AuditEvent.write_at_console(
            AuditAction.PATIENTS_IMPORTED, drafted.id, patient_id=None, first=1, last=counts.good
        )
        db.session.commit()
        click.echo(f"{counts.good} are invited, {counts.faulty} not. The worker sends; the doctor sees how far it is.")
    else:
        db.session.rollback()
        click.echo("This very file was imported before: nobody is sent anything.")
    db.session.remove()


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise click.ClickException(f"{file} is larger than 2 MB: divide it.")
        return file.read_bytes()
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None


def _draft(host: Doctor, data: bytes) -> PatientImport:
    """Known by its content, so that the same file is the same list."""
    try:
        table = patient_lists.read_table(data)
        lines = patient_lists.lines_of(table, current_settings.sends_sms_to)
    except patient_lists.NotAList as refusal:
        raise click.ClickException(str(refusal)) from None
    rows = [line.row() | {"fault": RowError(line.fault) if line.fault else None} for line in lines]
    for at, kind in enumerate(table.kinds):
        if kind is not patient_lists.ColumnKind.OTHER:
            title = f" «{table.titles[at]}»" if table.titles else ""
            click.echo(f"column {at + 1}{title}: {kind.replace('_', ' ')}")
    mark = f"console-{host.id}-{hashlib.sha256(data).hexdigest()[:32]}"
    return PatientImport.draft(host, host.user, mark, rows)


def _note(action: AuditAction, subject_id: int) -> None:
    AuditEvent.write_at_console(action, subject_id, patient_id=None)


COMMANDS = (invite, import_patients)
