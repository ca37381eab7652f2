"""Tariffs as a patient buys them."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
