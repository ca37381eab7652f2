"""The doors: one package a feature."""

from __future__ import annotations

from flask import Flask

from ..config import Settings


def register_blueprints(app: Flask, settings: Settings) -> None:
    from . import entrance, errors, intake
    from .account import confirmation, notifications, push  # noqa: F401  their doors stand on the same blueprint
    from .account import payments as of_account  # noqa: F401  and its
    from .account.views import bp as account
    from .auth import whose  # noqa: F401  its doors stand on the blueprint of the entrance
    from .auth.not_me import bp as not_me
    from .auth.views import bp as auth
    from .calls import socket  # noqa: F401  on the blueprint of calls
    from .calls.takeover import bp as takeover
    from .calls.views import bp as calls
    from .chat.views import bp as chat
    from .consultations import calendar, complaint, conclusion, review  # noqa: F401  on the same blueprint, too
    from .consultations.proposals import bp as proposals
    from .consultations.short import bp as short
    from .consultations.views import bp as consultations
    from .demo import bank  # noqa: F401  its page stands on the same blueprint
    from .demo.views import bp as demo
    from .doctors.views import bp as doctors
    from .documents.views import bp as documents
    from .files import pages  # noqa: F401  its doors stand on the blueprint of files
    from .files.tus import bp as uploads
    from .files.views import bp as files
    from .invitations import imports  # noqa: F401  its doors stand on the blueprint of invitations
    from .invitations.views import bp as invitations
    from .invitations.welcome import bp as welcome
    from .live.socket import bp as live
    from .messages.views import bp as messages
    from .operator.views import bp as operator
    from .patients.views import bp as patients
    from .payments.views import bp as payments
    from .practice import photo  # noqa: F401  its doors stand on the same blueprint
    from .practice import tariffs as of_practice  # noqa: F401
    from .practice.views import bp as practice
    from .pwa.views import bp as pwa
    from .replies.views import bp as replies
    from .tariffs.views import bp as tariffs
    from .webhooks.views import bp as webhooks
    from .webhooks.views import listen_to_demo_bank

    of_people = (auth, documents, doctors, messages, chat, files, uploads, tariffs, payments, live, account, patients)
    of_clinic = (not_me, practice, replies, invitations, welcome)
    for bp in (*of_people, *of_clinic, consultations, proposals, short, calls, takeover, operator, webhooks, pwa):
        app.register_blueprint(bp)
    if not settings.is_production:
        app.register_blueprint(demo)
        listen_to_demo_bank(app)
    intake.init_intake(app)
    entrance.init_entrance(app)
    errors.init_errors(app)
