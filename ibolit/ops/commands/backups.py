"""`flask backup` and `flask restore`."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import click

from ...extensions import db
from ...models import AuditAction, AuditEvent
from ...services.erasure_log import LogLine
from .. import backup as copies
from .. import gone

STREAM = "-"


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--keep", type=click.IntRange(min=1), help="In a folder: delete all but so many of the newest backups.")
def backup(file: Path, keep: int | None) -> None:
    """Copy the whole clinic, database and files, into FILE while it runs.

    A folder gets a file named by the moment; «-» writes to standard output, to be encrypted on its way.
    """
    if keep and not file.is_dir():
        raise click.UsageError("--keep is for a folder.")
    with _plain_words():
        if str(file) == STREAM:
            report, path = copies.write(sys.stdout.buffer), file
        else:
            path, report = copies.back_up(file)
    AuditEvent.write_at_console(AuditAction.CLINIC_COPIED, patient_id=None)
    db.session.commit()
    click.echo(f"{path}: the database and {report.files} files, {_size(report)}.", err=str(file) == STREAM)
    if str(file) != STREAM:
        _copy_log(path)
    if report.missing:
        click.echo(f"Warning: the storage has lost {report.missing} files that messages name.", err=True)
    if keep:
        gone = copies.purge_older(file, keep)
        click.echo(f"{gone} older ones are deleted." if gone else f"No more than {keep} are there.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--force", is_flag=True, help="There are people in this clinic, and they may go for good.")
@click.option("--check", "only_check", is_flag=True, help="Read the whole archive, compare checksums, change nothing.")
def restore(file: Path, force: bool, only_check: bool) -> None:
    """Put the clinic of a backup in place of this one. Stop iBolit first; «-» reads from standard input."""
    lines: list[LogLine] = []
    with _plain_words(), _opened(file) as archive:
        manifest, report = (
            copies.check(archive)
            if only_check
            else copies.restore(
                archive,
                force=force,
                beforehand=lambda: lines.extend(_log_beside(file)),
                afterwards=lambda restored: _forget_again(lines, restored),
            )
        )
    if only_check:
        click.echo(f"Whole: the database and {report.files} files of {manifest.made_at}, {_size(report)}.")
        return
    AuditEvent.write_at_console(AuditAction.CLINIC_RESTORED, patient_id=None)
    db.session.commit()
    click.echo(f"Restored: the database and {report.files} files as of {manifest.made_at}, {_size(report)}.")
    if report.other_key:
        click.echo("Warning: the secret key is another one: everybody must sign in again.", err=True)
    if not lines:
        click.echo(
            "WARNING: no log of erasures was found, in ERASURE_LOG or beside the archive. Whoever was erased after this"
            " backup IS BACK. If there is an erasures.log anywhere, do not start iBolit: put it beside the archive and"
            " restore again.",
            err=True,
        )


def _copy_log(archive: Path) -> None:
    try:
        gone.copy_beside(archive)
    except OSError as error:
        click.echo(f"Warning: the log of who was erased was not copied beside it: {error.strerror}.", err=True)


def _log_beside(file: Path) -> Sequence[LogLine]:
    try:
        return gone.lines_beside(None if str(file) == STREAM else file)
    except OSError as error:
        raise click.ClickException(
            f"the log of erasures cannot be read ({error.strerror}), and who was erased would be back: nothing was"
            " touched. Mend ERASURE_LOG, and restore again."
        ) from None


def _forget_again(lines: Sequence[LogLine], manifest: copies.Manifest) -> None:
    """Who was erased after the backup is erased again, before anybody can open the clinic."""
    gone.ask_about_payments()
    applied = gone.forget_again(lines, datetime.fromisoformat(manifest.made_at))
    if applied.erased or applied.planned or applied.phones:
        click.echo(
            f"Since then: {applied.erased} erased again, {applied.planned} erasures planned again,"
            f" {applied.phones} without the phone they had."
        )


@contextmanager
def _opened(file: Path) -> Iterator[IO[bytes]]:
    if str(file) == STREAM:
        yield sys.stdin.buffer
        return
    try:
        archive = file.open("rb")
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None
    with archive:
        yield archive


@contextmanager
def _plain_words() -> Iterator[None]:
    try:
        yield
    except copies.BackupFailed as failure:
        raise click.ClickException(str(failure)) from None
    finally:
        db.session.remove()


def _size(report: copies.Report) -> str:
    """1258291 → «1.2 MB»."""
    return f"{report.size / 1024**2:.1f} MB"


COMMANDS = (backup, restore)
