"""A doctor's reply templates."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
