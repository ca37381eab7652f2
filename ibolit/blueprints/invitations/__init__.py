"""Invitations: who sends them, and the link they lead to."""

from __future__ import annotations

from . import imports, views, welcome

blueprints = (views.bp, welcome.bp)
__all__ = ["blueprints", "imports"]
