"""«Сообщения»: the list of one's chats."""

from __future__ import annotations

from . import views

blueprints = (views.bp,)
