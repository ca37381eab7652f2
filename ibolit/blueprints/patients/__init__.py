"""«Пациенты»: a doctor's patients and the notes about them."""

from __future__ import annotations

from . import column, views

blueprints = (views.bp,)
__all__ = ["blueprints", "column"]
