"""Webhooks: what providers tell us unasked."""

from __future__ import annotations

from . import views
from .views import listen_to_demo_bank

blueprints = (views.bp,)
__all__ = ["blueprints", "listen_to_demo_bank"]
