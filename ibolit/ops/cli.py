"""Chores: flask seed fills the demo clinic, work does due jobs, jobs shows them, refund gives money back, doctor looks
whether all is well, calls tells how the calls of a consultation went, push-keys makes keys for web push."""

from __future__ import annotations

from datetime import datetime

import click
from flask import Flask, current_app

from .. import errors
from ..config import current_settings
from ..extensions import db
from ..models import AuditAction, AuditEvent, CallReport, CallVisit, Consultation, Job, Payment, RefundReason
from ..services import clock, push
from ..sums import kopecks, rubles
from . import checks, folder_lock
from .commands import COMMANDS


def register_commands(app: Flask) -> None:
    for command in (seed, work, jobs, refund, doctor, calls, push_keys, *COMMANDS):
        app.cli.add_command(command)


@click.command()
def seed() -> None:
    """Fill the demo clinic. A clinic that is there already is left as it is."""
    from ..seeds.clinic import fill

    if current_app.extensions["ibolit_settings"].is_production:
        raise click.ClickException("IBOLIT_ENV: demo data are never written in production")
    click.echo("The demo clinic is filled." if fill() else "The demo clinic is there already.")
    db.session.remove()


@click.command()
def work() -> None:
    """Do due jobs until stopped: the worker as a process of its own (then set WORKER_THREADS=0 for the web)."""
    try:
        folder_lock.share(current_settings.data)
    except folder_lock.FolderInUse as refusal:
        raise click.ClickException(str(refusal)) from None
    current_app.extensions["ibolit_worker"].run()


@click.command()
def jobs() -> None:
    """Show what is due, late, claimed and failing, and what was given up within a week. Names nobody."""
    undone = db.session.scalars(Job.undone()).all()
    if not undone:
        click.echo("Nothing is due.")
    for job in undone:
        subject = f"№{job.subject_id}" if job.subject_id else ""
        tries = f"{job.attempts} tried" if job.attempts else ""
        line = f"{job.state:9} {job.kind:16} {subject:9} due {_stamp(job.due_at)}  {tries:8} {job.failure or ''}"
        click.echo(line.rstrip())
    states = [job.state for job in undone]
    click.echo(", ".join(f"{states.count(state)} {state}" for state in sorted(set(states))))
    db.session.remove()


@click.command()
@click.argument("payment", type=click.IntRange(min=1))
@click.option("--amount", help="Rubles, as 100.50; without it all that is left goes back.")
@click.option("--reason", required=True, help="Why: the operator reads it beside the refund.")
def refund(payment: int, amount: str | None, reason: str) -> None:
    """Give back the money of a payment, whole or in part. The worker sends it within half a minute."""
    if not reason.strip() or len(reason) > 300:
        raise click.BadParameter("say why, in up to 300 characters", param_hint="--reason")
    found = db.session.get(Payment, payment)
    if found is None:
        raise click.ClickException(f"There is no payment №{payment}.")
    try:
        sum_ = found.refundable if amount is None else kopecks(amount)
        found.refund(sum_, RefundReason.OPERATOR, reason.strip())
    except ValueError:
        raise click.BadParameter("must be a sum in rubles such as 1500 or 100.50", param_hint="--amount") from None
    except errors.RefundTooLarge as refusal:
        raise click.ClickException(f"Payment №{payment}: at most {rubles(refusal.most)} can go back.") from None
    AuditEvent.write_at_console(AuditAction.REFUND_MADE, payment, patient_id=found.payer_id)
    db.session.commit()
    click.echo(f"{rubles(sum_)} of payment №{payment} go back.")
    db.session.remove()


@click.command()
def doctor() -> None:
    """Run all checks: a line for each, and exit code 1 when something is wrong."""
    is_well = True
    for result in checks.run_checks():
        is_well = is_well and result.level is not checks.Level.WRONG
        click.echo(f"{result.level:5}  {result.name:14} {result.words}")
    if not is_well:
        raise SystemExit(1)


@click.command()
@click.argument("consultation", type=click.IntRange(min=1))
def calls(consultation: int) -> None:
    """How the calls of a consultation went, for support: visits and quality of both sides. Names nobody."""
    found = db.session.get(Consultation, consultation)
    if found is None:
        raise click.ClickException(f"There is no consultation №{consultation}.")
    for visit in CallVisit.of(found):
        click.echo(f"{_side(found, visit.user_id):8} {visit.joined_at:%Y-%m-%d %H:%M:%S}Z  {visit.seconds:5} s")
    click.echo(f"together {CallVisit.together(found):28} s")
    for report in CallReport.of(found):
        click.echo(
            f"{_side(found, report.user_id):8} set up in {report.mean_setup_ms} ms × {report.setups}, restarted "
            f"{report.restarts} times, relayed {report.relayed_seconds} s, direct {report.direct_seconds} s, "
            f"loss {report.mean_loss_permille} ‰, round trip {report.mean_rtt_ms} ms"
        )
    db.session.remove()


def _side(consultation: Consultation, user_id: int) -> str:
    return "patient" if user_id == consultation.patient_id else "doctor"


@click.command("push-keys")
def push_keys() -> None:
    """Make a pair of keys for web push. Without them the clinic makes its own, which are as good on one machine."""
    private = push.new_key()
    click.echo(f"VAPID_PRIVATE_KEY={private}")
    click.echo(
        "Put this line into the settings of every machine, or the key alone into a file that VAPID_PRIVATE_KEY_FILE"
    )
    click.echo("names. Its public half follows from it, and browsers get it from the app:")
    click.echo(push.public_key_of(private))
    click.echo("Whoever subscribed with another key is asked by the app, at its next start, for a new subscription.")


def _stamp(moment: datetime) -> str:
    """In UTC, and how far that is from now."""
    seconds = int((moment - clock.now()).total_seconds())
    away = f"in {seconds} s" if seconds > 0 else f"{-seconds} s ago"
    return f"{moment:%Y-%m-%d %H:%M:%S}Z ({away})"
