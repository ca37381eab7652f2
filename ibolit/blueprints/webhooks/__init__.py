"""Webhooks: what providers tell us unasked."""

from __future__ import annotations

from . import views
from .views import receive_demo_webhooks

blueprints = (views.bp,)
__all__ = ["blueprints", "receive_demo_webhooks"]
