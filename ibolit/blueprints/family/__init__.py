"""«Семья»: for whom a patient writes beside themselves."""

from __future__ import annotations

from . import suggested, views

blueprints = (views.bp, suggested.bp)
