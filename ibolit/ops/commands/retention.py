"""`flask forget` and `flask make-secret`."""

from __future__ import annotations

import secrets

import click

from ...extensions import db
from ...jobs.sweep import purge_rows


@click.command("forget")
@click.option("--dry-run", is_flag=True, help="Count only.")
def purge(dry_run: bool) -> None:
    """Delete what is past its days (KEEP_…_DAYS); the worker does it every six hours by itself.

    Messages, files, conclusions, payments and consents are never deleted.
    """
    for what, rows in purge_rows().items():
        click.echo(f"{rows:8} {what}")
    if dry_run:
        db.session.rollback()
        click.echo("Nothing was deleted.")
    db.session.commit()
    db.session.remove()


@click.command()
def make_secret() -> None:
    """Print a new SECRET_KEY. A change of it signs everybody out and ends every link and code."""
    click.echo(secrets.token_urlsafe(48))


COMMANDS = (purge, make_secret)
