"""«Врачи»: the list of doctors, and each one's page."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
