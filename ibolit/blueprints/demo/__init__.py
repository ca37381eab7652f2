"""What a demo alone has: the outbox of its SMS and mail, and its bank."""

from __future__ import annotations

from . import bank, views

blueprints = (views.bp,)
__all__ = ["bank", "blueprints"]
