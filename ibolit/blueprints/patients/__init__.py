"""«Пациенты»: a doctor's patients and the notes about them."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
