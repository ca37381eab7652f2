"""Signing in, by a code or a password, and the links that go with it."""

from __future__ import annotations

from . import not_me, views, whose

blueprints = (views.bp, not_me.bp)
__all__ = ["blueprints", "whose"]
