"""Rights of those for whom somebody writes: a relative's permission, chats that go over to their own phone, a death,
a child's own yes."""

from __future__ import annotations

from . import child_consent, death, own_phone, permissions, views

blueprints = (views.bp,)

__all__ = ["blueprints", "child_consent", "death", "own_phone", "permissions"]
