"""«Семья»: for whom a patient writes beside themselves."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
