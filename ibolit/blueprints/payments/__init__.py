"""Payments: the way to the provider's page, and the way back."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
