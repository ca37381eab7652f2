"""«Записаться»: a patient picks a doctor's free time, and moves what was booked to another."""

from __future__ import annotations

from . import moving, views

blueprints = (views.bp, moving.bp)
