"""Chores: flask seed fills the demo clinic, flask work does due jobs."""

from __future__ import annotations

import click
from flask import Flask, current_app

from .extensions import db


def register_commands(app: Flask) -> None:
    app.cli.add_command(seed)
    app.cli.add_command(work)


@click.command()
def seed() -> None:
    """Fill the demo clinic. A clinic that is there already is left as it is."""
    from .seeds import fill

    if current_app.extensions["ibolit_settings"].is_production:
        raise click.ClickException("IBOLIT_ENV: demo data are never written in production")
    click.echo("The demo clinic is filled." if fill() else "The demo clinic is there already.")
    db.session.remove()


@click.command()
def work() -> None:
    """Do due jobs until stopped: the worker as a process of its own (then set WORKER_THREADS=0 for the web)."""
    current_app.extensions["ibolit_worker"].run()
