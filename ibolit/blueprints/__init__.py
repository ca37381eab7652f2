"""The doors: one package a feature, which imports its own views and names its `blueprints`."""

from __future__ import annotations

from flask import Flask

from ..config import Settings


def register_blueprints(app: Flask, settings: Settings) -> None:
    from . import (
        account,
        auth,
        booking,
        calendar_feeds,
        calls,
        chat,
        consultations,
        demo,
        doctors,
        documents,
        facts,
        family,
        files,
        health,
        invitations,
        live,
        messages,
        my_data,
        operator,
        patients,
        payments,
        practice,
        pwa,
        relatives,
        replies,
        tariffs,
        webhooks,
    )

    of_people = (auth, documents, doctors, messages, chat, files, tariffs, payments, live, account, my_data, family)
    of_clinic = (
        patients,
        facts,
        practice,
        calendar_feeds,
        replies,
        invitations,
        consultations,
        booking,
        calls,
        operator,
        relatives,
        webhooks,
        pwa,
        health,
    )
    for package in (*of_people, *of_clinic):
        for bp in package.blueprints:
            app.register_blueprint(bp)
    if not settings.is_production:
        for bp in demo.blueprints:
            app.register_blueprint(bp)
        webhooks.receive_demo_webhooks(app)
