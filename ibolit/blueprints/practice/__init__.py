"""«Мой кабинет»: what a doctor says of the practice, its photo, kinds of consultation and tariffs."""

from __future__ import annotations

from . import booking, calendar, photo, tariffs, time_off, views

blueprints = (views.bp,)
__all__ = ["blueprints", "booking", "calendar", "photo", "tariffs", "time_off"]
