"""The doors: one package a feature."""

from __future__ import annotations

from flask import Flask

from ..config import Settings


def register_blueprints(app: Flask, settings: Settings) -> None:
    from . import entrance, errors, intake
    from .account.views import bp as account
    from .auth.views import bp as auth
    from .chat.views import bp as chat
    from .consultations.views import bp as consultations
    from .demo import bank  # noqa: F401  its page stands on the same blueprint
    from .demo.views import bp as demo
    from .doctors.views import bp as doctors
    from .documents.views import bp as documents
    from .files import tus  # noqa: F401  its doors stand on the same blueprint
    from .files.views import bp as files
    from .live.socket import bp as live
    from .messages.views import bp as messages
    from .patients.views import bp as patients
    from .pwa.views import bp as pwa
    from .tariffs.views import bp as tariffs

    for bp in (auth, documents, doctors, messages, chat, files, tariffs, live, account, patients, consultations, pwa):
        app.register_blueprint(bp)
    if not settings.is_production:
        app.register_blueprint(demo)
    intake.init_intake(app)
    entrance.init_entrance(app)
    errors.init_errors(app)
