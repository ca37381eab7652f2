"""«Профиль»: a person's own data, sign-in, notifications, devices and payments."""

from __future__ import annotations

from . import birth_date, confirmation, devices, email, erasure, notifications, payments, phone, push, views

blueprints = (views.bp,)
__all__ = [
    "birth_date",
    "blueprints",
    "confirmation",
    "devices",
    "email",
    "erasure",
    "notifications",
    "payments",
    "phone",
    "push",
]
