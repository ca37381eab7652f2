"""Operator: what waits for the clinic's decision."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
