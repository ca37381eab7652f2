"""Consultations: proposal, card, intake form, conclusion, review."""

from __future__ import annotations

from . import calendar, conclusion, proposals, questionnaire, review, short_links, views, week

blueprints = (views.bp, proposals.bp, short_links.bp)
__all__ = ["blueprints", "calendar", "conclusion", "questionnaire", "review", "week"]
